//! Training of a ridge regulariser R_θ: its filters, the slopes of its functions, one weight λ per noise level.
//!
//! A sample is a random anatomy x̂ seen by a survey, a periodic convolution F with the spectrum of PET data,
//!
//!   F̂(f) = MTF(f)² / (1 + |f| / f₀),       g = F x̂ + σ F^½ n,       n white noise,
//!
//! what counting with noise of equal size in all lines leaves of an image (AᵀA ∝ 1/|f|). The reconstruction and its
//! error are
//!
//!   x* = argmin ½ ⟨x, F x⟩ − ⟨g, x⟩ + λ R_θ(x),       ℓ = ½ ln ‖x* − x̂‖²,
//!
//! and since ∇Φ(x*) = 0 for all θ, with the solution w of (F + λ ∇²R_θ(x*)) w = ∇ℓ (implicit differentiation)
//!
//!   ∂ℓ/∂θ = −λ ⟨w, ∂/∂θ ∇R_θ(x*)⟩,       ∂ℓ/∂ ln λ = −λ ⟨w, ∇R_θ(x*)⟩.
//!
//! Bai, S., Kolter, J. Z. & Koltun, V. (2019). Deep equilibrium models. NeurIPS 32.
//! Goujon, A., Neumayer, S. & Unser, M. (2024). Learning weakly convex regularizers for convergent image-reconstruction
//! algorithms. SIAM J. Imaging Sci. 17, 91.

mod anatomy;
mod config;
mod parameters;
mod slope;
mod solve;
mod survey;
mod training;

pub use anatomy::RESOLUTION_VOXELS;
pub use config::{Convexity, RidgeTrainConfig};
pub use training::{Progress, train};
