//! The arithmetic of Coincide on plain slices: no I/O, no threads, no allocation in hot paths, no dependencies.
#![warn(missing_docs)]

pub mod gaussian;
mod level;

pub use level::Level;
