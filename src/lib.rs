//! Coincide: iterative PET reconstruction.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod algorithm;
pub mod data;
pub mod image;
pub mod operator;
pub mod scanner;
pub mod units;
