//! The table `[model.unrolled]` of a training run.

use super::TrainingDataConfig;
use crate::config::{ConfigError, Source};
use crate::paths::FilePath;
use crate::prior::network::{Applied, Architecture, Companion, MapImage};
use crate::train::{Stack, Unrolling};
use crate::units::{Positive, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which kind of model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrainedModelConfig {
    /// A network between the updates of EM, as `[prior.unrolled]` runs it.
    Unrolled(UnrolledTrainingConfig),
}

/// `[model.unrolled]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnrolledTrainingConfig {
    /// Convolutions.
    #[serde(default = "five", deserialize_with = "crate::units::parts")]
    #[schemars(range(min = 2, max = 64))]
    pub layers: usize,
    /// Channels between them.
    #[serde(default = "width", deserialize_with = "crate::units::parts")]
    #[schemars(range(min = 1, max = 512))]
    pub channels: usize,
    /// Voxels of the kernels along x, y, z; all odd.
    #[serde(default = "flat", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub kernel: [usize; 3],
    /// The same, layer by layer, where they differ; `kernel` is not used then.
    #[serde(default)]
    pub kernels: Vec<[usize; 3]>,
    /// Voxels from one tap of the kernels to the next, layer by layer; 1 where none are given.
    #[serde(default, deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub dilations: Vec<usize>,
    /// Whether the network sees how noisy the scan is.
    #[serde(default = "yes")]
    pub noise: bool,
    /// What else it sees of the scan.
    #[serde(default)]
    pub companions: Vec<Companion>,
    /// Full iterations with a γ of their own; the last one serves all further ones.
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
    #[schemars(range(min = 1, max = 256))]
    pub stages: usize,
    /// Whether all stages share one body.
    #[serde(default = "yes")]
    pub shared: bool,
    /// How often the network is evaluated.
    #[serde(default = "every_iteration")]
    pub applied: Applied,
    /// Full iterations that are unrolled.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub iterations: usize,
    /// Subsets; the largest number up to this that divides a scanner's views is taken.
    #[schemars(range(min = 1, max = 65_536))]
    #[serde(deserialize_with = "crate::units::parts")]
    pub subsets: usize,
    /// The image that the reconstruction goes on from; without it, a uniform one.
    #[serde(default)]
    pub map_start: Option<MapImage>,
    /// The weakly regularised image: a companion, what lesions are measured by, and what the network's image is blended
    /// with; without it, the usual one.
    #[serde(default)]
    pub weak: Option<MapImage>,
    /// Share of the weakly regularised image in what the trained model makes, 0 to 1, for its card; training itself is
    /// without.
    #[serde(default)]
    pub blend: Option<Share>,
    /// γ of each stage at the start, for a scan with one event per voxel; the last one serves all further stages.
    /// Without it, those of `start`, else 1, and a hundredth in the first of several stages, whose image is uniform.
    #[serde(default)]
    pub gamma: Vec<Positive>,
    /// Whether the gradient stops at the EM steps, as in published code; worse, for comparison.
    #[serde(default)]
    pub detached: bool,
    /// Weights to start from instead of random ones: a `.safetensors` file of the same architecture, its card beside
    /// it. Its kernels may be shorter along z: a two-dimensional network is where a three-dimensional one begins well.
    #[serde(default)]
    pub start: Option<FilePath>,
}

fn every_iteration() -> Applied {
    Applied::Iteration
}

fn one() -> usize {
    1
}

fn five() -> usize {
    5
}

fn width() -> usize {
    32
}

fn flat() -> [usize; 3] {
    [3, 3, 1]
}

fn yes() -> bool {
    true
}

impl UnrolledTrainingConfig {
    /// The network.
    pub fn architecture(&self) -> Architecture {
        let mut architecture = Architecture::plain(self.layers, self.channels, self.kernel, self.kernel, false);
        architecture.layers.iter_mut().zip(&self.kernels).for_each(|(layer, kernel)| layer.kernel = *kernel);
        architecture.layers.iter_mut().zip(&self.dilations).for_each(|(layer, apart)| layer.dilation = *apart);
        architecture.noise = self.noise;
        architecture.companions = self.companions.clone();
        let further = usize::from(self.noise) + self.companions.len();
        architecture.layers.iter_mut().take(1).for_each(|first| first.inputs += further);
        Architecture { stages: self.stages, shared: self.shared, applied: self.applied, ..architecture }
    }

    /// How it is unrolled.
    pub fn unrolling(&self) -> Unrolling {
        Unrolling { iterations: self.iterations, applied: self.applied, detached: self.detached }
    }

    /// What keeps it from being trained on these data.
    pub(super) fn conflicts(&self, data: &TrainingDataConfig, source: &Source) -> Vec<ConfigError> {
        let at = |key: &str| format!("model.unrolled.{key}");
        let zero = |key: &str, found: usize| (found == 0).then(|| source.mistake(&at(key), "0 is too few", None));
        let numbers = [zero("iterations", self.iterations), zero("subsets", self.subsets)];
        let uneven = |key: &str, given: usize| {
            let message = format!("{given} given for {} layers", self.layers);
            (given != 0 && given != self.layers).then(|| source.mistake(&at(key), message, None))
        };
        let uneven = [uneven("kernels", self.kernels.len()), uneven("dilations", self.dilations.len())];
        let many = (self.gamma.len() > self.stages).then(|| {
            let found = format!("{} numbers for {} stages", self.gamma.len(), self.stages);
            source.mistake(&at("gamma"), found, None)
        });
        let flat = (self.map_start.is_some() && matches!(data.stack, Stack::Slices { .. })).then(|| {
            let help =
                Some("the relative difference prior would join slices of different bodies; use `stack.volume`".into());
            source.mistake(&at("map_start"), "a MAP image to start from is for volumes only", help)
        });
        let maps = [("map_start", self.map_start), ("weak", self.weak)].map(|(key, map)| {
            let (field, found, expected) = map?.flaw()?;
            Some(source.mistake(&at(&format!("{key}.{field}")), format!("{found}, expected {expected}"), None))
        });
        let architecture = self.architecture();
        let flaw = architecture.check().err().map(|problem| source.mistake("model.unrolled", problem, None));
        let deep = architecture.layers.iter().any(|layer| layer.kernel[2] > 1);
        let crossed = (deep && matches!(data.stack, Stack::Slices { .. })).then(|| {
            let help = Some("train it on `stack.volume = { rings = 12, max_ring_difference = 11 }`".into());
            source.mistake("data.stack", "the network's kernels reach across slices that show different bodies", help)
        });
        let start = self.start.as_ref().and_then(|path| source.missing(&at("start"), path));
        numbers
            .into_iter()
            .flatten()
            .chain(uneven.into_iter().flatten())
            .chain(many)
            .chain(flat)
            .chain(maps.into_iter().flatten())
            .chain(flaw)
            .chain(crossed)
            .chain(start)
            .collect()
    }
}
