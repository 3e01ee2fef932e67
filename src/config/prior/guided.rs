//! The tables `[prior.…]` of priors that an anatomical image guides.

use super::tables::two;
use super::{AnatomicalConfig, Beta};
use crate::image::ImageUnit;
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU8;

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
    /// Steps of the anatomical image per voxel that count as an edge, as a share of its largest value.
    #[serde(default = "hundredth")]
    pub relative_eta: Positive,
    /// Smoothing at zero, in image units; by default 1/1000 of the maximum of the start image.
    #[serde(default)]
    pub epsilon: Option<Positive>,
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
    /// Steps of the anatomical image per voxel that count as an edge, as a share of its largest value.
    #[serde(default = "hundredth")]
    pub relative_eta: Positive,
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

/// `[prior.kernel]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelConfig {
    /// The image whose patches make the kernel.
    pub anatomical: AnatomicalConfig,
    /// Search window: voxels to either side along each axis.
    #[serde(default = "two_voxels")]
    pub reach: WindowReach,
    /// Entries of each row, the voxel itself included.
    #[serde(default = "twelve")]
    pub nearest: NonZeroU8,
    /// Width σ of the kernel, in standard deviations of the anatomical image.
    #[serde(default = "quarter")]
    pub relative_width: Positive,
}

/// Voxels to either side of a search window: 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
pub struct WindowReach(#[schemars(range(min = 1, max = 4))] u8);

impl WindowReach {
    /// The number of voxels.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl TryFrom<u8> for WindowReach {
    type Error = String;
    fn try_from(voxels: u8) -> Result<Self, String> {
        match voxels {
            1..=4 => Ok(Self(voxels)),
            _ => Err(format!("a search window reaches 1 to 4 voxels, not {voxels}")),
        }
    }
}

impl From<WindowReach> for u8 {
    fn from(reach: WindowReach) -> u8 {
        reach.0
    }
}

fn hundredth() -> Positive {
    Positive::constant(0.01)
}

fn quarter() -> Positive {
    Positive::constant(0.25)
}

fn one() -> WindowReach {
    WindowReach(1)
}

fn two_voxels() -> WindowReach {
    WindowReach(2)
}

fn seven() -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(6)
}

fn twelve() -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(11)
}
