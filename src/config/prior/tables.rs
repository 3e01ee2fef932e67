//! The tables `[prior.…]`: one struct per prior. Constants in "image units" are in the unit of the reconstructed image,
//! Bq/mL or counts/mm; `unit` states which, and is checked.

use super::{Beta, NeighboursConfig};
use crate::image::ImageUnit;
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    pub neighbours: NeighboursConfig,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
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
    pub neighbours: NeighboursConfig,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

/// `[prior.log-cosh]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogCoshConfig {
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
    pub neighbours: NeighboursConfig,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
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
    pub neighbours: NeighboursConfig,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

/// `[prior.hyperbolic-total-variation]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HyperbolicTotalVariationConfig {
    /// Weight, per unit of the image; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `epsilon` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Smoothing at zero, in image units; by default 1/1000 of the maximum of the start image.
    #[serde(default)]
    pub epsilon: Option<Positive>,
}

/// `[prior.median-root]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MedianRootConfig {
    /// Weight, a share of the sensitivity's maximum; or "auto".
    pub beta: Beta,
}

/// `[prior.total-variation]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotalVariationConfig {
    /// Weight, per unit of the image; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` is meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
}

pub(super) fn two() -> Positive {
    Positive::constant(2.0)
}
