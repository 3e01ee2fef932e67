//! Reconstruction algorithms.

pub mod fbp;
