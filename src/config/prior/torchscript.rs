//! `[prior.torchscript]`: a user's own model. The table is known to every build, libtorch only to those with the
//! feature `torch`.

use super::{Beta, PriorInputs};
use crate::config::{ConfigError, Source};
use crate::prior::{ModelImages, ModelScale, Prior, PriorError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Dotted path of the model's file.
const MODEL: &str = "prior.torchscript.model";

/// `[prior.torchscript]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TorchscriptConfig {
    /// The model's file; docs/own-models.md says how to write one.
    pub model: PathBuf,
    /// Weight, a share of the mean sensitivity per activity of the body; or "auto".
    pub beta: Beta,
    /// What the model takes: "slices" [z, 1, x, y] or a "volume" [1, 1, x, y, z].
    pub images: ModelImages,
    /// The unit of what the model sees: "body", where the body's mean is 1, or "image", that of the reconstruction.
    #[serde(default)]
    pub scale: ModelScale,
}

impl TorchscriptConfig {
    /// What keeps the model from being loaded.
    pub(super) fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        match cfg!(feature = "torch") {
            true => source.input(MODEL, &self.model).err(),
            false => Some(Self::mistake(&PriorError::NoTorch, source)),
        }
    }

    /// The prior on a grid; the model has run on the start image once.
    #[cfg(feature = "torch")]
    pub(super) fn build(&self, inputs: PriorInputs) -> Result<Prior, PriorError> {
        let scale = match self.scale {
            ModelScale::Body => crate::prior::mean_activity(inputs.grid, inputs.start),
            ModelScale::Image => 1.0,
        };
        crate::prior::torchscript(&self.model, self.images, scale, inputs.grid, inputs.start).map(Prior::Denoiser)
    }

    /// The one error of a build without libtorch.
    #[cfg(not(feature = "torch"))]
    pub(super) fn build(&self, _: PriorInputs) -> Result<Prior, PriorError> {
        Err(PriorError::NoTorch)
    }

    /// An error of the model, where the config names it.
    pub fn mistake(error: &PriorError, source: &Source) -> ConfigError {
        let help = match error {
            PriorError::NoTorch => "build it with `cargo xtask libtorch && cargo build --release --features torch`",
            _ => "docs/own-models.md says what a model must take and give",
        };
        source.mistake(MODEL, error.to_string(), Some(help.into()))
    }
}
