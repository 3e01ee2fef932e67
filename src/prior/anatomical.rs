//! Images that guide a prior: magnetic resonance or computed tomography.

use crate::paths::{ImageFile, NameOrFile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `anatomical = { … }`: where the anatomical image comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnatomicalConfig {
    /// `file = "mr.nii.gz"`: an image (HDF5, NIfTI or Interfile); resampled linearly where its grid is another.
    File(ImageFile),
    /// `phantom = "brain"`: labels of the shapes of a shipped phantom, or of a phantom file (`.toml`); shapes of one
    /// activity have one label, so that it shows every boundary that the phantom has.
    Phantom(NameOrFile),
    /// `attenuation = "abdomen"`: the linear attenuation coefficients of such a phantom, as a CT or µ-map shows them.
    Attenuation(NameOrFile),
}
