//! How a user's model wants its images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
