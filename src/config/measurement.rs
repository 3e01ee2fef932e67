//! Where the measurement comes from: exactly one source.

use super::{AcquisitionConfig, ConfigError, Source};
use crate::data::{Correction, Isotope};
use crate::paths::{FilePath, PathOr};
use crate::units::DelaySeconds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[measurement]`: `file = …` or one of the tables `interfile`, `mmr-listmode`, `simulated`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MeasurementConfig {
    /// `file = "scan.h5"`: a measurement as Coincide writes it, or Interfile prompts without corrections; or a table
    /// that says what the file does not, `file = { path = "scan.h5", contains = ["attenuation"] }`.
    File(PathOr<MeasurementFile>),
    /// `[measurement.interfile]`: prompts and corrections as STIR writes them.
    Interfile(InterfileConfig),
    /// `[measurement.mmr-listmode]`: Siemens mMR list-mode and its normalisation.
    MmrListmode(MmrListmodeConfig),
    /// `[measurement.simulated]`: a phantom, a scanner and a simulation.
    Simulated(Box<AcquisitionConfig>),
    /// No table: the measurement is in the caller's memory ([`crate::run::reconstruct`]).
    #[serde(skip)]
    #[default]
    Memory,
}

impl MeasurementConfig {
    /// The mistake of a command that must find its measurement itself, in a config that names none.
    pub fn missing(source: &Source) -> ConfigError {
        let help =
            "add `[measurement]` with `file = \"scan.h5\"`, or one of its tables interfile, mmr-listmode, simulated";
        source.mistake("measurement", "there is no measurement", Some(help.into()))
    }

    /// What keeps the measurement from being read or simulated; `at` is the dotted path of this table.
    pub fn conflicts(&self, source: &Source, at: &str) -> Vec<ConfigError> {
        match self {
            Self::File(file) => source.missing(&format!("{at}.file"), &file.path).into_iter().collect(),
            Self::Interfile(files) => files.conflicts(source, &format!("{at}.interfile")),
            Self::MmrListmode(listmode) => listmode.conflicts(source, &format!("{at}.mmr-listmode")),
            Self::Simulated(simulated) => simulated.conflicts(source, &format!("{at}.simulated")),
            Self::Memory => Vec::new(),
        }
    }
}

/// `{ path = …, contains = […], isotope = …, decay_moment_s = … }`: a measurement, and what its file does not say of
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasurementFile {
    /// The file.
    pub path: FilePath,
    /// What its factors and background hold, where the file does not say so.
    #[serde(default)]
    pub contains: Option<Vec<Correction>>,
    /// What decays, where the file does not say so.
    #[serde(default)]
    pub isotope: Option<Isotope>,
    /// Time in s from the moment to which its decay is corrected to the start of the acquisition, 0 where that is the
    /// start; where `contains` names decay and the file does not say so.
    #[serde(default)]
    pub decay_moment_s: Option<DelaySeconds>,
}

impl From<FilePath> for MeasurementFile {
    fn from(path: FilePath) -> Self {
        Self { path, contains: None, isotope: None, decay_moment_s: None }
    }
}

/// Sinograms in STIR's Interfile, all of one geometry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterfileConfig {
    /// Measured prompts y (`.hs`).
    pub prompts: FilePath,
    /// Multiplicative factors m: attenuation × efficiencies.
    #[serde(default)]
    pub factors: Option<FilePath>,
    /// Expected background b = randoms + scatter in counts.
    #[serde(default)]
    pub background: Option<FilePath>,
    /// Additive term a as PETRIC and STIR write it, b = m·a; instead of `background`.
    #[serde(default)]
    pub additive: Option<FilePath>,
    /// What factors and background hold; by default attenuation and normalisation, randoms and scatter, which is told.
    #[serde(default)]
    pub contains: Option<Vec<Correction>>,
    /// What decays, where the header does not say so.
    #[serde(default)]
    pub isotope: Option<Isotope>,
    /// Time in s from the moment to which its decay is corrected to the start of the acquisition, 0 where that is the
    /// start; where `contains` names decay and the header does not say so.
    #[serde(default)]
    pub decay_moment_s: Option<DelaySeconds>,
    /// What becomes of factors and backgrounds below zero by rounding: down to a millionth of the largest value.
    #[serde(default)]
    pub rounding_below_zero: BelowZero,
    /// What becomes of prompts below zero, which data have from which randoms were subtracted.
    #[serde(default)]
    pub negative_prompts: NegativePrompts,
}

/// What becomes of prompts below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NegativePrompts {
    /// They are an error: counts are not negative.
    #[default]
    Refuse,
    /// They are set to zero, as STIR's OSMAPOSL does; the image is biased upwards where they are many.
    Zero,
}

/// What becomes of factors and backgrounds that rounding has put below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BelowZero {
    /// They are an error, as any number below zero.
    #[default]
    Refuse,
    /// They are set to zero, and counted; numbers further below zero stay an error.
    Zero,
}

impl InterfileConfig {
    fn conflicts(&self, source: &Source, at: &str) -> Vec<ConfigError> {
        let named = [
            ("prompts", Some(&self.prompts)),
            ("factors", self.factors.as_ref()),
            ("background", self.background.as_ref()),
            ("additive", self.additive.as_ref()),
        ];
        let at = |key| format!("{at}.{key}");
        let missing = named.into_iter().filter_map(|(key, path)| source.missing(&at(key), path?));
        let mut conflicts: Vec<_> = missing.collect();
        if self.background.is_some() && self.additive.is_some() {
            let help = Some("keep `background` (b) or `additive` (a, with b = m·a)".into());
            conflicts.push(source.mistake(&at("additive"), "the background is given twice", help));
        }
        conflicts
    }
}

/// A Siemens mMR 32-bit list-mode acquisition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MmrListmodeConfig {
    /// The events (`.l`), or their header (`.l.hdr`).
    pub file: FilePath,
    /// Component normalisation (`norm.n` or its header); without it all efficiencies are 1.
    #[serde(default)]
    pub normalisation: Option<FilePath>,
    /// Ring differences per segment: 1 or 11.
    #[serde(default = "eleven", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub span: usize,
    /// Start of the frame in s after the first event.
    #[serde(default)]
    pub start_s: Option<DelaySeconds>,
    /// End of the frame in s after the first event.
    #[serde(default)]
    pub stop_s: Option<DelaySeconds>,
    /// How random coincidences are estimated.
    #[serde(default)]
    pub randoms: RandomsConfig,
}

impl MmrListmodeConfig {
    fn conflicts(&self, source: &Source, at: &str) -> Vec<ConfigError> {
        let at = |key| format!("{at}.{key}");
        let mut conflicts: Vec<_> = source.missing(&at("file"), &self.file).into_iter().collect();
        if let Some(path) = &self.normalisation {
            conflicts.extend(source.missing(&at("normalisation"), path));
        }
        if let Some(stop) = self.stop_s.map(DelaySeconds::get) {
            let start = self.start_s.map_or(0.0, DelaySeconds::get);
            if stop <= start {
                let message = format!("the frame ends at {stop} s, not after its start at {start} s");
                conflicts.push(source.mistake(&at("stop_s"), message, None));
            }
        }
        conflicts
    }
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
