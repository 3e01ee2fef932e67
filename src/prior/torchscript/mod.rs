//! `[prior.torchscript]`: a user's own model. The table is known to every build, libtorch only to those with the
//! feature `torch`.

#[cfg(feature = "torch")]
mod run;

#[cfg(feature = "torch")]
pub use run::torchscript;

use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, images};
use super::{Beta, Capability, Prior, PriorError};
use crate::choice::{Conflict, missing};
use crate::image::ImageGrid;
use crate::paths::FilePath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `[prior.torchscript]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TorchscriptConfig {
    /// The model's file; docs/own-models.md says how to write one.
    pub model: FilePath,
    /// Weight, a share of the mean sensitivity per activity of the body; or "auto".
    pub beta: Beta,
    /// What the model takes: "slices" [z, 1, x, y] or a "volume" [1, 1, x, y, z].
    pub images: ModelImages,
    /// The unit of what the model sees: "body", where the body's mean is 1, or "image", that of the reconstruction.
    #[serde(default)]
    pub scale: ModelScale,
}

/// What one call of a model takes and gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelImages {
    /// All slices as a batch of plane images: `[z, 1, x, y]`.
    Slices,
    /// The whole image: `[1, 1, x, y, z]`.
    Volume,
}

/// The unit of what a model sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelScale {
    /// Divided by the mean activity of the body, which is then about 1.
    #[default]
    Body,
    /// As it is, in the unit of the reconstructed image.
    Image,
}

impl PriorTable for TorchscriptConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "torchscript",
            summary: "A denoiser of your own: a PyTorch model, exported as TorchScript.",
            capability: Capability::Denoiser,
            learned: true,
            formula: "pull γ (x − D(x)) towards D(x) = c model(x / c), γ = β s̄ / c, s̄ mean sensitivity, c activity of the body",
            unit: "1",
            citation: "Venkatakrishnan et al. 2013, IEEE GlobalSIP:945; Romano et al. 2017, SIAM J. Imaging Sci. 10:1804",
            examples: &["model = \"net.pt\"\nimages = \"slices\"\nbeta = 0.3"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, None)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        // What the model itself takes, only libtorch knows.
        PriorFootprint { kept: images(2, grid), ..PriorFootprint::default() }
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        self.load(inputs)
    }

    fn conflicts(&self) -> Vec<Conflict> {
        match cfg!(feature = "torch") {
            true => missing("model", &self.model).into_iter().collect(),
            false => PriorError::NoTorch.conflict().into_iter().collect(),
        }
    }

    fn own_model(&self) -> Option<&Path> {
        Some(&self.model)
    }
}

impl TorchscriptConfig {
    /// The prior on a grid; the model has run on the start image once.
    #[cfg(feature = "torch")]
    fn load(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let scale = match self.scale {
            ModelScale::Body => super::mean_activity(inputs.grid, inputs.start),
            ModelScale::Image => 1.0,
        };
        torchscript(&self.model, self.images, scale, inputs.grid, inputs.start).map(Prior::Denoiser)
    }

    /// The one error of a build without libtorch.
    #[cfg(not(feature = "torch"))]
    fn load(&self, _: &PriorInputs) -> Result<Prior, PriorError> {
        Err(PriorError::NoTorch)
    }
}
