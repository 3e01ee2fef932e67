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
    /// Training time in s, that before a stop included.
    pub seconds: f64,
    /// Mean NRMSE of the network on the validation scans, by its best weights.
    pub validation: f64,
    /// The same of OSEM with a Gaussian filter, iterations and width chosen for each scan by an oracle.
    pub filtered_osem: f64,
    /// γ of each stage.
    pub gamma: Vec<f64>,
}

/// Trains the network of a config; `resume` goes on from its checkpoint.
pub fn train(path: &Path, resume: bool, options: &Options) -> Result<TrainResult, RunError> {
    let (source, config) = TrainConfig::read(path)?;
    first(config.conflicts(&source, options.force || resume))?;
    options.pool(config.run.threads)?.install(|| run(&source, &config, resume, options))
}

#[cfg(not(feature = "torch"))]
fn run(_: &Source, _: &TrainConfig, _: bool, _: &Options) -> Result<TrainResult, RunError> {
    Err(crate::train::TrainError::NoTorch.into())
}

#[cfg(feature = "torch")]
fn run(source: &Source, config: &TrainConfig, resume: bool, options: &Options) -> Result<TrainResult, RunError> {
    super::training::Run::new(source, config, resume, options)?.finish()
}

impl std::fmt::Display for TrainResult {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { model, steps, seconds, validation, filtered_osem, gamma } = self;
        writeln!(f, "{}: {steps} steps in {seconds:.0} s, γ {gamma:.3?}", model.display())?;
        writeln!(f, "validation NRMSE {validation:.4}; OSEM + Gaussian, both by an oracle: {filtered_osem:.4}")
    }
}
