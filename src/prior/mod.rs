//! Priors: what images are likely before anything was measured. A prior sees images only, `[x, y, z]` with z
//! contiguous.
//!
//! MAP maximises Φ(x) = L(x) − β R(x). R states its unit, so that β R is a pure number. The weight β, and its share per
//! subset, are applied by the algorithms' objective and nowhere else.
//!
//! A prior is one file: its formula, its table `[prior.NAME]` with what there is to know of it (`PriorTable`), and
//! what an algorithm may ask of it ([`Smooth`], [`Dual`], [`Denoiser`]). A new one is named twice below.

mod activity;
mod alike;
mod anatomical;
mod beta;
mod bowsher;
mod config;
mod contract;
mod directional_total_variation;
mod error;
mod gradient;
mod huber;
mod hyperbolic_total_variation;
mod kernel;
mod kernel_matrix;
mod kinds;
mod log_cosh;
mod median_root;
pub mod model_file;
mod neighbourhood;
pub mod network;
mod noise;
mod non_local;
mod padded;
mod pair_table;
mod pairwise;
mod parallel_level_sets;
mod patches;
mod probe;
mod quadratic;
mod relative_difference;
mod ridge;
mod table;
mod torchscript;
mod total_variation;
mod unrolled;

pub use activity::mean_activity;
pub(crate) use alike::averaged_over_alike;
pub use anatomical::AnatomicalConfig;
pub use beta::Beta;
pub use bowsher::{BowsherConfig, PotentialConfig, RelativeDifferencePotential, bowsher_pairs};
pub use contract::{Denoiser, Dual, Smooth};
pub use directional_total_variation::{DirectionalTotalVariationConfig, directional_total_variation};
pub use error::PriorError;
pub use huber::{HuberConfig, huber};
pub use hyperbolic_total_variation::{HyperbolicTotalVariationConfig, hyperbolic_total_variation};
pub use kernel::KernelConfig;
pub use kernel_matrix::KernelMatrix;
pub use kinds::{Capability, Prior};
pub use log_cosh::{LogCoshConfig, log_cosh};
pub use median_root::{MedianRootConfig, median_root};
pub use neighbourhood::{Neighbours, WindowReach};
pub use noise::RelativeNoise;
pub use non_local::{NonLocalConfig, non_local_pairs};
pub use pairwise::Pairs;
pub use parallel_level_sets::{ParallelLevelSetsConfig, parallel_level_sets};
pub use probe::Probe;
pub use quadratic::{QuadraticConfig, quadratic};
pub use relative_difference::{RelativeDifferenceConfig, relative_difference};
pub use ridge::{
    Ridge, RidgeArchitecture, RidgeCard, RidgeConfig, RidgeFile, RidgeModel, shipped_ridge, shipped_ridges,
};
pub use table::{PriorEntry, PriorInputs};
pub(crate) use table::{PriorFootprint, PriorTable};
#[cfg(feature = "torch")]
pub use torchscript::torchscript;
pub use torchscript::{ModelImages, ModelScale, TorchscriptConfig};
pub use total_variation::{TotalVariationConfig, total_variation};
pub use unrolled::UnrolledConfig;

use crate::choice::choices;
use neighbourhood::Neighbourhood;

choices! {
    /// `[prior.…]`: the table's name is the prior; `coincide priors` lists them.
    PriorConfig, tables of PriorTable, entries of PriorEntry:
    Quadratic(QuadraticConfig),
    RelativeDifference(RelativeDifferenceConfig),
    LogCosh(LogCoshConfig),
    Huber(HuberConfig),
    HyperbolicTotalVariation(HyperbolicTotalVariationConfig),
    TotalVariation(TotalVariationConfig),
    MedianRoot(MedianRootConfig),
    Bowsher(BowsherConfig),
    ParallelLevelSets(ParallelLevelSetsConfig),
    DirectionalTotalVariation(DirectionalTotalVariationConfig),
    NonLocal(NonLocalConfig),
    Kernel(KernelConfig),
    Ridge(RidgeConfig),
    Unrolled(UnrolledConfig),
    Torchscript(TorchscriptConfig),
}
