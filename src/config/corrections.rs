//! The tables `[normalisation]`, `[decay]` and `[randoms]`: what a measurement lacks of its model.

use super::{ConfigError, Source};
use crate::data::Isotope;
use crate::paths::FilePath;
use crate::units::{DelaySeconds, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[normalisation]`: efficiencies that multiply the factors of the measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalisationConfig {
    /// Components as `coincide normalise` writes them (`.h5`), or those of a Siemens mMR (`norm.n.hdr`).
    pub file: FilePath,
    /// Leave out the crystals' efficiencies; gaps stay gaps.
    #[serde(default)]
    pub without_crystals: bool,
    /// Leave out the radial profiles.
    #[serde(default)]
    pub without_geometric: bool,
    /// Leave out the interference of the crystals of a block.
    #[serde(default)]
    pub without_interference: bool,
    /// Leave out the axial factors, and with them the calibration.
    #[serde(default)]
    pub without_axial: bool,
}

/// `[decay]`: the image is in Bq/mL at a moment before the scan, and not the mean over it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecayConfig {
    /// The isotope.
    pub isotope: Isotope,
    /// Time in s from that moment to the start of the acquisition.
    #[serde(default)]
    pub start_s: DelaySeconds,
}

/// `[randoms]`: expected random coincidences, which are added to the background of the measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RandomsSource {
    /// `delayeds = "delayeds.h5"`: delayed coincidences in the same sinogram (`.h5`, `.hs`), of which the crystals'
    /// singles are found.
    Delayeds(FilePath),
    /// `singles = { file = "singles.h5", window_ns = 5.0 }`: rates of single photons, 2τ s₁ s₂.
    Singles(SinglesRandoms),
}

/// `[randoms.singles]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinglesRandoms {
    /// Rates of all crystals in counts per s (`.h5`).
    pub file: FilePath,
    /// Width 2τ of the coincidence window in ns.
    pub window_ns: Positive,
}

impl RandomsSource {
    /// What keeps them from being read.
    pub fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        match self {
            Self::Delayeds(path) => source.missing("randoms.delayeds", path),
            Self::Singles(singles) => source.missing("randoms.singles.file", &singles.file),
        }
    }
}
