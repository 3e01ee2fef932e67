//! Why a prior cannot be built.

use std::path::PathBuf;

/// A prior that cannot be built from what is there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PriorError {
    /// The prior is guided by an image that is not there.
    #[error("the prior `{prior}` needs an anatomical image: add `anatomical = {{ file = \"mr.nii.gz\" }}` to it")]
    NoAnatomy {
        /// Name of the prior.
        prior: &'static str,
    },
    /// An image of another grid.
    #[error("the {what} has {found} voxels, the image grid {expected}")]
    Voxels {
        /// Which image.
        what: &'static str,
        /// Its voxels.
        found: usize,
        /// Voxels of the grid.
        expected: usize,
    },
    /// An image with values that cannot be used.
    #[error("the {what} has values that are {problem}")]
    Values {
        /// Which image.
        what: &'static str,
        /// What they are.
        problem: &'static str,
    },
    /// A model without what runs it.
    #[error("this coincide was built without libtorch, which runs TorchScript models")]
    NoTorch,
    /// A user's model that cannot be used.
    #[error("the model {} {problem}", path.display())]
    Model {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A network that cannot be scaled, as there is no activity.
    #[error(
        "the network is scaled by the mean activity of an early OSEM image, which is {found}: are there any counts?"
    )]
    NoActivity {
        /// The mean activity.
        found: f32,
    },
    /// A constant relative to the maximum of the start image, which is not above zero.
    #[error("`{key}` follows the maximum of the start image, which is {maximum}: give `{key}` a number")]
    NoScale {
        /// Key of the config.
        key: &'static str,
        /// The maximum.
        maximum: f32,
    },
}
