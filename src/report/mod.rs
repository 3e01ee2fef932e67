//! Results for people and for scripts: tables, JSON objects, and where a file comes from.

mod memory;
mod provenance;
mod results;
mod table;

pub use memory::peak_memory_mb;
pub use provenance::{Input, Record, sha256};
pub use results::{BenchResult, CheckResult, Problem, ReconResult, VerifyResult};
pub use table::{Table, significant};
