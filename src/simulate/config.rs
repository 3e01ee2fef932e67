//! What a simulated scan is asked for.

use super::{AddedLesion, SimulateError, SinglesConfig};
use crate::data::{Clock, Correction, Isotope, Ledger};
use crate::units::{Counts, DelaySeconds, Fraction, NonNegative, Positive, Seconds, WidthMm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A simulated scan. Only `counts` must be given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationConfig {
    /// How many counts.
    pub counts: CountsConfig,
    /// Seed of all random numbers: the same seed gives the same bytes on any number of threads.
    #[serde(default)]
    pub seed: u64,
    /// Lines traced per bin: 1 joins the centres of the two crystals, more spread over both crystal faces.
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
    #[schemars(range(min = 1, max = 1024))]
    pub sub_lines: usize,
    /// Whether the phantom attenuates.
    #[serde(default = "yes")]
    pub attenuation: bool,
    /// FWHM in mm of a blur of the sinogram in radial distance and in z; 0 for none.
    #[serde(default)]
    pub resolution_fwhm_mm: WidthMm,
    /// Standard deviation of the logarithm of the crystals' efficiencies, whose mean is 1; 0 for equal crystals.
    #[serde(default)]
    pub efficiency_sigma: NonNegative,
    /// Whether virtual crystals (gaps between blocks) count nothing.
    #[serde(default = "yes")]
    pub gaps: bool,
    /// Rates of single photons; randoms and dead time then follow from the phantom's activity. Needs `counts.scan`.
    #[serde(default)]
    pub singles: Option<SinglesConfig>,
    /// Randoms as a fraction of all prompts; left out with `singles`.
    #[serde(default)]
    pub randoms_fraction: Fraction,
    /// How the randoms are spread over the sinogram.
    #[serde(default)]
    pub randoms_shape: RandomsShape,
    /// Scatter as a fraction of all prompts; with `singles`, of the prompts without randoms.
    #[serde(default)]
    pub scatter_fraction: Fraction,
    /// Whether prompts are Poisson counts; without, they are their expectation.
    #[serde(default = "yes")]
    pub noise: bool,
    /// Fractions of the full scan, each above 0 and at most 1; one measurement per level, all thinned from the same
    /// scan.
    #[serde(default = "full_dose")]
    pub dose_levels: Vec<DoseLevel>,
    /// Corrections that the factors and the background leave out, although the counts need them: to see what each is
    /// worth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncorrected: Vec<Correction>,
    /// Lesions that are added to the phantom; `counts` are those without them, and all other counts stay what they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lesions: Vec<AddedLesion>,
}

/// How many counts a full scan has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum CountsConfig {
    /// Expected number of prompts, background included.
    TotalPrompts(Counts),
    /// The phantom's own activity.
    Scan(ScanConfig),
}

/// `counts.scan`: the activity of the phantom is seen for some time. The image comes out in Bq/mL at the moment of the
/// stated activity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanConfig {
    /// Duration in s.
    pub duration_s: Seconds,
    /// True coincidences per second and kBq of a ball of 20 mm without attenuation at the centre of the scanner, one
    /// positron per decay, no dead time.
    pub sensitivity_cps_per_kbq: Positive,
    /// The isotope, which decays and emits a positron in some of its decays; without one, every decay does and none is
    /// the last.
    #[serde(default)]
    pub isotope: Option<Isotope>,
    /// Time in s from the moment at which the phantom has its stated activity to the start of the scan.
    #[serde(default)]
    pub start_s: DelaySeconds,
}

impl ScanConfig {
    /// Positrons per stated Bq, in s: ∫ of the activity over the scan.
    pub(super) fn seconds(&self) -> f64 {
        self.of_power(1.0)
    }

    /// The same of the activity's square, which randoms go with.
    pub(super) fn seconds_of_square(&self) -> f64 {
        self.of_power(2.0)
    }

    fn of_power(&self, power: f64) -> f64 {
        let duration = self.duration_s.get();
        self.isotope.map_or(duration, |isotope| {
            isotope.branching().powf(power) * isotope.seconds(power, self.start_s.get(), duration)
        })
    }
}

/// How randoms are spread over the lines, efficiencies and numbers of ring pairs apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RandomsShape {
    /// Equally likely on every line.
    #[default]
    Uniform,
    /// The product of the two detectors' single rates, which follow the inverse square of the distance to the activity.
    Smooth,
}

/// A share of the full scan, above 0 and at most 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct DoseLevel(#[schemars(range(min = 0.0, max = 1.0))] f64);

impl DoseLevel {
    /// The whole scan.
    pub const FULL: Self = Self(1.0);

    /// The share itself.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for DoseLevel {
    type Error = String;
    fn try_from(value: f64) -> Result<Self, String> {
        if value > 0.0 && value <= 1.0 {
            Ok(Self(value))
        } else {
            Err(format!("must be above 0 and at most 1, got {value}"))
        }
    }
}

impl From<DoseLevel> for f64 {
    fn from(level: DoseLevel) -> f64 {
        level.0
    }
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

fn full_dose() -> Vec<DoseLevel> {
    vec![DoseLevel::FULL]
}

impl SimulationConfig {
    /// A scan with default settings: attenuation, gaps and noise, but no background, blur or unequal crystals.
    pub fn new(counts: CountsConfig) -> Self {
        Self {
            counts,
            seed: 0,
            sub_lines: one(),
            attenuation: true,
            resolution_fwhm_mm: WidthMm::default(),
            efficiency_sigma: NonNegative::default(),
            gaps: true,
            singles: None,
            randoms_fraction: Fraction::default(),
            randoms_shape: RandomsShape::default(),
            scatter_fraction: Fraction::default(),
            noise: true,
            dose_levels: full_dose(),
            uncorrected: Vec::new(),
            lesions: Vec::new(),
        }
    }

    /// Checks what no single field can.
    pub fn check(&self) -> Result<(), SimulateError> {
        let (randoms, scatter) = (self.randoms_fraction.get(), self.scatter_fraction.get());
        if randoms + scatter >= 1.0 {
            return Err(SimulateError::Fractions { randoms, scatter });
        }
        if let (Some(_), CountsConfig::TotalPrompts(_)) = (&self.singles, &self.counts) {
            return Err(SimulateError::SinglesOfNothing);
        }
        if self.singles.is_some() && randoms > 0.0 {
            return Err(SimulateError::RandomsTwice);
        }
        if !(1..=1024).contains(&self.sub_lines) {
            return Err(SimulateError::SubLines { found: self.sub_lines });
        }
        if self.dose_levels.is_empty() {
            return Err(SimulateError::NoDoseLevel);
        }
        Ok(())
    }

    /// Whether the model of the scan knows of something.
    pub fn corrects(&self, correction: Correction) -> bool {
        !self.uncorrected.contains(&correction)
    }

    /// What the factors and the background of the scan hold.
    pub(crate) fn ledger(&self) -> Ledger {
        let held = |correction: &Correction| match correction {
            Correction::Attenuation => self.attenuation && self.corrects(*correction),
            _ => self.corrects(*correction),
        };
        let moment_s = match self.counts {
            CountsConfig::Scan(scan) => scan.start_s.get(),
            CountsConfig::TotalPrompts(_) => 0.0,
        };
        let contains: Vec<_> = Correction::ALL.into_iter().filter(held).collect();
        let moment_s = contains.contains(&Correction::Decay).then_some(moment_s);
        Ledger { moment_s, ..Ledger::of(contains).calibrated() }
    }

    /// When the scan is made.
    pub(crate) fn clock(&self) -> Clock {
        match self.counts {
            CountsConfig::Scan(scan) => Clock { isotope: scan.isotope, ..Clock::lasting(scan.duration_s.get()) },
            CountsConfig::TotalPrompts(_) => Clock::default(),
        }
    }

    /// Share of true coincidences in the prompts, randoms by singles apart.
    pub(super) fn trues_fraction(&self) -> f64 {
        1.0 - self.randoms_fraction.get() - self.scatter_fraction.get()
    }
}
