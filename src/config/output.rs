//! What is written, when a run stops, and how it runs.

use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[output]`: files of the result; relative to the config file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputConfig {
    /// HDF5 image with its provenance.
    #[serde(default)]
    pub image: Option<PathBuf>,
    /// NIfTI image (`.nii` or `.nii.gz`).
    #[serde(default)]
    pub nifti: Option<PathBuf>,
    /// Interfile image (`.hv`).
    #[serde(default)]
    pub interfile: Option<PathBuf>,
    /// PNG picture of the three middle slices.
    #[serde(default)]
    pub picture: Option<PathBuf>,
    /// An image every so many full iterations, beside `image`: `image.iteration-2.h5`.
    #[serde(default)]
    pub snapshots_every: Option<usize>,
}

/// `[stop]`: reasons to stop before all iterations are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopConfig {
    /// Reconstruction time in s; metrics, files and pictures are not counted.
    #[serde(default)]
    pub time_limit_s: Option<Positive>,
    /// Stop when ‖x − x_before‖ / ‖x‖ of a full iteration falls below this.
    #[serde(default)]
    pub relative_change: Option<Positive>,
}

/// `[run]`: how the run is carried out. Neither key changes the image except the seed of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Threads; 0 means all.
    #[serde(default)]
    pub threads: usize,
    /// Seed of everything random.
    #[serde(default = "one")]
    pub seed: u64,
    /// Objective value every so many full iterations; 0 means only at the end.
    #[serde(default)]
    pub objective_every: usize,
}

fn one() -> u64 {
    1
}

impl Default for RunConfig {
    fn default() -> Self {
        Self { threads: 0, seed: 1, objective_every: 0 }
    }
}
