//! `coincide train`: a network is trained end to end through the projector.

use super::{Options, RunError, first};
use crate::config::{Source, TrainConfig};
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

/// Trains the network of a config, or a part of the way.
pub fn train(path: &Path, part: TrainPart, options: &Options) -> Result<TrainResult, RunError> {
    let (source, config) = TrainConfig::read(path)?;
    first(config.conflicts(&source, options.force || part.resume))?;
    options.pool(config.run.threads)?.install(|| run(&source, &config, part, options))
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
