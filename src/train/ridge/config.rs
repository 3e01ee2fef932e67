//! `[model.ridge]`: what is trained and on what.

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

/// `[model.ridge]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RidgeTrainConfig {
    /// Voxels of a filter along x, y, z; all odd, 1 along z for a model of single planes.
    #[serde(deserialize_with = "crate::units::parts")]
    pub kernel: [usize; 3],
    /// Number of filters.
    #[serde(deserialize_with = "crate::units::parts")]
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
    #[serde(deserialize_with = "crate::units::repeats")]
    pub steps: usize,
    /// Largest relative step of the parameters.
    pub rate: Positive,
    /// Of all random numbers.
    pub seed: u64,
}

impl RidgeTrainConfig {
    /// What the training data are.
    pub fn in_words(&self) -> String {
        let kind = if self.kernel[2] == 1 { "planes" } else { "volumes" };
        let [x, y, z] = self.shape;
        format!(
            "{} samples of {x} x {y} x {z} voxels: random {kind} of ellipsoids and boxes with texture and lesions, through \
             random convolutions with the spectrum of PET data, Gaussian noise; seed {}",
            self.steps, self.seed
        )
    }

    /// The first key that cannot be used, and why.
    pub fn flaw(&self) -> Option<(&'static str, String)> {
        let small = |side: usize| {
            [2, 3, 5].into_iter().fold(side, |n, p| (0..8).fold(n, |n, _| if n.is_multiple_of(p) { n / p } else { n }))
                == 1
        };
        let fits = (0..3).all(|axis| self.shape[axis] >= self.kernel[axis]);
        let rising = self.knots.windows(2).all(|pair| pair[0] < pair[1]) && self.knots.iter().all(|knot| *knot > 0.0);
        let flaws = [
            ("kernel", self.kernel.iter().all(|side| side % 2 == 1), "the sides of a filter are odd numbers of voxels"),
            ("kernel", self.kernel[0] * self.kernel[1] > 1, "a filter needs several voxels across the axis"),
            ("filters", self.filters > 0, "at least one filter is needed"),
            ("steps", self.steps > 0, "0 steps learn nothing"),
            ("knots", rising && !self.knots.is_empty(), "knots are numbers above zero, each greater than the last"),
            (
                "shape",
                fits && self.shape.iter().all(|&side| small(side)),
                "samples are at least as large as the filters, and their sides have no prime factors above 5",
            ),
            (
                "noise",
                !self.noise.is_empty() && self.noise.iter().all(|s| *s > 0.0 && s.is_finite()),
                "noise levels are finite numbers above zero",
            ),
        ];
        flaws.into_iter().find(|(_, right, _)| !right).map(|(key, _, message)| (key, message.to_owned()))
    }
}

/// 0.005 to 1.3, in equal ratios.
fn knots() -> Vec<f32> {
    (0..8).map(|k| 0.005 * 2.2_f32.powi(k)).collect()
}
