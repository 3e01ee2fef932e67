//! A measurement, and where it comes from.

use super::RunError;
use crate::data::Measurement;
use crate::io::IoError;
use crate::report::{Input, sha256};
use std::path::PathBuf;

/// A measurement, the files that it was made of, and the seed where it was simulated.
#[derive(Clone)]
pub(super) struct Acquired {
    pub measurement: Measurement,
    pub inputs: Vec<Input>,
    pub seed: Option<u64>,
}

/// A file with its hash.
pub(super) fn input(path: PathBuf) -> Result<Input, RunError> {
    match sha256(&path) {
        Ok(sha256) => Ok(Input { path, sha256 }),
        Err(source) => Err(RunError::Io(IoError::System { path, action: "hashing", source })),
    }
}
