//! Config of `coincide train` for a ridge regulariser: `[model.ridge]`.

use crate::config::collisions::{Written, collisions};
use crate::config::{ConfigError, RunConfig, Source};
use crate::paths::FilePath;
use crate::train::ridge::RidgeTrainConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A training run of a regulariser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RidgeTraining {
    /// What is trained and on what.
    pub model: RidgeTrainTable,
    /// Files.
    pub output: RidgeTrainOutput,
    /// Threads.
    #[serde(default)]
    pub run: RunConfig,
}

/// `[model.…]`: the table's name is what is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RidgeTrainTable {
    /// A ridge regulariser.
    Ridge(RidgeTrainConfig),
}

/// `[output]` of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RidgeTrainOutput {
    /// The weights, `NAME.safetensors`; the model card `NAME.json` comes beside them.
    pub model: FilePath,
    /// The files are written after every so many steps.
    #[serde(default = "often", deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub every_steps: usize,
    /// Licence of the weights.
    pub licence: String,
}

fn often() -> usize {
    500
}

impl RidgeTraining {
    /// Everything in the config that contradicts itself or the machine's files. `force` allows files to be replaced.
    pub fn conflicts(&self, source: &Source, force: bool) -> Vec<ConfigError> {
        let RidgeTrainTable::Ridge(config) = &self.model;
        let output = source.unwritable("output.model", &self.output.model, &[".safetensors"], force);
        let flaw = config.flaw().map(|(key, message)| source.mistake(&format!("model.ridge.{key}"), message, None));
        let never = (self.output.every_steps == 0).then(|| {
            source.mistake("output.every_steps", "0 is not a number of steps", Some("1 writes after every step".into()))
        });
        // The card beside the weights is written, too, and replaced no more than they are.
        let card = self.output.model.with_extension("json");
        let card_there = source.unwritable("output.model", &card, &[".json"], force);
        let model = [Written::named("output.model", &self.output.model)];
        output.into_iter().chain(card_there).chain(never).chain(flaw).chain(collisions(source, &model)).collect()
    }
}
