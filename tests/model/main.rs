//! Operators, and the likelihood on them.

#[path = "../small_scan/mod.rs"]
mod small_scan;

mod accuracy;
mod likelihood;
mod operators;
mod tof;
