//! `coincide train`: a network is trained end to end through the projector, or a ridge regulariser.

use super::ridge_training::{RidgeTrainResult, train_ridge};
use super::train_result::TrainResult;
use super::{Options, RunError, first};
use crate::config::{ConfigError, Source, TrainConfig, TrainingRun};
use crate::train::TrainError;
use serde::Serialize;
use std::path::Path;

/// Which part of a training run is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrainPart {
    /// Whether to go on from the checkpoint.
    pub resume: bool,
    /// Steps to make at most; all that are left where `None`.
    pub at_most: Option<usize>,
}

/// What was trained.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Trained {
    /// A network.
    Network(TrainResult),
    /// A ridge regulariser.
    Ridge(RidgeTrainResult),
}

/// Trains what a config names, or a part of the way.
pub fn train(path: &Path, part: TrainPart, options: &Options) -> Result<Trained, RunError> {
    match TrainingRun::read(path)? {
        (source, TrainingRun::Network(config)) => {
            let options = Options { force: options.force || part.resume, ..options.clone() };
            first(problems(&source, &TrainingRun::Network(config.clone()), &options))?;
            let options = &options;
            let run = || run(&source, &config, part, options);
            options.pool(config.run.threads)?.install(run).map(Trained::Network)
        }
        (_, TrainingRun::Ridge(_)) if part != TrainPart::default() => {
            let why = "a ridge regulariser is trained in minutes, in one go: leave --resume and --at-most out";
            Err(RunError::Usage(why.into()))
        }
        (source, TrainingRun::Ridge(config)) => train_ridge(&source, &config, options).map(Trained::Ridge),
    }
}

/// What keeps a training run from being made.
pub(super) fn problems(source: &Source, run: &TrainingRun, options: &Options) -> Vec<ConfigError> {
    match run {
        TrainingRun::Network(config) => {
            let mut problems = config.conflicts(source, options.force);
            if cfg!(not(feature = "torch")) {
                problems.push(source.mistake("model", TrainError::NoTorch.to_string(), None));
            }
            problems
        }
        TrainingRun::Ridge(config) => config.conflicts(source, options.force),
    }
}

#[cfg(not(feature = "torch"))]
fn run(_: &Source, _: &TrainConfig, _: TrainPart, _: &Options) -> Result<TrainResult, RunError> {
    Err(TrainError::NoTorch.into())
}

#[cfg(feature = "torch")]
fn run(source: &Source, config: &TrainConfig, part: TrainPart, options: &Options) -> Result<TrainResult, RunError> {
    super::training::Run::new(source, config, part.resume, options)?.finish(part.at_most)
}

impl std::fmt::Display for Trained {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Network(result) => result.fmt(f),
            Self::Ridge(result) => result.fmt(f),
        }
    }
}
