//! Config of `coincide train`.

mod data;
mod kind;
mod model;
mod ridge;

pub use data::{PublicDataConfig, TrainingDataConfig, TrainingScannerConfig};
pub use kind::TrainingRun;
pub use model::{TrainedModelConfig, UnrolledTrainingConfig};
pub use ridge::{RidgeTrainOutput, RidgeTrainTable, RidgeTraining};

use super::collisions::{Written, collisions};
use super::{ConfigError, RunConfig, Source};
use crate::paths::FilePath;
use crate::prior::network::MapImage;
use crate::train::{DetectionSchedule, Family, FilterSchedule, Loss, Precision, PublicData, Schedule, Term, Training};
use crate::units::{Fraction, NonNegative, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A training run: which network, on what, towards what, how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// What is trained.
    pub model: TrainedModelConfig,
    /// What it is trained on.
    pub data: TrainingDataConfig,
    /// What is made small.
    pub loss: LossConfig,
    /// Training of the network by itself, as a filter of OSEM images, before that inside the reconstruction.
    #[serde(default)]
    pub filter: Option<TrainedFilterConfig>,
    /// A term of the loss that asks for lesions, and training of the network by itself with it.
    #[serde(default)]
    pub detection: Option<DetectionConfig>,
    /// Steps and rates.
    pub optimiser: OptimiserConfig,
    /// When and on what progress is judged.
    #[serde(default)]
    pub validation: ValidationConfig,
    /// Files.
    pub output: TrainOutput,
    /// Threads.
    #[serde(default)]
    pub run: RunConfig,
}

/// What is made small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum LossConfig {
    /// NRMSE to the truth at a stated resolution.
    Supervised {
        /// FWHM in mm of the truth: sharper than the data can show is not asked for.
        target_fwhm_mm: Positive,
    },
    /// Poisson likelihood of counts held out from the reconstruction; no truth is used. Validation still is against the
    /// truth.
    HeldOut {
        /// Share of the counts that are reconstructed.
        share: Fraction,
        /// FWHM in mm of the truth on the validation cases.
        target_fwhm_mm: Positive,
    },
}

/// `[optimiser]`: Adam with a rate that rises, then falls along a cosine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptimiserConfig {
    /// Steps, each on a stack of scans of its own.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub steps: usize,
    /// Largest rate of the weights.
    #[serde(default = "rate")]
    pub learning_rate: Positive,
    /// Largest rate of ln γ.
    #[serde(default = "gamma_rate")]
    pub gamma_learning_rate: Positive,
    /// Steps over which the rate rises.
    #[serde(default = "rise", deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub rise_steps: usize,
    /// Share of the rate that is left at the end.
    #[serde(default = "end")]
    pub end_share: Fraction,
    /// Gradients of a larger norm are scaled down to it.
    #[serde(default = "one")]
    pub largest_gradient: Positive,
    /// Weight, at the largest rate, of the loss of the network's own images beside that of the last image; it falls as
    /// the rate does.
    #[serde(default = "third")]
    pub deep_supervision: NonNegative,
    /// Numbers that the network is worked out in while it learns.
    #[serde(default)]
    pub precision: Precision,
}

/// `[filter]`: the network by itself, as a filter of OSEM images towards the truth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainedFilterConfig {
    /// Stacks of scans; their images are kept in memory.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub stacks: usize,
    /// Steps, each on one image of all scans of a stack.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub steps: usize,
    /// Largest rate of the weights.
    #[serde(default = "rate")]
    pub learning_rate: Positive,
}

/// `[detection]`: what an observer of known lesions loses to the network joins the loss, on two noises of each body
/// without and with lesions. The samples of `[filter]` then are such bodies; their number is `filter.stacks`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetectionConfig {
    /// Weight of the term beside the NRMSE.
    #[serde(default = "detection_weight")]
    pub weight: NonNegative,
    /// Of a lesion, this share of what comes through in the MAP images that the network begins with shall come through
    /// at least.
    #[serde(default = "detection_floor")]
    pub floor: NonNegative,
    /// Bodies of a step: the term is a logarithm of sums over their lesions, and noise where these are few.
    #[serde(default = "two", deserialize_with = "crate::units::repeats")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub bodies: usize,
    /// Steps of the network by itself with the term, after those of `[filter]`.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub steps: usize,
    /// Largest rate of the weights.
    #[serde(default = "detection_rate")]
    pub learning_rate: Positive,
}

impl DetectionConfig {
    /// What training follows.
    pub fn schedule(&self) -> DetectionSchedule {
        let Self { bodies, steps, .. } = *self;
        let term = Term { weight: self.weight.get(), floor: self.floor.get() };
        DetectionSchedule { term, bodies, steps, rate: self.learning_rate.get() }
    }

    /// What it lacks.
    fn conflicts(&self, config: &TrainConfig, source: &Source) -> Vec<ConfigError> {
        let TrainedModelConfig::Unrolled(model) = &config.model;
        let lacking = |lacks: bool, message: &str, help: &str| {
            lacks.then(|| source.mistake("detection", message, Some(help.into())))
        };
        let start =
            "add `map_start = { weight = 2e-2, exponent = 0.9, subsets = 12, iterations = 6 }` to [model.unrolled]";
        let families = "add `families = [\"torso\", \"ribbons\", \"voronoi\"]` to [data]";
        let supervised = matches!(config.loss, LossConfig::Supervised { .. });
        let all = [
            lacking(
                model.map_start.is_none(),
                "lesions are judged against a MAP image to start from, and there is none",
                start,
            ),
            lacking(
                config.data.families.is_empty(),
                "bodies with and without lesions are those of named families",
                families,
            ),
            lacking(!supervised, "the term needs the truth", "use `[loss.supervised]`"),
            lacking(
                config.filter.is_none(),
                "there are no samples for its steps",
                "add `[filter]` with `stacks` and `steps`",
            ),
            (self.bodies == 0).then(|| source.mistake("detection.bodies", "0 is too few", None)),
            (self.steps == 0).then(|| source.mistake("detection.steps", "0 is too few", None)),
        ];
        all.into_iter().flatten().collect()
    }
}

impl TrainedFilterConfig {
    /// What training follows.
    pub fn schedule(&self) -> FilterSchedule {
        FilterSchedule { stacks: self.stacks, steps: self.steps, rate: self.learning_rate.get() }
    }
}

/// `[validation]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Steps between two validations, each with a checkpoint.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub every_steps: usize,
    /// Stacks of scans, from a seed of their own: the same in the whole run.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub stacks: usize,
    /// Their seed.
    pub seed: u64,
    /// Families of their bodies, such as training has not seen; those of `[data]` where none are named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<Family>,
}

/// `[output]` of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainOutput {
    /// The weights, `NAME.safetensors`; beside them come the model card `NAME.json`, the checkpoint `NAME.checkpoint`,
    /// and the learning curve `NAME.curve.csv`, `.svg` and `.png`.
    pub model: FilePath,
    /// Licence of the weights.
    #[serde(default = "licence")]
    pub licence: String,
}

fn rate() -> Positive {
    Positive::constant(2e-3)
}

fn gamma_rate() -> Positive {
    Positive::constant(2e-2)
}

fn rise() -> usize {
    50
}

fn end() -> Fraction {
    Fraction::default()
}

fn two() -> usize {
    2
}

fn detection_weight() -> NonNegative {
    NonNegative::constant(0.015)
}

fn detection_floor() -> NonNegative {
    NonNegative::constant(1.0)
}

fn detection_rate() -> Positive {
    Positive::constant(5e-4)
}

fn third() -> NonNegative {
    NonNegative::constant(0.3)
}

fn one() -> Positive {
    Positive::constant(1.0)
}

fn licence() -> String {
    "MIT".into()
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self { every_steps: 50, stacks: 4, seed: 1_000_003, families: Vec::new() }
    }
}

impl TrainConfig {
    /// Reads a config.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config = source.parse()?;
        Ok((source, config))
    }

    /// Everything that keeps training from being run. `force` allows the files to be replaced.
    pub fn conflicts(&self, source: &Source, force: bool) -> Vec<ConfigError> {
        let zero = |at: &str, found: usize| (found == 0).then(|| source.mistake(at, "0 is too few", None));
        let output = source.unwritable("output.model", &self.output.model, &[".safetensors"], force);
        let numbers = [
            zero("optimiser.steps", self.optimiser.steps),
            self.filter.and_then(|filter| zero("filter.stacks", filter.stacks)),
            self.filter.and_then(|filter| zero("filter.steps", filter.steps)),
            zero("validation.every_steps", self.validation.every_steps),
            zero("validation.stacks", self.validation.stacks),
        ];
        let same_seed = (self.validation.seed == self.data.seed).then(|| {
            let help = Some("give `validation.seed` or `data.seed` another number".into());
            source.mistake("validation.seed", "the validation cases would be the first of training", help)
        });
        let share = match self.loss {
            LossConfig::HeldOut { share, .. } if share.get() == 0.0 => {
                let help = Some("0.5 reconstructs half of the counts".into());
                Some(source.mistake("loss.held-out.share", "nothing would be reconstructed", help))
            }
            _ => None,
        };
        let TrainedModelConfig::Unrolled(model) = &self.model;
        let of_model = model.conflicts(&self.data, source);
        let of_data = self.data.conflicts(source);
        let judged = self.data.no_families("validation.families", &self.validation.families, source);
        let detection = self.detection.iter().flat_map(|detection| detection.conflicts(self, source));
        let own =
            numbers.into_iter().flatten().chain(output).chain(same_seed).chain(share).chain(judged).chain(detection);
        let model = [Written::named("output.model", &self.output.model)];
        own.chain(of_model).chain(of_data).chain(collisions(source, &model)).collect()
    }

    /// The training whose cases judge progress.
    pub fn judged(&self, source: &Source, public: PublicData) -> Result<Training, ConfigError> {
        let mut judged = self.training(source, public, self.validation.seed)?;
        if !self.validation.families.is_empty() {
            judged.source.families = self.validation.families.clone();
        }
        Ok(judged)
    }

    /// What training follows, with public data that are read already. `seed` is that of training or of validation.
    pub fn training(&self, source: &Source, public: PublicData, seed: u64) -> Result<Training, ConfigError> {
        let TrainedModelConfig::Unrolled(model) = &self.model;
        let (loss, held_out, fwhm) = match self.loss {
            LossConfig::Supervised { target_fwhm_mm } => (Loss::Supervised, None, target_fwhm_mm),
            LossConfig::HeldOut { share, target_fwhm_mm } => (Loss::HeldOut, Some(share.get()), target_fwhm_mm),
        };
        let mut cases = self.data.source(source, public)?;
        (cases.seed, cases.held_out, cases.target_fwhm_mm) = (seed, held_out, fwhm.get());
        Ok(Training {
            source: cases,
            unrolling: model.unrolling(),
            start: model.map_start,
            weak: model.weak.unwrap_or(MapImage::WEAK),
            sees_noise: model.noise,
            companions: model.companions.clone(),
            subsets: model.subsets,
            loss,
            filter: self.filter.map(|filter| filter.schedule()),
            detection: self.detection.map(|detection| detection.schedule()),
            schedule: Schedule {
                steps: self.optimiser.steps,
                rate: self.optimiser.learning_rate.get(),
                gamma_rate: self.optimiser.gamma_learning_rate.get(),
                rise: self.optimiser.rise_steps,
                end: self.optimiser.end_share.get(),
                largest_gradient: self.optimiser.largest_gradient.get(),
                deep: self.optimiser.deep_supervision.get(),
            },
        })
    }
}
