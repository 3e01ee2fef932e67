//! Priors: what images are likely before anything was measured. A prior sees images only, `[x, y, z]` with z
//! contiguous.
//!
//! MAP maximises Φ(x) = L(x) − β R(x). R states its unit, so that β R is a pure number. The weight β, and its share per
//! subset, are applied by the algorithms' objective and nowhere else.

mod activity;
mod bowsher;
mod capability;
mod error;
mod gradient;
mod huber;
mod hyperbolic_total_variation;
mod kernel_matrix;
mod log_cosh;
mod median_root;
pub mod model_file;
mod neighbourhood;
pub mod network;
mod noise;
mod non_local;
mod own_model;
mod padded;
mod pair_table;
mod pairwise;
mod parallel_level_sets;
mod patches;
mod probe;
mod quadratic;
mod relative_difference;
mod ridge;
#[cfg(feature = "torch")]
mod torchscript;
mod total_variation;

pub use activity::mean_activity;
pub use bowsher::bowsher_pairs;
pub use capability::Capability;
pub use error::PriorError;
pub use huber::huber;
pub use hyperbolic_total_variation::hyperbolic_total_variation;
pub use kernel_matrix::KernelMatrix;
pub use log_cosh::log_cosh;
pub use median_root::median_root;
pub use neighbourhood::Neighbours;
pub use noise::RelativeNoise;
pub use non_local::non_local_pairs;
pub use own_model::{ModelImages, ModelScale};
pub use pairwise::Pairs;
pub use parallel_level_sets::parallel_level_sets;
pub use probe::Probe;
pub use quadratic::quadratic;
pub use relative_difference::relative_difference;
pub use ridge::{Ridge, RidgeArchitecture, RidgeCard, RidgeFile, RidgeModel, shipped_ridge, shipped_ridges};
#[cfg(feature = "torch")]
pub use torchscript::torchscript;
pub use total_variation::{directional_total_variation, total_variation};

use neighbourhood::Neighbourhood;
use std::sync::Arc;

/// R is differentiable.
pub trait Smooth: Send + Sync {
    /// R(x)
    fn value(&self, x: &[f32]) -> f64;
    /// gradient += weight · ∇R(x)
    fn add_gradient(&self, weight: f32, x: &[f32], gradient: &mut [f32]);
    /// diagonal += weight · ∂²R/∂xⱼ²(x)
    fn add_curvature(&self, weight: f32, x: &[f32], diagonal: &mut [f32]);
    /// diagonal += weight · dⱼ of a separable surrogate: R(z) ≤ R(x) + ∇R(x)·(z − x) + ½ Σ dⱼ (zⱼ − xⱼ)² for all z ≥ 0.
    /// Without such a bound nothing is added and the answer is false.
    fn add_surrogate(&self, weight: f32, x: &[f32], diagonal: &mut [f32]) -> bool;
}

/// R(x) = F(K x) with a linear K and an F whose conjugate has a cheap proximal map (total variation and its kin).
pub trait Dual: Send + Sync {
    /// R(x)
    fn value(&self, x: &[f32]) -> f64;
    /// Floats of K x.
    fn dual_len(&self) -> usize;
    /// z = K x
    fn forward(&self, x: &[f32], z: &mut [f32]);
    /// out += Kᵀ z
    fn add_adjoint(&self, z: &[f32], out: &mut [f32]);
    /// z ← prox of σ (weight F)* at z
    fn prox_conjugate(&self, weight: f32, sigma: f32, z: &mut [f32]);
    /// An upper bound of ‖K‖.
    fn norm(&self) -> f64;
}

/// Replaces an image by a likelier one; there may be no R.
pub trait Denoiser: Send + Sync {
    /// out = D(x)
    fn denoise(&self, x: &[f32], out: &mut [f32]);
}

/// A prior, by what it can do. Clones share it.
#[derive(Clone)]
pub enum Prior {
    /// R = 0.
    None,
    /// A differentiable R.
    Smooth(Arc<dyn Smooth>),
    /// A simple function of a linear map.
    Dual(Arc<dyn Dual>),
    /// Only a map of images.
    Denoiser(Arc<dyn Denoiser>),
    /// A basis of images: x = K α.
    Kernel(Arc<KernelMatrix>),
    /// An image that every EM update is drawn to.
    Unrolled(Arc<network::Unrolled>),
}
