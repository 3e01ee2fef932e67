//! Directional total variation, R(x) = Σⱼ ‖D (∇x)ⱼ‖ with D = I − ξ ξᵀ, ξ = ∇v / √(‖∇v‖² + η²): edges that run along
//! those of an anatomical image v cost nothing, others as in total variation (Ehrhardt & Betcke 2016, SIAM J. Imaging
//! Sci. 9, 1084). ∇ as in `gradient.rs`. R has the unit of the image; β is per R.

use super::gradient::Gradient;
use super::parallel_level_sets::hundredth;
use super::table::{Common, IMAGE, PriorEntry, PriorFootprint, PriorInputs, PriorTable, images, largest};
use super::total_variation::TotalVariation;
use super::{AnatomicalConfig, Beta, Capability, Dual, Prior, PriorError};
use crate::image::{ImageGrid, ImageUnit};
use crate::units::{Positive, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Total variation across the gradient of an anatomical image.
pub fn directional_total_variation(grid: &ImageGrid, anatomical: &[f32], eta: f32) -> Arc<dyn Dual> {
    Arc::new(TotalVariation { gradient: Gradient::across(grid, anatomical, eta) })
}

/// `[prior.directional-total-variation]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectionalTotalVariationConfig {
    /// Weight, per unit of the image; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` is meant for; checked where given.
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
}

impl PriorTable for DirectionalTotalVariationConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "directional-total-variation",
            summary: "Total variation across the edges of an anatomical image (Ehrhardt & Betcke 2016).",
            capability: Capability::Dual,
            learned: false,
            formula: "R = Σⱼ ‖(I − ξ ξᵀ) ∇x‖, ξ = ∇v / √(‖∇v‖² + η²), v anatomical",
            unit: IMAGE,
            citation: "Ehrhardt & Betcke 2016, SIAM J. Imaging Sci. 9:1084",
            examples: &["beta = 1.0\nanatomical.phantom = \"brain\""],
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
        let eta = self.relative_eta.get() as f32 * largest(guide);
        Ok(Prior::Dual(directional_total_variation(inputs.grid, guide, eta)))
    }
}
