//! Relative difference prior (Nuyts et al. 2002), smoothed by ε as in STIR and PETRIC,
//!
//!   ψ(a, b) = (a − b)² / D,       D = a + b + γ |a − b| + ε,       a, b ≥ 0.
//!
//! R = Σ over unordered pairs of w κⱼ κₖ ψ(xⱼ, xₖ); STIR visits each pair twice with w/2, which is the same. R has the
//! unit of the image, β is per that. γ = 2 is STIR's default; PETRIC takes ε = 10⁻³ · the maximum of its OSEM start
//! image. Contrast of 1/γ or more costs only linearly. ε > 0 here, so that the curvature is finite at (0, 0).
//!
//! The surrogate: the Hessian is (2/D³) v vᵀ with v = (2b + ε, −(2a + ε)), and v(y)·h is the same number at all y = x +
//! t h between x and z = x + h. With D ≥ S + ε, S = a + b, F = S(x) + ε and E = S(z) + ε, Taylor's remainder is at most
//!   (v·h)² ∫ 2u / (u F + (1 − u) E)³ du = (v·h)² / (E F²) ≤ 4 min(E, F)² ‖h‖² / (E F²) ≤ (4 / F) ‖h‖²,
//! because ‖v(x)‖ ≤ 2F and ‖v(z)‖ ≤ 2E. So c = 8 / (a + b + ε) for all γ ≥ 0, twice De Pierro's bound for small a − b.
//!
//! Nuyts, J. et al. (2002). A concave prior penalizing relative differences for maximum-a-posteriori reconstruction in
//! emission tomography. IEEE Trans. Nucl. Sci. 49, 56.

use super::pairwise::{Pairs, Pairwise, Potential};
use super::table::{Common, IMAGE, PriorEntry, PriorFootprint, PriorInputs, PriorTable};
use super::{Beta, Capability, Neighbours, Prior, PriorError, Smooth};
use crate::image::{ImageGrid, ImageUnit};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The relative difference prior on some pairs; `epsilon` > 0 in the unit of the image.
pub fn relative_difference(pairs: Pairs, gamma: f32, epsilon: f32) -> Arc<dyn Smooth> {
    assert!(gamma >= 0.0 && epsilon > 0.0, "gamma {gamma}, epsilon {epsilon}");
    Arc::new(Pairwise { pairs, potential: RelativeDifference { gamma, epsilon } })
}

#[derive(Clone, Copy)]
struct RelativeDifference {
    gamma: f32,
    epsilon: f32,
}

impl RelativeDifference {
    /// γ |a − b| and 1/D; the rows' pads may hold anything, but nothing that is kept is divided by zero.
    #[inline(always)]
    fn parts(self, a: f32, b: f32) -> (f32, f32) {
        let spread = self.gamma * (a - b).abs();
        (spread, 1.0 / (a + b + spread + self.epsilon))
    }
}

impl Potential for RelativeDifference {
    #[inline(always)]
    fn value(self, a: f32, b: f32) -> f32 {
        let (_, inverse) = self.parts(a, b);
        (a - b) * (a - b) * inverse
    }
    #[inline(always)]
    fn slope(self, a: f32, b: f32) -> f32 {
        let (spread, inverse) = self.parts(a, b);
        (a - b) * inverse * ((spread + a + 3.0 * b + 2.0 * self.epsilon) * inverse)
    }
    #[inline(always)]
    fn curvature(self, a: f32, b: f32) -> f32 {
        let (_, inverse) = self.parts(a, b);
        let share = (2.0 * b + self.epsilon) * inverse;
        2.0 * share * share * inverse
    }
    #[inline(always)]
    fn surrogate(self, a: f32, b: f32) -> f32 {
        8.0 / (a + b + self.epsilon)
    }
}

/// `[prior.relative-difference]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelativeDifferenceConfig {
    /// Weight, per unit of the image; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `epsilon` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Relative differences above 1/γ cost only linearly.
    #[serde(default = "two")]
    pub gamma: Positive,
    /// Smoothing at zero, in image units; by default 1/1000 of the maximum of the start image.
    #[serde(default)]
    pub epsilon: Option<Positive>,
    /// Neighbours of a voxel: 6, 18 or 26.
    #[serde(default)]
    pub neighbours: Neighbours,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

impl PriorTable for RelativeDifferenceConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "relative-difference",
            summary: "Relative difference of neighbours (Nuyts et al. 2002), as in PETRIC.",
            capability: Capability::Smooth,
            learned: false,
            formula: "ψ = (xⱼ − xₖ)² / (xⱼ + xₖ + γ |xⱼ − xₖ| + ε)",
            unit: IMAGE,
            citation: "Nuyts et al. 2002, IEEE Trans. Nucl. Sci. 49:56; smoothed by ε as in STIR and PETRIC",
            examples: &["beta = 1.0", "beta = 1.0\ngamma = 0.5\nepsilon = 0.7\nneighbours = 6\nkappa = true"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit).kappa(self.kappa)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        Pairs::footprint(grid, self.neighbours, self.kappa)
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let (gamma, epsilon) = (self.gamma.get() as f32, inputs.epsilon(self.epsilon)?);
        let pairs = Pairs::new(inputs.grid, self.neighbours, inputs.kappa_if(self.kappa)?);
        Ok(Prior::Smooth(relative_difference(pairs, gamma, epsilon)))
    }
}

pub(super) fn two() -> Positive {
    Positive::constant(2.0)
}
