//! A measurement, and where it comes from.

use super::RunError;
use crate::data::Measurement;
use crate::io::IoError;
use crate::phantom::whole;
use crate::report::{Input, sha256};
use std::path::{Path, PathBuf};

/// A measurement, the files that it was made of, and the seed where it was simulated.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Counts, factors and background.
    pub measurement: Measurement,
    /// The files, with their hashes.
    pub inputs: Vec<Input>,
    /// The seed of a simulation.
    pub seed: Option<u64>,
    /// Voxels in mm of the image that a simulation scanned.
    pub scanned_voxels_mm: Option<[f64; 3]>,
}

impl From<Measurement> for Scan {
    /// A measurement that is made of no files.
    fn from(measurement: Measurement) -> Self {
        Self { measurement, inputs: Vec::new(), seed: None, scanned_voxels_mm: None }
    }
}

/// A file, and those that belong to it, with their hashes.
pub(super) fn inputs(path: &Path) -> Result<Vec<Input>, RunError> {
    whole(path).into_iter().map(input).collect()
}

/// A file with its hash.
fn input(path: PathBuf) -> Result<Input, RunError> {
    match sha256(&path) {
        Ok(sha256) => Ok(Input { path, sha256 }),
        Err(source) => Err(RunError::Io(IoError::System { path, action: "hashing", source })),
    }
}
