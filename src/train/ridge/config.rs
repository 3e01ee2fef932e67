//! `[train.ridge]`: what is trained and on what.

use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which functions σ may be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Convexity {
    /// Slopes in [0, 1]: R is convex.
    Convex,
    /// Slopes in [−1, 1]: R may have concave parts, which keep edges sharper.
    Weak,
}

impl Convexity {
    /// The least slope.
    pub fn least_slope(self) -> f64 {
        match self {
            Self::Convex => 0.0,
            Self::Weak => -1.0,
        }
    }
}

/// `[train.ridge]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RidgeTrainConfig {
    /// Voxels of a filter along x, y, z; all odd, 1 along z for a model of single planes.
    pub kernel: [usize; 3],
    /// Number of filters.
    pub filters: usize,
    /// Which functions may be learned.
    pub convexity: Convexity,
    /// Knots of the functions, in mean activities of the body.
    #[serde(default = "knots")]
    pub knots: Vec<f32>,
    /// Voxels of a sample along x, y, z; for filters of one voxel along z the planes are anatomies of their own.
    pub shape: [usize; 3],
    /// Standard deviations σ of the noise, in mean activities of the body.
    pub noise: Vec<f64>,
    /// Samples, one per step.
    pub steps: usize,
    /// Largest relative step of the parameters.
    pub rate: Positive,
    /// Of all random numbers.
    pub seed: u64,
}

/// 0.005 to 1.3, in equal ratios.
fn knots() -> Vec<f32> {
    (0..8).map(|k| 0.005 * 2.2_f32.powi(k)).collect()
}
