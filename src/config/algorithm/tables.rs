//! The tables `[algorithm.…]`: one struct per algorithm.

use super::StartConfig;
use crate::algorithm::{BsremVariant, DenoiseEvery, Relaxation};
use crate::units::{NonNegative, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[algorithm.mlem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MlemConfig {
    /// Full iterations.
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

/// `[algorithm.osem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OsemConfig {
    /// Subsets of interleaved views; must divide the number of views.
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

/// `[algorithm.osl]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OslConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one")]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

/// `[algorithm.de-pierro]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DePierroConfig {
    /// Subsets of interleaved views; must divide the number of views. Only with one does the image converge.
    #[serde(default = "one")]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

/// `[algorithm.bsrem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BsremConfig {
    /// Subsets of interleaved views; must divide the number of views.
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// Step of the first iteration, in EM steps.
    #[serde(default = "unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "tenth")]
    pub relaxation_decay: NonNegative,
    /// Where the prior acts: "two" with every subset (BSREM-II), "one" after all of them (BSREM-I).
    #[serde(default)]
    pub variant: BsremVariant,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.sps]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpsConfig {
    /// Subsets of interleaved views; must divide the number of views.
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// Step of the first iteration, in steps of the surrogate.
    #[serde(default = "unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "tenth")]
    pub relaxation_decay: NonNegative,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.svrg]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SvrgConfig {
    /// Subsets of interleaved views; must divide the number of views. One image is kept per subset.
    pub subsets: usize,
    /// Full iterations: passes over all subsets, those for new anchors not counted.
    pub iterations: usize,
    /// Step of the first iteration, in preconditioned steps.
    #[serde(default = "unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "twentieth")]
    pub relaxation_decay: NonNegative,
    /// Full iterations between two anchors, each of which costs one pass more.
    #[serde(default = "two")]
    pub anchor_every: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl SvrgConfig {
    /// Subsets and full iterations; all else as without any key.
    pub fn new(subsets: usize, iterations: usize) -> Self {
        let (relaxation, relaxation_decay, anchor_every) = (unit_step(), twentieth(), two());
        Self { subsets, iterations, relaxation, relaxation_decay, anchor_every, start: StartConfig::osem() }
    }
}

/// `[algorithm.saga]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SagaConfig {
    /// Subsets of interleaved views; must divide the number of views. One image is kept per subset.
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// Step of the first iteration, in preconditioned steps. Above a third, convergence is not certain far from the
    /// maximum.
    #[serde(default = "third")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "twentieth")]
    pub relaxation_decay: NonNegative,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.lbfgs]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LbfgsConfig {
    /// Updates; each takes all data once, or more often where a step has to be shortened.
    pub iterations: usize,
    /// Steps that are remembered, two images each.
    #[serde(default = "seven")]
    pub memory: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.proximal-newton]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProximalNewtonConfig {
    /// Updates; each takes all data once, or more often where a step has to be shortened.
    pub iterations: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.svrn]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SvrnConfig {
    /// Subsets of interleaved views; must divide the number of views. One image is kept per subset; 6 are good where
    /// that leaves 16 views or more.
    pub subsets: usize,
    /// Iterations of as many updates as there are subsets; each takes nearly two passes over the data.
    pub iterations: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.pdhg]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PdhgConfig {
    /// Full iterations.
    pub iterations: usize,
    /// Above 1 moves the steps from the image to the dual variables.
    #[serde(default = "unit_step")]
    pub balance: Positive,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.spdhg]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpdhgConfig {
    /// Subsets of interleaved views; must divide the number of views.
    pub subsets: usize,
    /// Full iterations: as many updates as there are subsets, each of one chosen at random.
    pub iterations: usize,
    /// Above 1 moves the steps from the image to the dual variables.
    #[serde(default = "unit_step")]
    pub balance: Positive,
    /// Seed of the order of the subsets.
    #[serde(default)]
    pub seed: u64,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.pnp-mm]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PnpMmConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one")]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// Lipschitz constant L of x − D(x). 1 pulls to D(x) itself; 2 is safe for every D that enlarges no difference.
    #[serde(default = "unit_step")]
    pub lipschitz: Positive,
    /// When D is run: before each "iteration" or each "update".
    #[serde(default)]
    pub denoise_every: DenoiseEvery,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.pnp-admm]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PnpAdmmConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one")]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// Passes over the data between two runs of the denoiser.
    #[serde(default = "two")]
    pub passes: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// `[algorithm.red]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one")]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// Step of the first iteration, in steps of EM shortened by the pull.
    #[serde(default = "unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "twentieth")]
    pub relaxation_decay: NonNegative,
    /// When D is run: before each "iteration" or each "update".
    #[serde(default)]
    pub denoise_every: DenoiseEvery,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

/// The steps of a config.
pub(super) fn steps(relaxation: Positive, decay: NonNegative) -> Relaxation {
    Relaxation { first: relaxation.get(), decay: decay.get() }
}

fn one() -> usize {
    1
}

fn two() -> usize {
    2
}

fn seven() -> usize {
    7
}

fn unit_step() -> Positive {
    Positive::constant(1.0)
}

fn tenth() -> NonNegative {
    NonNegative::constant(0.1)
}

/// 1 / 3L, the step of SAGA's proof, in units of a preconditioned step.
fn third() -> Positive {
    Positive::constant(1.0 / 3.0)
}

fn twentieth() -> NonNegative {
    NonNegative::constant(0.05)
}
