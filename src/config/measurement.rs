//! Where the measurement comes from: exactly one source.

use super::SimulatedConfig;
use crate::units::NonNegative;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[measurement]`: `file = …` or one of the tables `interfile`, `mmr-listmode`, `simulated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MeasurementConfig {
    /// `file = "scan.h5"`: a measurement as Coincide writes it, or Interfile prompts (`.hs`) without corrections.
    File(PathBuf),
    /// `[measurement.interfile]`: prompts and corrections as STIR writes them.
    Interfile(InterfileConfig),
    /// `[measurement.mmr-listmode]`: Siemens mMR list-mode and its normalisation.
    MmrListmode(MmrListmodeConfig),
    /// `[measurement.simulated]`: a phantom, a scanner and a simulation.
    Simulated(Box<SimulatedConfig>),
}

/// Sinograms in STIR's Interfile, all of one geometry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterfileConfig {
    /// Measured prompts y (`.hs`).
    pub prompts: PathBuf,
    /// Multiplicative factors m: attenuation × efficiencies.
    #[serde(default)]
    pub factors: Option<PathBuf>,
    /// Expected background b = randoms + scatter in counts.
    #[serde(default)]
    pub background: Option<PathBuf>,
    /// Additive term a as PETRIC and STIR write it, b = m·a; instead of `background`.
    #[serde(default)]
    pub additive: Option<PathBuf>,
}

/// A Siemens mMR 32-bit list-mode acquisition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MmrListmodeConfig {
    /// The events (`.l`), or their header (`.l.hdr`).
    pub file: PathBuf,
    /// Component normalisation (`norm.n` or its header); without it all efficiencies are 1.
    #[serde(default)]
    pub normalisation: Option<PathBuf>,
    /// Ring differences per segment: 1 or 11.
    #[serde(default = "eleven")]
    pub span: usize,
    /// Start of the frame in s after the first event.
    #[serde(default)]
    pub start_s: Option<NonNegative>,
    /// End of the frame in s after the first event.
    #[serde(default)]
    pub stop_s: Option<NonNegative>,
    /// How random coincidences are estimated.
    #[serde(default)]
    pub randoms: RandomsConfig,
}

fn eleven() -> usize {
    11
}

/// How the delayed coincidences become expected randoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RandomsConfig {
    /// Crystal singles are fitted to the delayeds; smooth and unbiased.
    #[default]
    SmoothedDelayeds,
    /// The delayeds as measured.
    Delayeds,
    /// No randoms.
    None,
}
