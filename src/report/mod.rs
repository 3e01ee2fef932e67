//! Results for people and for scripts: tables, JSON objects, and where a file comes from.

mod memory;
mod page;
mod plot;
mod provenance;
mod results;
mod table;
mod text;

pub(crate) use memory::{available_memory_mb, peak_memory_mb};
pub use page::LARGEST_FILE;
pub(crate) use page::{Colours, Images, Layer, Page, Role};
pub use plot::{Plot, Point, Series, Stroke};
pub use provenance::Input;
pub(crate) use provenance::{Record, hash_lines, sha256, sha256_of_text};
pub use results::{
    BenchResult, CERTIFIED, Certificate, CheckResult, ConfidenceResult, LesionInterval, Limits, Memory, Problem,
    ReconResult, ReplayResult, SentinelResult, TissueInterval, VerifyResult, WeightSearch, WeightTrial,
};
pub(crate) use table::{Table, significant};
