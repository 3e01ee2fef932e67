//! `coincide train`: a network is trained end to end through the projector, or a ridge regulariser.

use super::ridge_training::{RidgeTrainResult, train_ridge};
use super::train_result::TrainResult;
use super::{Options, RunError, first};
use crate::config::{Source, TrainConfig, TrainingRun};
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
            first(config.conflicts(&source, options.force || part.resume))?;
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

#[cfg(not(feature = "torch"))]
fn run(_: &Source, _: &TrainConfig, _: TrainPart, _: &Options) -> Result<TrainResult, RunError> {
    Err(crate::train::TrainError::NoTorch.into())
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
