//! Results for people and for scripts: tables, JSON objects, and where a file comes from.

mod memory;
mod provenance;
mod results;
mod table;
mod text;

pub use memory::peak_memory_mb;
pub use provenance::{Input, Record, hash_lines, sha256};
pub use results::{
    BenchResult, CheckResult, Limits, Problem, ReconResult, ReplayResult, VerifyResult, WeightSearch, WeightTrial,
};
pub use table::{Table, significant};
