//! Measurements: counts y, factors m and background b on one sinogram geometry, and their subsets; what
//! the model holds already, and when it was measured.

mod background;
mod clock;
mod counts;
mod error;
mod isotope;
mod ledger;
mod measurement;
mod normalisation;
mod outline;
mod randoms;
mod subsets;
mod support;

pub use background::{Background, Product};
pub use clock::{Clock, Moment};
pub use counts::Counts;
pub use error::DataError;
pub use isotope::Isotope;
pub use ledger::{Correction, Held, Ledger};
pub use measurement::Measurement;
pub use normalisation::{DeadTime, NormComponents, NormParts};
pub use outline::Outline;
pub use randoms::{Singles, randoms_of_singles, singles, smooth_randoms};
pub use subsets::{SubsetError, most_subsets, subsets};
pub use support::support_mm;
