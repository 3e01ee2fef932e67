//! Settings of the analytic reconstruction.

use super::FbpError;
use crate::units::Mm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the filtered back projection.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FbpConfig {
    /// How oblique planes become direct ones.
    pub rebinning: Rebinning,
    /// Window on the ramp filter.
    pub window: Window,
    /// Where the window ends, as a fraction of the Nyquist frequency, above 0 and at most 1.
    pub cutoff: f64,
    /// Segments whose mean ring difference is larger are left out; all are used where this is not set.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub max_ring_difference: Option<usize>,
    /// Limits of Fourier rebinning.
    pub fore: ForeConfig,
}

/// How oblique planes become direct ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rebinning {
    /// Each plane goes to the slice at its middle (SSRB): fast, blurred away from the axis.
    #[serde(rename = "ssrb")]
    SingleSlice,
    /// Each frequency goes to the slice it came from (FORE).
    #[default]
    #[serde(rename = "fore")]
    Fourier,
}

/// Windows w(f) on the ramp filter; u = f / cutoff frequency, w = 0 above u = 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// 1
    RamLak,
    /// sin(πu/2) / (πu/2)
    SheppLogan,
    /// 0.54 + 0.46 cos πu
    Hamming,
    /// 0.5 + 0.5 cos πu
    #[default]
    Hann,
}

/// Limits of Fourier rebinning (Defrise et al. 1997): where the relation between oblique and direct planes holds.
///
/// Its error grows with tilt²/ω, whatever k is: the defaults keep to few ring differences at low ω, and for k = 0 only.
/// More angular frequencies from nearly direct planes alone would bring their noise back around the axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForeConfig {
    /// Radial frequencies up to this one, in cycles per field of view, come from nearly direct planes only.
    pub low_radial_cycles: f64,
    /// Angular frequencies up to this one, in cycles per turn, come from nearly direct planes only.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub low_angular_cycles: usize,
    /// Nearly direct: ring differences up to this one (a segment of several counts by its mean).
    pub low_ring_difference: f64,
    /// Radius in mm that holds all activity: frequencies from outside are noise and set to 0. The whole field of view
    /// where this is not set.
    pub object_radius_mm: Option<Mm>,
}

impl Default for FbpConfig {
    fn default() -> Self {
        Self {
            rebinning: Rebinning::default(),
            window: Window::default(),
            cutoff: 1.0,
            max_ring_difference: None,
            fore: ForeConfig::default(),
        }
    }
}

impl Default for ForeConfig {
    fn default() -> Self {
        Self { low_radial_cycles: 8.0, low_angular_cycles: 0, low_ring_difference: 2.0, object_radius_mm: None }
    }
}

impl FbpConfig {
    pub(super) fn check(&self) -> Result<(), FbpError> {
        let wrong = |field, found, expected| Err(FbpError::Setting { field, found, expected });
        if !(self.cutoff > 0.0 && self.cutoff <= 1.0) {
            return wrong("cutoff", self.cutoff, "a fraction of the Nyquist frequency above 0 and at most 1");
        }
        for (field, found) in [
            ("fore.low_radial_cycles", self.fore.low_radial_cycles),
            ("fore.low_ring_difference", self.fore.low_ring_difference),
        ] {
            if !(found.is_finite() && found >= 0.0) {
                return wrong(field, found, "a finite number >= 0");
            }
        }
        Ok(())
    }
}

impl Window {
    /// w at u = f / cutoff frequency.
    pub fn at(self, u: f64) -> f64 {
        let turn = std::f64::consts::PI * u;
        match self {
            _ if u > 1.0 => 0.0,
            Self::RamLak => 1.0,
            Self::SheppLogan if u == 0.0 => 1.0,
            Self::SheppLogan => (0.5 * turn).sin() / (0.5 * turn),
            Self::Hamming => 0.54 + 0.46 * turn.cos(),
            Self::Hann => 0.5 + 0.5 * turn.cos(),
        }
    }
}
