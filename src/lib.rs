//! Coincide: iterative PET reconstruction.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod algorithm;
pub mod config;
pub mod data;
pub mod image;
pub mod io;
pub mod likelihood;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod observe;
pub mod operator;
pub mod phantom;
pub mod prior;
pub mod psf;
pub mod report;
pub mod run;
pub mod scanner;
pub mod simulate;
pub mod train;
pub mod trust;
pub mod units;
