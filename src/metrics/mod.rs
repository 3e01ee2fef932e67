//! Figures of merit: plain values ([`Figure`]), each in one file with its formula, its source and what computes it.
//!
//! A *mask* weighs each voxel from 0 to 1 (its share inside a region); x is the image, t the truth, w the mask. Sums
//! run in f64. Images of different sizes are a bug of the caller: assertions. A region without voxels gives NaN.
//!
//! [`FAMILIES`] is the list of all figures: tables, reports, the demo, the oracle and the docs follow from it.

mod ball;
mod beside;
mod channels;
mod coverage;
mod difference;
mod disc;
mod earl;
mod ensemble;
mod equivalence;
mod figure;
mod interval;
mod layout;
mod lesion;
mod nema;
mod nema_small;
mod observer;
mod reference;
mod region;
mod run;
mod similarity;
mod site_observer;
mod uptake;

pub use ball::Ball;
pub use beside::{NRMSE_RATIO, TRANSMISSION_RATIO};
pub use channels::{ChannelSet, Channels};
pub use coverage::{
    COVERED, COVERED_AT, HALF_WIDTH, INTERVAL_NOISE, LESION_IS_SMALL, LESION_MEAN, LESION_PEAK, LESION_VOLUME,
    SPARSIFICATION_ERROR,
};
pub use difference::{NRMSE, PSNR, nrmse, psnr, rmse};
pub use disc::{Disc, MetricError};
pub use earl::{EARL, EarlBand, EarlSphere, earl, earl_share};
pub use ensemble::{BIAS, Ensemble, NOISE, SD, root_mean_variance};
pub use equivalence::{Equivalent, equivalent_counts};
pub use figure::{AgainstNoise, Better, Figure, Scope, Score, Scores, Unit, Use};
pub use interval::Estimate;
pub use layout::{EarlLayout, NemaLayout, NemaSmallLayout, NemaSphere, Scoring};
pub use lesion::{ERASED, ERASED_UNFLAGGED, FALSE_SPOTS, FLAGGED, SpotSearch, TRANSMISSION, transmission, wilson};
pub use nema::{CONTRAST_RECOVERY, NemaReport, SphereResult};
pub use nema_small::{NemaSmallReport, RodResult};
pub use observer::{
    Detection, GABOR_AUC, GABOR_EFFICIENCY, GABOR_SNR, IDEAL_AUC, IDEAL_SNR, LG_AUC, LG_EFFICIENCY, LG_SNR, Responses,
    auc_of, detection,
};
pub use reference::Reference;
pub use region::{RECOVERY, RegionStatistics, bias, recovery_coefficient, region_statistics};
pub use run::{
    ERASED_DIAMETER, ERASED_FLAGGED, ERASED_SNR, KKT, OBJECTIVE, SECONDS, SENTINEL_LARGEST, SENTINEL_NOISE,
    SENTINEL_PLACES, SENTINEL_SMALLEST, SENTINEL_THRESHOLD, UPDATES,
};
pub use similarity::ssim;
pub use site_observer::{LG_AUC_DIFFERENCE, LG_AUC_OF_SITE, LG_CORRELATION, LG_SITE_AUC, SiteTests};
pub use uptake::{LESION_SHARE, Uptake, uptake};

use crate::image::Image;

/// Figures that are found together.
pub struct Family {
    /// The figures.
    pub figures: &'static [&'static Figure],
    /// Adds the figures of an image, in units of the truth, to its scores; `None` where something else tells them.
    pub score: Option<fn(&Image, &Reference, &mut Scores)>,
}

/// All figures, in the order of printed tables. A file of figures is a `mod` and a line here.
pub static FAMILIES: &[&Family] = &[
    &difference::DIFFERENCE,
    &beside::BESIDE,
    &similarity::SIMILARITY,
    &region::REGION,
    &uptake::UPTAKE,
    &uptake::SUV,
    &nema::NEMA,
    &earl::EARL_RECOVERY,
    &nema_small::NEMA_SMALL,
    &ensemble::ENSEMBLE,
    &run::RUN,
    &coverage::COVERAGE,
    &lesion::LESION,
    &beside::BESIDE_LESIONS,
    &observer::OBSERVER,
    &site_observer::SITES,
    &lesion::SPOTS,
];

/// All figures.
pub fn figures() -> impl Iterator<Item = &'static Figure> {
    FAMILIES.iter().flat_map(|family| family.figures).copied()
}
