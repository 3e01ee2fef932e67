//! Measurements: counts y, factors m and background b on one sinogram geometry, and their subsets.

mod measurement;
mod subsets;

pub use measurement::Measurement;
pub use subsets::{SubsetError, subsets};
