//! Parallel level sets: R(x) = Σⱼ (√(‖∇x‖² − ⟨∇x, ξ⟩² + ε²) − ε), ξ = ∇v / √(‖∇v‖² + η²), smooth (Ehrhardt et al.
//! 2016).
//!
//! Where the anatomical image v has an edge, steps of x in the same direction are free; where v is flat (‖∇v‖ ≪ η) it
//! is hyperbolic total variation. R and ε have the unit of the image, η that of v per voxel along x; β is per R.
//!
//! Ehrhardt, M. J. et al. (2016). PET reconstruction with an anatomical MRI prior using parallel level sets.
//! IEEE Trans. Med. Imaging 35, 2189.

use super::gradient::Gradient;
use super::hyperbolic_total_variation::Hyperbolic;
use super::table::{Common, IMAGE, PriorEntry, PriorFootprint, PriorInputs, PriorTable, images, largest};
use super::{AnatomicalConfig, Beta, Capability, Prior, PriorError, Smooth};
use crate::image::{ImageGrid, ImageUnit};
use crate::units::{Positive, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Parallel level sets with an anatomical image on the same grid.
pub fn parallel_level_sets(grid: &ImageGrid, anatomical: &[f32], eta: f32, epsilon: f32) -> Arc<dyn Smooth> {
    Arc::new(Hyperbolic::new(Gradient::across(grid, anatomical, eta), epsilon))
}

/// `[prior.parallel-level-sets]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParallelLevelSetsConfig {
    /// Weight, per unit of the image; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `epsilon` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// The image whose edges are expected.
    pub anatomical: AnatomicalConfig,
    /// Share of a weakly regularised image (relative difference prior) in what comes out, 0 to 1: about 0.3 brings back
    /// most of what is in the scan and not in the anatomical image.
    #[serde(default)]
    pub blend: Share,
    /// Steps of the anatomical image per voxel that count as an edge, as a share of its largest value.
    #[serde(default = "hundredth")]
    pub relative_eta: Positive,
    /// Smoothing at zero, in image units; by default 1/1000 of the maximum of the start image.
    #[serde(default)]
    pub epsilon: Option<Positive>,
}

impl PriorTable for ParallelLevelSetsConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "parallel-level-sets",
            summary: "Smoothed total variation across the edges of an anatomical image (Ehrhardt et al. 2016).",
            capability: Capability::Smooth,
            learned: false,
            formula: "R = Σⱼ (√(‖∇x‖² − ⟨∇x, ξ⟩² + ε²) − ε), ξ = ∇v / √(‖∇v‖² + η²), v anatomical",
            unit: IMAGE,
            citation: "Ehrhardt et al. 2016, IEEE Trans. Med. Imaging 35:2189",
            examples: &["beta = 1.0\nanatomical.phantom = \"brain\"\nepsilon = 0.5\nrelative_eta = 0.1"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit).guided_by(&self.anatomical).blended(self.blend)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        PriorFootprint { kept: images(3, grid), ..PriorFootprint::default() }
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let guide = inputs.guide(Self::entry().name)?;
        let (eta, epsilon) = (self.relative_eta.get() as f32 * largest(guide), inputs.epsilon(self.epsilon)?);
        Ok(Prior::Smooth(parallel_level_sets(inputs.grid, guide, eta, epsilon)))
    }
}

pub(super) fn hundredth() -> Positive {
    Positive::constant(0.01)
}
