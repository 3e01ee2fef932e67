//! The pull of a denoiser D: γ (x − D(x)), which stands for the gradient of a prior that need not exist (Romano, Elad &
//! Milanfar 2017, SIAM J. Imaging Sci. 10(4), 1804–1844).

use super::arithmetic::each;
use super::kkt::mean_inside;
use super::objective::Objective;
use crate::prior::{Denoiser, Prior, mean_activity};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the denoiser is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DenoiseEvery {
    /// Before each pass over the subsets.
    #[default]
    Iteration,
    /// Before each subset.
    Update,
}

impl DenoiseEvery {
    /// How often it is run in so many iterations of so many subsets.
    pub(super) fn runs(self, iterations: usize, subsets: usize) -> f64 {
        match self {
            Self::Iteration => iterations as f64,
            Self::Update => (iterations * subsets) as f64,
        }
    }

    /// Whether it is run before the update of subset k.
    pub(super) fn before(self, k: usize) -> bool {
        k == 0 || self == Self::Update
    }
}

/// The denoiser of an objective.
pub(super) fn denoiser(objective: &Objective) -> &dyn Denoiser {
    match objective.prior() {
        Prior::Denoiser(denoiser) => &**denoiser,
        _ => panic!("the algorithm needs a prior that is a denoiser"),
    }
}

/// γ = β s̄ / c with the mean sensitivity s̄ inside the field of view and the activity c of the body in `image`, so
/// that one β pulls alike at every dose and in every unit. A subset takes γ / K.
pub(super) fn weight(objective: &Objective, image: &[f32]) -> f32 {
    let (s, c) = (objective.sensitivity(), mean_activity(&objective.model().grid(), image));
    if c > 0.0 { (objective.beta() * mean_inside(s, s)) as f32 / c } else { 0.0 }
}

/// γ (x − D(x)), 0 outside the field of view.
pub(super) fn pull(objective: &Objective, gamma: f32, x: &[f32]) -> Vec<f32> {
    let mut pull = zeros(x.len());
    denoiser(objective).denoise(x, &mut pull);
    each(&mut pull, [x, objective.sensitivity()], |z, [x, s]| if s > 0.0 { gamma * (x - z) } else { 0.0 });
    pull
}
