//! Many runs, compared: studies of methods over phantoms, counts and seeds; races of algorithms; benches of projectors.

mod bench;
mod check;
mod convergence;
mod evaluate;

pub use bench::{BENCH_CASES, BenchReport, Machine, ProvenCase, bench, bench_projector};
pub use check::check;
pub use convergence::{CONVERGENCE_CASES, ConvergenceLine, ConvergenceReference, ConvergenceResult, bench_convergence};
pub use evaluate::{
    CoverageAt, CoverageEntry, CoverageResult, EquivalenceEntry, FalseAlarms, Power, SentinelStudy, StudyResult,
    SummaryEntry, TunedEntry, evaluate, evaluate_coverage, evaluate_sentinel,
};
