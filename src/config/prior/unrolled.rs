//! The table `[prior.unrolled]`: a network between the updates of EM.

use super::AnatomicalConfig;
use crate::config::{ConfigError, Source};
use crate::prior::model_file::ModelName;
use crate::prior::network::{Model, shipped_model};
use crate::units::NonNegative;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[prior.unrolled]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnrolledConfig {
    /// Name of a shipped model, or path of a `.safetensors` file with its model card (`.json`) beside it.
    pub model: String,
    /// The image that guides the network, where it was trained with one.
    #[serde(default)]
    pub anatomical: Option<AnatomicalConfig>,
    /// Times the weight γ that the network was trained with: above 1 the image is nearer to the network's, 0 is OSEM.
    #[serde(default = "one")]
    pub strength: NonNegative,
}

const MODEL: &str = "prior.unrolled.model";

impl UnrolledConfig {
    /// The network and its card.
    pub fn load(&self, source: &Source) -> Result<Model, ConfigError> {
        self.load_for(MODEL, source)
    }

    /// The same for the key that names the model.
    fn load_for(&self, key: &str, source: &Source) -> Result<Model, ConfigError> {
        let model = match ModelName::new(&self.model) {
            ModelName::Shipped(name) => shipped_model(&name),
            ModelName::File(path) => Model::read(&source.input(key, &path)?),
        };
        model.map_err(|error| source.mistake(key, error.to_string(), None))
    }

    /// A model that cannot be used, or an anatomical image that it lacks.
    pub(super) fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        self.unusable(MODEL, source)
    }

    /// The same of a model that another key names.
    pub(in crate::config) fn unusable(&self, key: &str, source: &Source) -> Option<ConfigError> {
        let wanted = match self.load_for(key, source) {
            Ok(model) => model.card.architecture.anatomical,
            Err(error) => return Some(error),
        };
        match (wanted, &self.anatomical) {
            (true, None) => {
                let message = "the network was trained with an anatomical image, and none is given";
                let help = "add `anatomical = { file = \"mr.nii.gz\" }`, or choose a model without one";
                Some(source.mistake("prior.unrolled", message, Some(help.into())))
            }
            (false, Some(_)) => {
                let message = "the network takes no anatomical image";
                Some(source.mistake("prior.unrolled.anatomical", message, Some("remove this key".into())))
            }
            _ => None,
        }
    }
}

fn one() -> NonNegative {
    NonNegative::constant(1.0)
}
