//! Learned ridge regularisers (Goujon et al. 2023, 2024): a sum of learned functions of the responses of learned
//! filters,
//!
//!   R(x) = Σ_c Σ_r ψ_c((W_c x)(r)),       ∇R = Wᵀ σ(W x),     σ_c = ψ_c' odd and piecewise linear,
//!
//! over all places r where the filters lie inside the volume, so that every row of W is a row of the convolution on the
//! unbounded grid and ‖W‖ is at most its spectral norm. The filters have zero mean: constants cost nothing.
//!
//! *Scale.* R_c(x) = c² R(x / c), c > 0 an activity: knots are c times those of the model, all else stays. R has the
//! unit of the image squared, β is per that; with c of the image itself, prior and image scale together.
//!
//! *Convex* where all slopes of σ lie in [0, 1]; *weakly convex* where some are negative: then R + ½ ρ ‖W x‖² is convex
//! for ρ = −min σ'. *Surrogate.* σ_c' ≤ s_c, so that R(z) ≤ R(x) + ∇R(x)·h + ½ Σ_c s_c ‖W_c h‖² ≤ … + ½ L ‖h‖², h = z −
//! x, with L = max over ω of Σ_c s_c |Ŵ_c(ω)|², for both kinds.
//!
//! Goujon, A. et al. (2023). A neural-network-based convex regularizer for inverse problems. IEEE Trans. Comput.
//! Imaging 9, 781. Goujon, A., Neumayer, S. & Unser, M. (2024). Learning weakly convex regularizers for convergent
//! image-reconstruction algorithms. SIAM J. Imaging Sci. 17, 91.

mod card;
mod file;
mod model;
mod norm;
mod operator;
mod planes;
mod shipped;
mod table;

pub use card::{RidgeArchitecture, RidgeCard};
pub use file::RidgeFile;
pub use model::RidgeModel;
pub use operator::Ridge;
pub use shipped::{shipped_ridge, shipped_ridges};
pub use table::RidgeConfig;
