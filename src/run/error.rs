//! Why a command did not do what was asked.

use crate::algorithm::Unfit;
use crate::algorithm::fbp::FbpError;
use crate::config::{ConfigError, Source};
use crate::data::{DataError, SubsetError};
use crate::io::IoError;
use crate::paths::shown;
use crate::phantom::PhantomError;
use crate::prior::PriorError;
use crate::scanner::GeometryError;
use crate::simulate::SimulateError;
use crate::train::TrainError;
use std::path::PathBuf;

/// A command that failed, with the exit code that says how.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The config cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The command line cannot be used.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A scanner or sinogram is impossible.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// A phantom cannot be used.
    #[error(transparent)]
    Phantom(#[from] PhantomError),
    /// The simulation is impossible.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// The measurement cannot be reconstructed analytically.
    #[error(transparent)]
    Fbp(#[from] FbpError),
    /// Counts or components that cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No normalisation can be found.
    #[error(transparent)]
    Normalise(#[from] crate::normalise::NormaliseError),
    /// No resolution can be found.
    #[error(transparent)]
    Psf(#[from] crate::psf::PsfError),
    /// A model cannot be written.
    #[error(transparent)]
    Model(#[from] crate::prior::model_file::ModelFileError),
    /// The prior cannot be built.
    #[error(transparent)]
    Prior(#[from] PriorError),
    /// Algorithm, prior and start do not fit together.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The iterations lost the image.
    #[error(
        "after {updates} updates of `{algorithm}` the image has values that are not finite numbers: take smaller steps or a weaker prior"
    )]
    NotFinite {
        /// The algorithm.
        algorithm: &'static str,
        /// Updates that were made.
        updates: usize,
    },
    /// Too many prompts that no image can explain.
    #[error(
        "{found}; add the background, mend the factors or widen [image], \
         or set `impossible = \"leave-out\"` in [run] to go on without them"
    )]
    Impossible {
        /// How many they are, and why.
        found: String,
    },
    /// No weight predicts the held-out counts.
    #[error(
        "no weight of the prior can be found by held-out counts: with each, the image is 0 where some were measured, \
         and there is no background; give `beta` a number"
    )]
    HeldOut,
    /// The number of subsets does not fit.
    #[error(transparent)]
    Subsets(#[from] SubsetError),
    /// Ctrl-C; the last image is saved.
    #[error("interrupted; {}", saved(files))]
    Interrupted {
        /// Files that were saved.
        files: Vec<PathBuf>,
    },
    /// Ctrl-C in a study; finished runs are kept.
    #[error("interrupted; {done} of {total} runs are finished and kept in {}: the same command goes on from there", cache.display())]
    StudyInterrupted {
        /// Runs that are finished.
        done: usize,
        /// Runs of the study.
        total: usize,
        /// Where they are kept.
        cache: PathBuf,
    },
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Ctrl-C in training; the checkpoint is saved.
    #[error("interrupted after step {step} of {steps}, saved in {}: the same command with --resume goes on from there", checkpoint.display())]
    TrainingInterrupted {
        /// Steps made.
        step: usize,
        /// Steps of the run.
        steps: usize,
        /// The checkpoint.
        checkpoint: PathBuf,
    },
    /// A run of a study failed.
    #[error("{run}: {error}")]
    Run {
        /// Method, setting and scan.
        run: String,
        /// What happened.
        error: Box<RunError>,
    },
}

fn saved(files: &[PathBuf]) -> String {
    match files.first() {
        Some(file) => format!("the last image is saved in {}", shown(file)),
        None => "the config names no file to save the last image in".into(),
    }
}

impl RunError {
    /// The same as a mistake in the config, at a key that it came of.
    pub(crate) fn at(self, key: &str, source: &Source) -> ConfigError {
        match self {
            Self::Config(error) => error,
            other => source.mistake(key, other.to_string(), None),
        }
    }

    /// Exit code: 1 failed while running, 2 wrong usage or config, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) => 2,
            Self::Interrupted { .. } | Self::StudyInterrupted { .. } | Self::TrainingInterrupted { .. } => 130,
            Self::Run { error, .. } => error.exit_code(),
            _ => 1,
        }
    }
}

/// Fails with the first conflict.
pub(crate) fn first(conflicts: Vec<ConfigError>) -> Result<(), ConfigError> {
    conflicts.into_iter().next().map_or(Ok(()), Err)
}
