//! Why a prior cannot be built.

use crate::choice::Conflict;
use std::path::PathBuf;

/// A prior that cannot be built from what is there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
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
    /// The prior asks for something that its builder did not give.
    #[error("the prior asks for the {what}, and it was not given")]
    Lacks {
        /// What it asks for.
        what: &'static str,
    },
    /// A key of the prior's table that cannot be used after all.
    #[error("{}", .0.message)]
    Table(Conflict),
    /// A learned prior that cannot be scaled, as there is no activity.
    #[error(
        "the learned prior is scaled by the mean activity of an early OSEM image, which is {found}: are there any counts?"
    )]
    NoActivity {
        /// The mean activity.
        found: f32,
    },
    /// Filters that do not fit into the image.
    #[error("the model's filters have {kernel:?} voxels, the image only {shape:?}: choose a model of smaller filters")]
    Filters {
        /// Voxels of the filters along x, y, z.
        kernel: [usize; 3],
        /// Those of the image.
        shape: [usize; 3],
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

impl PriorError {
    /// The error as one of the prior's table, where it is one.
    pub fn conflict(&self) -> Option<Conflict> {
        let of_model = |help: &str| Some(Conflict::at("model", self).cure(help));
        match self {
            Self::Table(conflict) => Some(conflict.clone()),
            Self::NoTorch => of_model("build it with `cargo xtask libtorch && cargo build --release --features torch`"),
            Self::Model { .. } => of_model("docs/own-models.md says what a model must take and give"),
            _ => None,
        }
    }
}

impl From<Conflict> for PriorError {
    fn from(conflict: Conflict) -> Self {
        Self::Table(conflict)
    }
}
