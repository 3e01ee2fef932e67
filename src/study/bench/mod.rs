//! `coincide bench`: speed, accuracy and quality of the parts of the engine on this machine.

mod all;
mod machine;
mod projector;

pub use all::{BenchReport, ProvenCase, bench};
pub use machine::Machine;
pub use projector::{BENCH_CASES, bench_projector};
