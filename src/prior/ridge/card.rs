//! The model card: what a ridge regulariser is and what it was trained on. JSON, beside the weights.

use super::model::RidgeModel;
use crate::prior::model_file::{FORMAT, ModelFileError, card_text, parse_card};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// `kind` of these models.
const KIND: &str = "ridge";

/// Largest difference of the stated and the computed Lipschitz constant.
const LIPSCHITZ_ROUNDING: f64 = 1e-3;

/// What is known about a ridge regulariser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RidgeCard {
    /// Version of the format.
    pub format: u32,
    /// `ridge`
    pub kind: String,
    /// Filters and functions.
    pub architecture: RidgeArchitecture,
    /// SHA-256 of the file of weights, in hexadecimal.
    pub sha256: String,
    /// L: the surrogate's curvature, at most 1. ∇R is Lipschitz continuous with the greater of this and `concavity`.
    pub lipschitz: f64,
    /// L⁻: R + ½ L⁻ ‖x‖² is convex; 0 where R is.
    pub concavity: f64,
    /// What it was trained on, in words.
    pub training_data: String,
    /// Noise levels that it was trained on, in mean activities of the body.
    pub noise: Vec<f64>,
    /// Resolution (full width at half maximum) of the images that it was trained towards, in voxels.
    pub target_resolution_voxels: f64,
    /// Licence of the weights.
    pub licence: String,
    /// Figures of merit.
    pub metrics: BTreeMap<String, f64>,
    /// Commit of the program that trained it.
    pub commit: String,
    /// The command that trained it.
    pub command: String,
}

/// Sizes of a ridge regulariser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RidgeArchitecture {
    /// Voxels of a filter along x, y, z.
    pub kernel: [usize; 3],
    /// Number of filters.
    pub filters: usize,
    /// Knots of every function.
    pub knots: usize,
}

impl RidgeArchitecture {
    /// That of a model.
    pub fn of(model: &RidgeModel) -> Self {
        Self { kernel: model.kernel, filters: model.channels(), knots: model.knots.len() }
    }
}

impl RidgeCard {
    /// The card in a text; `path` is named in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ModelFileError> {
        parse_card(path, text, KIND)
    }

    /// The text of the card.
    pub fn to_text(&self) -> String {
        card_text(self)
    }

    /// Takes over what a model itself says.
    pub(super) fn describe(&mut self, model: &RidgeModel) {
        (self.format, self.kind) = (FORMAT, KIND.into());
        self.architecture = RidgeArchitecture::of(model);
        (self.lipschitz, self.concavity) = (model.lipschitz(), model.concavity());
    }

    /// That the constants are those of the model.
    pub(super) fn check(&self, path: &Path, model: &RidgeModel) -> Result<(), ModelFileError> {
        let constants =
            [("lipschitz", self.lipschitz, model.lipschitz()), ("concavity", self.concavity, model.concavity())];
        match constants.into_iter().find(|(_, stated, found)| (stated - found).abs() > LIPSCHITZ_ROUNDING) {
            Some((field, stated, found)) => {
                Err(ModelFileError::field(path, field, stated, format!("{found:.6}, which the weights have")))
            }
            None => Ok(()),
        }
    }
}
