//! Algorithms: one update per file; the loop over updates is written once.

mod drive;

pub use drive::{Algorithm, Observer, Step, Stop, drive};
