//! Training of learned priors.

mod adam;
pub mod ridge;
