//! Results for people and for scripts: tables, JSON objects, and where a file comes from.

mod memory;
mod page;
mod plot;
mod provenance;
mod results;
mod shown;
mod table;
mod text;

pub use memory::{available_memory_mb, peak_memory_mb};
pub use page::{Colours, Images, LARGEST_FILE, Layer, Page, Role};
pub use plot::{Plot, Point, Series, Stroke};
pub use provenance::{Input, Record, hash_lines, sha256, sha256_of_text};
pub use results::{
    BenchResult, CERTIFIED, Certificate, CheckResult, ConfidenceResult, LesionInterval, Limits, Memory, Problem,
    ReconResult, ReplayResult, SentinelResult, TissueInterval, VerifyResult, WeightSearch, WeightTrial,
};
pub use shown::shown;
pub use table::{Table, significant};
