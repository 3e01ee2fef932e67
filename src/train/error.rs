//! What stops training.

use super::anatomy::PublicDataError;
use crate::algorithm::Unfit;
use crate::data::SubsetError;
use crate::io::IoError;
use crate::prior::model_file::ModelFileError;
use crate::simulate::SimulateError;

/// Training that cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A case cannot be simulated.
    #[error("a training case cannot be simulated: {0}")]
    Simulate(#[from] SimulateError),
    /// Subsets do not fit.
    #[error(transparent)]
    Subsets(#[from] SubsetError),
    /// A first image of another grid.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Public data cannot be read.
    #[error(transparent)]
    Public(#[from] PublicDataError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The model cannot be written.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// The loss of held-out counts needs some.
    #[error("no counts are held out; this is a bug")]
    NothingHeldOut,
    /// The network shows nothing of what it is to show.
    #[error(
        "the network shows none of the lesions (their mean response is {gain:.3}): train it as a filter first, or give \
         `detection.weight` a smaller number"
    )]
    NoLesions {
        /// G
        gain: f64,
    },
    /// Numbers ran away.
    #[error(
        "step {step}: the loss is {loss} or its slope is no finite number; a smaller `learning_rate` or `largest_gradient` may help"
    )]
    NotFinite {
        /// The step.
        step: usize,
        /// Its loss.
        loss: f64,
    },
    /// The checkpoint is of another training.
    #[error("{}: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A sample that was kept cannot be used.
    #[error("{}: {problem}; remove the file, and it is made anew", path.display())]
    Sample {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The program was built without libtorch.
    #[error(
        "this program was built without libtorch, which the gradient of the network needs; build it with\n    \
         cargo xtask libtorch && cargo build --release --features torch\nand run the same command again"
    )]
    NoTorch,
}
