//! The model card: what a network is, what it was trained on, and for which scans it is meant. JSON, beside the
//! weights.

use super::architecture::Architecture;
use crate::prior::model_file::{ModelFileError, card_text, parse_card};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// `kind` of these networks.
pub const KIND: &str = "unrolled";

/// What is known about a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// [`crate::prior::model_file::FORMAT`]
    pub format: u32,
    /// [`KIND`]
    pub kind: String,
    /// The convolutions.
    pub architecture: Architecture,
    /// SHA-256 of the file of weights, in hexadecimal.
    pub sha256: String,
    /// Full iterations that it was trained for.
    pub iterations: usize,
    /// Subsets that it was trained for.
    pub subsets: usize,
    /// The image that it goes on from; a uniform one where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<MapStart>,
    /// What it was trained on, in words.
    pub training_data: String,
    /// Names of the scanners that it was trained on.
    pub scanners: Vec<String>,
    /// Range of the prompts per mm of the scanner's axial field of view that it was trained on.
    pub prompts_per_mm: [f64; 2],
    /// Range of the voxels' sides across the axis that it was trained on, in mm.
    pub voxel_mm: [f64; 2],
    /// Resolution (full width at half maximum) of the images that it was trained towards, in mm.
    pub target_resolution_mm: f64,
    /// Licence of the weights.
    pub licence: String,
    /// Figures of merit, with their units in their names.
    pub metrics: BTreeMap<String, f64>,
    /// Commit of the program that trained it.
    pub commit: String,
    /// The command that trained it.
    pub command: String,
}

/// A start image by maximum a posteriori with the relative difference prior: weight β = w S̄ ν̄^p, S̄ the mean
/// sensitivity, ν̄ that of [`crate::prior::RelativeNoise`], γ = 2 and ε = 10⁻³ c of the prior, c the mean activity of
/// the body; so it does not depend on dose and units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapStart {
    /// w
    pub weight: f64,
    /// p
    pub exponent: f64,
    /// Subsets of SVRG; the largest number up to this that divides the views is taken.
    pub subsets: usize,
    /// Its full iterations.
    pub iterations: usize,
}

impl MapStart {
    /// Full iterations of SVRG between two anchors.
    pub const ANCHOR_EVERY: usize = 2;

    /// Passes over the data that the image costs: one of OSEM, those of SVRG and its anchors.
    pub fn passes(&self) -> f64 {
        (1 + self.iterations + self.iterations.div_ceil(Self::ANCHOR_EVERY)) as f64
    }

    /// What is wrong with it: field, what was found, what is expected.
    pub fn flaw(&self) -> Option<(&'static str, String, &'static str)> {
        match () {
            () if !(self.weight > 0.0 && self.weight.is_finite()) => {
                Some(("weight", self.weight.to_string(), "a finite number > 0"))
            }
            () if !self.exponent.is_finite() => Some(("exponent", self.exponent.to_string(), "a finite number")),
            () if !(1..=1000).contains(&self.subsets) => Some(("subsets", self.subsets.to_string(), "1 to 1000")),
            () if !(1..=1000).contains(&self.iterations) => {
                Some(("iterations", self.iterations.to_string(), "1 to 1000"))
            }
            () => None,
        }
    }
}

impl ModelCard {
    /// The card in a text; `path` is named in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ModelFileError> {
        let card: Self = parse_card(path, text, KIND)?;
        card.check(path)?;
        Ok(card)
    }

    /// The text of the card.
    pub fn to_text(&self) -> String {
        card_text(self)
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), ModelFileError> {
        if let Some(flaw) = self.architecture.flaw() {
            let field = format!("architecture.{}", flaw.field);
            return Err(ModelFileError::field(path, field, flaw.found, flaw.expected));
        }
        let counts = [("iterations", self.iterations), ("subsets", self.subsets)];
        if let Some((field, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(ModelFileError::field(path, field, 0, "at least 1"));
        }
        if let Some((field, found, expected)) = self.start.and_then(|start| start.flaw()) {
            return Err(ModelFileError::field(path, format!("start.{field}"), found, expected));
        }
        for (field, range) in [("prompts_per_mm", self.prompts_per_mm), ("voxel_mm", self.voxel_mm)] {
            let [low, high] = range;
            if !(low >= 0.0 && high >= low && high.is_finite()) {
                return Err(ModelFileError::field(path, field, format!("{range:?}"), "a range, smallest first"));
            }
        }
        if let Some((name, value)) = self.metrics.iter().find(|(_, value)| !value.is_finite()) {
            return Err(ModelFileError::field(path, format!("metrics.{name}"), value, "a finite number"));
        }
        let (field, found) = ("target_resolution_mm", self.target_resolution_mm);
        match found >= 0.0 && found.is_finite() {
            true => Ok(()),
            false => Err(ModelFileError::field(path, field, found, "a finite number >= 0")),
        }
    }
}
