//! The table `[prior.kernel]`: images that are blends of voxels alike in an anatomical image.

use super::non_local::quarter;
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, images};
use super::{AnatomicalConfig, Capability, KernelMatrix, Prior, PriorError, WindowReach};
use crate::image::ImageGrid;
use crate::units::{Positive, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU8;
use std::sync::Arc;

/// `[prior.kernel]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelConfig {
    /// The image whose patches make the kernel.
    pub anatomical: AnatomicalConfig,
    /// Share of a weakly regularised image (relative difference prior) in what comes out, 0 to 1: about 0.3 brings back
    /// most of what is in the scan and not in the anatomical image.
    #[serde(default)]
    pub blend: Share,
    /// Search window: voxels to either side along each axis.
    #[serde(default = "two")]
    pub reach: WindowReach,
    /// Entries of each row, the voxel itself included.
    #[serde(default = "twelve")]
    pub nearest: NonZeroU8,
    /// Width σ of the kernel, in standard deviations of the anatomical image.
    #[serde(default = "quarter")]
    pub relative_width: Positive,
}

impl PriorTable for KernelConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "kernel",
            summary: "Images that are blends of voxels alike in an anatomical image (Wang & Qi 2015).",
            capability: Capability::Kernel,
            learned: false,
            formula: "x = K α, Kⱼₗ ∝ exp(−‖fⱼ − fₗ‖² / (2 σ²)) of the nearest patches f of the anatomical image",
            unit: "no R",
            citation: "Wang & Qi 2015, IEEE Trans. Med. Imaging 34:61",
            examples: &["anatomical.phantom = \"brain\""],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::default().guided_by(&self.anatomical).blended(self.blend)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        let rows = usize::from(self.nearest.get()).min((2 * self.reach.get() + 1).pow(3));
        // Rows and columns: starts of eight bytes, entries of a place and a weight. While they are sorted, each row is
        // a vector of its own, and all of them are there beside the rows that they become.
        let kept = images(2 * (2 + 2 * rows), grid);
        PriorFootprint { kept, building: images(6 + 2 * rows, grid), ..PriorFootprint::default() }
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let (guide, width) = (inputs.guide(Self::entry().name)?, self.relative_width.get() as f32);
        let kernel = KernelMatrix::new(inputs.grid, guide, self.reach.get(), self.nearest.get().into(), width);
        Ok(Prior::Kernel(Arc::new(kernel)))
    }
}

fn two() -> WindowReach {
    WindowReach::of(2)
}

fn twelve() -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(11)
}
