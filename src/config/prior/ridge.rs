//! The table `[prior.ridge]`: a learned sum of functions of filter responses.

use super::Beta;
use crate::config::{ConfigError, Source};
use crate::image::ImageUnit;
use crate::prior::model_file::ModelName;
use crate::prior::{RidgeFile, RidgeModel, shipped_ridge};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[prior.ridge]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RidgeConfig {
    /// Name of a shipped model (`ridge-2d`, `ridge-3d`), or path of a `.safetensors` file with its model
    /// card (`.json`) beside it.
    pub model: String,
    /// Weight, per square of the image's unit; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `scale` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Mean activity of the body, in image units, which the model takes for 1; by default that of a short OSEM.
    #[serde(default)]
    pub scale: Option<Positive>,
}

const MODEL: &str = "prior.ridge.model";

impl RidgeConfig {
    /// The model.
    pub fn load(&self, source: &Source) -> Result<RidgeModel, ConfigError> {
        let file = match ModelName::new(&self.model) {
            ModelName::Shipped(name) => shipped_ridge(&name),
            ModelName::File(path) => RidgeFile::read(&source.input(MODEL, &path)?),
        };
        file.map(|file| file.model).map_err(|error| source.mistake(MODEL, error.to_string(), None))
    }
}
