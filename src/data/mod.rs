//! Measurements: counts y, factors m and background b on one sinogram geometry, and their subsets.

mod background;
mod counts;
mod error;
mod measurement;
mod normalisation;
mod randoms;
mod subsets;

pub use background::{Background, Product};
pub use counts::Counts;
pub use error::DataError;
pub use measurement::Measurement;
pub use normalisation::{DeadTime, NormComponents, NormParts};
pub use randoms::{Singles, randoms_of_singles, singles, smooth_randoms};
pub use subsets::{SubsetError, most_subsets, subsets};
