//! Huber prior: ψ = ½ d² for |d| ≤ δ, δ |d| − ½ δ² beyond, d = a − b (Huber 1964). Edges above δ cost only linearly.
//!
//! R has the square of the image's unit, δ the unit itself; β is per R. At |d| = δ the curvature jumps from 1 to 0.
//!
//! Huber, P. J. (1964). Robust estimation of a location parameter. Ann. Math. Stat. 35, 73.

use super::pairwise::{Pairs, Pairwise, Potential};
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, SQUARE};
use super::{Beta, Capability, Neighbours, Prior, PriorError, Smooth};
use crate::image::{ImageGrid, ImageUnit};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The Huber prior on some pairs; `delta` > 0 in the unit of the image.
pub fn huber(pairs: Pairs, delta: f32) -> Arc<dyn Smooth> {
    assert!(delta > 0.0, "delta {delta}");
    Arc::new(Pairwise { pairs, potential: Huber { delta } })
}

#[derive(Clone, Copy)]
struct Huber {
    delta: f32,
}

impl Potential for Huber {
    #[inline(always)]
    fn value(self, a: f32, b: f32) -> f32 {
        let size = (a - b).abs();
        if size <= self.delta { 0.5 * size * size } else { self.delta * (size - 0.5 * self.delta) }
    }
    #[inline(always)]
    fn slope(self, a: f32, b: f32) -> f32 {
        let d = a - b;
        let below = if d > self.delta { self.delta } else { d };
        if below < -self.delta { -self.delta } else { below }
    }
    #[inline(always)]
    fn curvature(self, a: f32, b: f32) -> f32 {
        if (a - b).abs() <= self.delta { 1.0 } else { 0.0 }
    }
    #[inline(always)]
    fn surrogate(self, a: f32, b: f32) -> f32 {
        let size = (a - b).abs();
        if size <= self.delta { 2.0 } else { 2.0 * self.delta / size }
    }
}

/// `[prior.huber]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HuberConfig {
    /// Weight, per square of the image's unit; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `delta` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Differences above δ cost only linearly, in image units; by default 1/100 of the maximum of the start image.
    #[serde(default)]
    pub delta: Option<Positive>,
    /// Neighbours of a voxel: 6, 18 or 26.
    #[serde(default)]
    pub neighbours: Neighbours,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

impl PriorTable for HuberConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "huber",
            summary: "Quadratic for small differences, linear for large ones (Huber 1964).",
            capability: Capability::Smooth,
            learned: false,
            formula: "ψ = ½ d² for |d| ≤ δ, else δ |d| − ½ δ², d = xⱼ − xₖ",
            unit: SQUARE,
            citation: "Huber 1964, Ann. Math. Stat. 35:73",
            examples: &["beta = 1.0\ndelta = 2.0\nneighbours = 18"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit).kappa(self.kappa)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        Pairs::footprint(grid, self.neighbours, self.kappa)
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let delta = inputs.delta(self.delta)?;
        let pairs = Pairs::new(inputs.grid, self.neighbours, inputs.kappa_if(self.kappa)?);
        Ok(Prior::Smooth(huber(pairs, delta)))
    }
}
