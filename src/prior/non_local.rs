//! Patch-based (non-local) quadratic prior: ψ = ½ (xⱼ − xₖ)² on all pairs of a search window, weighted by how much
//! alike the 3 × 3 × 3 patches around j and k are in a guide image g,
//!
//!   vⱼₖ = exp(−‖fⱼ(g) − fₖ(g)‖² / (2 h²)),     ‖f‖² the mean square over the patch in units of the variance of g.
//!
//! Wang & Qi (2012) penalise patch differences of x itself and majorise with weights taken from the last image; here
//! the weights are taken **once**, from the anatomical image or else from the start image, and held fixed, so that R is
//! a convex quadratic and every convergence proof applies. Weights are kept in 8 bits: those below 1/510 are zero. w =
//! voxel_x/distance as for neighbours. Unit of R and β as of the quadratic prior.
//!
//! Wang, G. & Qi, J. (2012). Penalized likelihood PET image reconstruction using patch-based edge-preserving
//! regularization. IEEE Trans. Med. Imaging 31, 2194.

use super::pair_table::PairTable;
use super::pairwise::Pairs;
use super::patches::Patches;
use super::quadratic::quadratic;
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, SQUARE, images};
use super::{AnatomicalConfig, Beta, Capability, Neighbourhood, Prior, PriorError, WindowReach};
use crate::image::{ImageGrid, ImageUnit};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Steps of the 8-bit weights.
const STEPS: f32 = 255.0;

/// Pairs within `reach` voxels along each axis, weighted by their patches in `guide`; `width` is h.
pub fn non_local_pairs(grid: &ImageGrid, guide: &[f32], reach: usize, width: f32, kappa: Option<&[f32]>) -> Pairs {
    let neighbourhood = Neighbourhood::within(grid, reach, |_| true);
    let patches = Patches::new(grid, guide);
    let table = PairTable::new(&neighbourhood, 1.0 / STEPS, |_, j, k| {
        let weight = (-patches.distance(j, k) / (2.0 * width * width)).exp();
        (weight * STEPS).round() as u8
    });
    Pairs::of(neighbourhood, kappa).weighted(table)
}

/// `[prior.non-local]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NonLocalConfig {
    /// Weight, per square of the image's unit; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` is meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// The image whose patches weigh the pairs; by default the start image.
    #[serde(default)]
    pub anatomical: Option<AnatomicalConfig>,
    /// Search window: voxels to either side along each axis.
    #[serde(default = "one")]
    pub reach: WindowReach,
    /// Width h of the weights, in standard deviations of the guide image.
    #[serde(default = "quarter")]
    pub relative_width: Positive,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

impl PriorTable for NonLocalConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "non-local",
            summary: "Differences from voxels with like patches, weights held fixed (after Wang & Qi 2012).",
            capability: Capability::Smooth,
            learned: false,
            formula: "ψ = ½ vⱼₖ (xⱼ − xₖ)², vⱼₖ = exp(−‖fⱼ − fₖ‖² / (2 h²)) of patches f of a guide, held fixed",
            unit: SQUARE,
            citation: "after Wang & Qi 2012, IEEE Trans. Med. Imaging 31:2194",
            examples: &[
                "beta = 1.0\nreach = 2\nrelative_width = 1.0\nkappa = true",
                "beta = 1.0\nanatomical.phantom = \"brain\"",
            ],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit).kappa(self.kappa).guided_by(self.anatomical.as_ref())
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        let neighbourhood = Neighbourhood::within(grid, self.reach.get(), |_| true);
        let pairs = Pairs::footprint_of(&neighbourhood, self.kappa);
        let (table, image) = (PairTable::bytes(&neighbourhood), images(1, grid) / 4.0);
        PriorFootprint { kept: pairs.kept + table, building: image, ..pairs }
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let guide = if self.anatomical.is_some() { inputs.guide(Self::entry().name)? } else { inputs.start };
        let (width, kappa) = (self.relative_width.get() as f32, inputs.kappa_if(self.kappa)?);
        Ok(Prior::Smooth(quadratic(non_local_pairs(inputs.grid, guide, self.reach.get(), width, kappa))))
    }
}

fn one() -> WindowReach {
    WindowReach::of(1)
}

pub(super) fn quarter() -> Positive {
    Positive::constant(0.25)
}
