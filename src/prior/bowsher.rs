//! Bowsher prior: each voxel j keeps of its 26 neighbours the set Bⱼ of those B whose values in an anatomical image v
//! are nearest to its own, and a pairwise potential ψ acts on these pairs only (Bowsher et al. 2004).
//!
//!   asymmetric   R(x) = ½ Σⱼ Σ over k in Bⱼ of w κⱼ κₖ ψ(xⱼ, xₖ): a pair counts fully if each chose the other,
//!                half if one did;
//!   symmetric    a pair counts fully if one of the two chose the other.
//!
//! Both are true functions with exact gradients (not the one-sided gradient of Vunckx et al. 2012, which belongs to no
//! R). Ties in |vⱼ − vₖ| go to the nearer neighbour in mm, then to the order of displacements. Unit of R and β as of ψ.
//! Where v shows no edge the neighbours are chosen by its noise.
//!
//! Bowsher, J. E. et al. (2004). Utilizing MRI information to estimate F18-FDG distributions in rat flank tumors.
//! IEEE NSS-MIC, 2488.
//! Vunckx, K. et al. (2012). Evaluation of three MRI-based anatomical priors for quantitative PET brain imaging.
//! IEEE Trans. Med. Imaging 31, 599.

use super::alike::most_alike;
use super::pair_table::PairTable;
use super::pairwise::Pairs;
use super::quadratic::quadratic;
use super::relative_difference::{relative_difference, two};
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, images};
use super::{AnatomicalConfig, Beta, Capability, Neighbourhood, Neighbours, Prior, PriorError};
use crate::choice::Conflict;
use crate::image::{ImageGrid, ImageUnit};
use crate::units::{Positive, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU8;

/// Pairs that count under the symmetric rule or not.
const FULL: u8 = 2;

/// The pairs that the anatomical image keeps: `chosen` neighbours of each voxel.
pub fn bowsher_pairs(
    grid: &ImageGrid,
    anatomical: &[f32],
    chosen: usize,
    symmetric: bool,
    kappa: Option<&[f32]>,
) -> Pairs {
    let neighbourhood = Neighbourhood::new(grid, Neighbours::TwentySix);
    let sets = most_alike(&neighbourhood, grid, anatomical, chosen);
    let half = neighbourhood.half();
    let table = PairTable::new(&neighbourhood, 1.0 / f32::from(FULL), |n, j, k| {
        let forward = sets[grid.index(j)] >> n & 1 == 1;
        let backward = sets[grid.index(k)] >> (n + half) & 1 == 1;
        match symmetric && (forward || backward) {
            true => FULL,
            false => u8::from(forward) + u8::from(backward),
        }
    });
    Pairs::of(neighbourhood, kappa).weighted(table)
}

/// `[prior.bowsher]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BowsherConfig {
    /// Weight, per unit of the potential; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` is meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// The image that chooses the neighbours.
    pub anatomical: AnatomicalConfig,
    /// Share of a weakly regularised image (relative difference prior) in what comes out, 0 to 1: about 0.3 brings back
    /// most of what is in the scan and not in the anatomical image.
    #[serde(default)]
    pub blend: Share,
    /// Neighbours that each voxel keeps, of 26.
    #[serde(default = "seven")]
    pub chosen: NonZeroU8,
    /// Whether a pair counts fully where only one of the two chose the other; else it counts half.
    #[serde(default)]
    pub symmetric: bool,
    /// What acts on the pairs.
    #[serde(default)]
    pub potential: PotentialConfig,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

/// What acts on the pairs that an anatomical image keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PotentialConfig {
    /// That of `[prior.quadratic]`.
    #[default]
    Quadratic,
    /// That of `[prior.relative-difference]`.
    RelativeDifference(RelativeDifferencePotential),
}

/// Constants of the relative difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelativeDifferencePotential {
    /// Relative differences above 1/γ cost only linearly.
    #[serde(default = "two")]
    pub gamma: Positive,
    /// Smoothing at zero, in image units; by default 1/1000 of the maximum of the start image.
    #[serde(default)]
    pub epsilon: Option<Positive>,
}

impl PriorTable for BowsherConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "bowsher",
            summary: "Differences from the neighbours that are alike in an anatomical image (Bowsher et al. 2004).",
            capability: Capability::Smooth,
            learned: false,
            formula: "ψ of quadratic or relative-difference, on pairs that are alike in the anatomical image",
            unit: "as of ψ",
            citation: "Bowsher et al. 2004, IEEE NSS-MIC:2488; Vunckx et al. 2012, IEEE Trans. Med. Imaging 31:599",
            examples: &[
                "beta = 1.0\nanatomical.phantom = \"brain\"\nchosen = 7\nkappa = true",
                "beta = 1.0\nanatomical.phantom = \"brain\"\nchosen = 3\nsymmetric = true\npotential.relative-difference = {}",
            ],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit).kappa(self.kappa).guided_by(&self.anatomical).blended(self.blend)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        let pairs = Pairs::footprint(grid, Neighbours::TwentySix, self.kappa);
        let (table, sets) = (PairTable::bytes(&Neighbourhood::new(grid, Neighbours::TwentySix)), images(1, grid));
        PriorFootprint { kept: pairs.kept + table, building: sets, ..pairs }
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let (guide, kappa) = (inputs.guide(Self::entry().name)?, inputs.kappa_if(self.kappa)?);
        let pairs = bowsher_pairs(inputs.grid, guide, self.chosen.get().into(), self.symmetric, kappa);
        Ok(Prior::Smooth(match self.potential {
            PotentialConfig::Quadratic => quadratic(pairs),
            PotentialConfig::RelativeDifference(p) => {
                relative_difference(pairs, p.gamma.get() as f32, inputs.epsilon(p.epsilon)?)
            }
        }))
    }

    fn conflicts(&self) -> Vec<Conflict> {
        let many = || {
            let message = format!("a voxel has 26 neighbours, {} cannot be chosen", self.chosen);
            Conflict::at("chosen", message).cure("7 are usual")
        };
        (self.chosen.get() > 26).then(many).into_iter().collect()
    }
}

fn seven() -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(6)
}
