//! The truth, where it is known.

use super::{ConfigError, Source};
use crate::paths::{ImageFile, NameOrFile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[reference]`: what the image should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceConfig {
    /// `phantom = "nema-iq"`: a shipped phantom by name, or a phantom file (`.toml`); its regions are scored too.
    Phantom(NameOrFile),
    /// `image = "truth.h5"`: an image that reaches over the whole grid; where its voxels are others, it is averaged
    /// over those of the grid.
    Image(ImageFile),
}

impl ReferenceConfig {
    /// What keeps the reference from being read.
    pub fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        match self {
            Self::Phantom(name) => super::phantom(source, "reference.phantom", name).err(),
            Self::Image(file) => source.missing("reference.image", &file.path),
        }
    }
}
