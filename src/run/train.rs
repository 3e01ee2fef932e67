//! `coincide train`: a network is trained end to end through the projector, or a ridge regulariser.

use super::ridge_training::{RidgeTrainResult, train_ridge};
use super::{Options, RunError, first};
use crate::config::{Source, TrainConfig, TrainingRun};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Result of `coincide train`.
#[derive(Clone, Debug, Serialize)]
pub struct TrainResult {
    /// The weights.
    pub model: PathBuf,
    /// Steps made, those before a stop included.
    pub steps: usize,
    /// Steps of the whole run.
    pub of_steps: usize,
    /// Training time in s, that before a stop included.
    pub seconds: f64,
    /// Mean NRMSE of the network on the validation scans, by its best weights.
    pub validation: f64,
    /// The same of OSEM with a Gaussian filter, iterations and width chosen for each scan by an oracle.
    pub filtered_osem: f64,
    /// γ of each stage.
    pub gamma: Vec<f64>,
}

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

impl std::fmt::Display for TrainResult {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { model, steps, of_steps, seconds, validation, filtered_osem, gamma } = self;
        writeln!(f, "{}: {steps} of {of_steps} steps in {seconds:.0} s, γ {gamma:.3?}", model.display())?;
        writeln!(f, "validation NRMSE {validation:.4}; OSEM + Gaussian, both by an oracle: {filtered_osem:.4}")
    }
}

impl std::fmt::Display for Trained {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Network(result) => result.fmt(f),
            Self::Ridge(result) => result.fmt(f),
        }
    }
}
