//! What `coincide train` says of a network.

use crate::paths::shown;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

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

impl fmt::Display for TrainResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { model, steps, of_steps, seconds, validation, filtered_osem, gamma } = self;
        writeln!(f, "{}: {steps} of {of_steps} steps in {seconds:.0} s, γ {gamma:.3?}", shown(model))?;
        writeln!(f, "validation NRMSE {validation:.4}; OSEM + Gaussian, both by an oracle: {filtered_osem:.4}")
    }
}
