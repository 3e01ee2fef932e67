//! Coincide: iterative PET reconstruction.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod algorithm;
pub mod config;
pub mod data;
pub mod image;
pub mod observe;
pub mod report;
pub mod run;
pub mod scanner;
pub mod units;
