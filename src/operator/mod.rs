//! Linear operators between images and sinograms.

mod gaussian;

pub use gaussian::GaussianFilter;
