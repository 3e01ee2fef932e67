//! Algorithms: one update per file; the loop over updates is written once.

mod drive;
pub mod fbp;
mod osem;

pub use drive::{Algorithm, Observer, Step, Stop, drive};
pub use osem::Osem;
