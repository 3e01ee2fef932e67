//! Quadratic prior, ψ(a, b) = ½ (a − b)²: smooths noise and edges alike.
//!
//! R = Σ over unordered pairs of w κⱼ κₖ ½ (xⱼ − xₖ)², the square of the image's unit; β is per that. The same as
//! STIR's `QuadraticPrior`, which visits each pair twice with ¼ w.
//! (Geman, S. & McClure, D. E. 1987, Bull. Int. Stat. Inst. 52, 5.)

use super::pairwise::{Pairs, Pairwise, Potential};
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, SQUARE};
use super::{Beta, Capability, Neighbours, Prior, PriorError, Smooth};
use crate::image::{ImageGrid, ImageUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The quadratic prior on some pairs.
pub fn quadratic(pairs: Pairs) -> Arc<dyn Smooth> {
    Arc::new(Pairwise { pairs, potential: Quadratic })
}

#[derive(Clone, Copy)]
struct Quadratic;

impl Potential for Quadratic {
    #[inline(always)]
    fn value(self, a: f32, b: f32) -> f32 {
        0.5 * (a - b) * (a - b)
    }
    #[inline(always)]
    fn slope(self, a: f32, b: f32) -> f32 {
        a - b
    }
    #[inline(always)]
    fn curvature(self, _: f32, _: f32) -> f32 {
        1.0
    }
    #[inline(always)]
    fn surrogate(self, _: f32, _: f32) -> f32 {
        2.0
    }
}

/// `[prior.quadratic]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuadraticConfig {
    /// Weight, per square of the image's unit; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` is meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Neighbours of a voxel: 6, 18 or 26.
    #[serde(default)]
    pub neighbours: Neighbours,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

impl PriorTable for QuadraticConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "quadratic",
            summary: "Half the squared difference of neighbours.",
            capability: Capability::Smooth,
            learned: false,
            formula: "ψ = ½ (xⱼ − xₖ)²",
            unit: SQUARE,
            citation: "Geman & McClure 1987, Bull. Int. Stat. Inst. 52:5",
            examples: &["beta = 1.0\nneighbours = 18", "beta = 1.0\nkappa = true"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit).kappa(self.kappa)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        Pairs::footprint(grid, self.neighbours, self.kappa)
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let pairs = Pairs::new(inputs.grid, self.neighbours, inputs.kappa_if(self.kappa)?);
        Ok(Prior::Smooth(quadratic(pairs)))
    }
}
