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
    pub start: Option<MapImage>,
    /// The weakly regularised image of a scan; [`MapImage::WEAK`] where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weak: Option<MapImage>,
    /// Share of the weakly regularised image in what comes out, 0 to 1; 0 where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<f64>,
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

/// An image by maximum a posteriori with the relative difference prior: weight β = w S̄ ν̄^p, S̄ the mean
/// sensitivity, ν̄ that of [`crate::prior::RelativeNoise`], γ = 2 and ε = 10⁻³ c of the prior, c the mean activity of
/// the body; so it does not depend on dose and units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapImage {
    /// w
    pub weight: f64,
    /// p
    pub exponent: f64,
    /// Subsets of SVRG; the largest number up to this that divides the views is taken.
    pub subsets: usize,
    /// Its full iterations.
    pub iterations: usize,
}

impl MapImage {
    /// Full iterations of SVRG between two anchors.
    pub const ANCHOR_EVERY: usize = 2;

    /// The weakly regularised image where a card has none of its own: about a third of the weight at which the prior's
    /// NRMSE is least on bodies of usual counts.
    pub const WEAK: Self = Self { weight: 1e-2, exponent: 0.4, subsets: 12, iterations: 4 };

    /// Passes over the data that the image costs from another one of this kind: those of SVRG and its anchors.
    pub fn passes_from_another(&self) -> f64 {
        (self.iterations + self.iterations.div_ceil(Self::ANCHOR_EVERY)) as f64
    }

    /// Passes over the data that the image costs from a uniform one: one of OSEM more.
    pub fn passes(&self) -> f64 {
        1.0 + self.passes_from_another()
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

    /// How the weakly regularised image is made; `None` where nothing takes it.
    pub fn weak_image(&self) -> Option<MapImage> {
        let seen = self.architecture.companions.iter().any(|companion| companion.is_weak());
        self.blended_with().or(seen.then(|| self.weak.unwrap_or(MapImage::WEAK)))
    }

    /// How the image is made that the network's is blended with; `None` where that has no share.
    pub fn blended_with(&self) -> Option<MapImage> {
        self.blend.filter(|share| *share > 0.0).map(|_| self.weak.unwrap_or(MapImage::WEAK))
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
        for (name, image) in [("start", self.start), ("weak", self.weak)] {
            if let Some((field, found, expected)) = image.and_then(|image| image.flaw()) {
                return Err(ModelFileError::field(path, format!("{name}.{field}"), found, expected));
            }
        }
        if let Some(found) = self.blend.filter(|share| !(0.0..=1.0).contains(share)) {
            return Err(ModelFileError::field(path, "blend", found, "a share from 0 to 1"));
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
