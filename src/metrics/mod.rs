//! Figures of merit: pure functions of images, masks and regions of interest.
//!
//! A *mask* weighs each voxel from 0 to 1 (its share inside a region); x is the image, t the truth, w the mask.
//!
//! | figure | definition |
//! |---|---|
//! | RMSE | √(Σ w (x − t)² / Σ w) |
//! | NRMSE | √(Σ w (x − t)² / Σ w t²) |
//! | PSNR | 20 log₁₀(max t / RMSE) in dB, the maximum over w > 0 |
//! | bias | Σ w (x − t) / Σ w t |
//! | mean, SD | Σ w x / Σ w, √(Σ w (x − mean)² / Σ w) |
//! | recovery coefficient | mean x / mean t over one region |
//! | SSIM | see [`ssim`] |
//! | bias and SD over realisations | see [`Ensemble`] |
//! | maximum, peak, volume and total uptake of a lesion | see [`uptake`](uptake()) |
//! | mean and its interval over realisations | see [`Estimate`] |
//! | contrast recovery, background variability, lung residual | see [`NemaLayout`] |
//! | uniformity, rods and spill-over of small-animal scanners | see [`NemaSmallLayout`] |
//! | EARL recovery coefficients | see [`earl`](earl()) |
//!
//! Sums run in f64. Images of different sizes are a bug of the caller: assertions. A region without voxels gives NaN.

mod ball;
mod channels;
mod difference;
mod disc;
mod earl;
mod ensemble;
mod equivalence;
mod interval;
mod lesion;
mod nema;
mod nema_small;
mod observer;
mod region;
mod similarity;
mod uptake;

pub use ball::Ball;
pub use channels::{ChannelSet, Channels};
pub use difference::{nrmse, psnr, rmse};
pub use disc::{Disc, MetricError};
pub use earl::{EARL, EarlBand, EarlSphere, earl, earl_share};
pub use ensemble::{Ensemble, root_mean_variance};
pub use equivalence::{Equivalent, equivalent_counts};
pub use interval::Estimate;
pub use lesion::{SpotSearch, transmission, wilson};
pub use nema::{NemaLayout, NemaReport, NemaSphere, SphereResult};
pub use nema_small::{NemaSmallLayout, NemaSmallReport, RodResult};
pub use observer::{Detection, Responses, auc_of, detection};
pub use region::{RegionStatistics, bias, recovery_coefficient, region_statistics};
pub use similarity::ssim;
pub use uptake::{LESION_SHARE, Uptake, uptake};
