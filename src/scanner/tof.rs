//! Time of flight: what the detector can do, and the bins of a sinogram.
//!
//! A time difference t = t_A − t_B moves the event by c·t/2 from the middle of the line towards detector B.

use super::GeometryError;
use crate::units::{FWHM_PER_SIGMA, mm_along_line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Timing of a scanner before any bins are combined ("mashed").
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TofDetector {
    /// Number of time bins.
    #[schemars(range(min = 1, max = 4096))]
    pub bins: usize,
    /// Width of one time bin in ps.
    #[schemars(range(min = 0.1, max = 100_000.0))]
    pub bin_ps: f64,
    /// Coincidence timing resolution in ps, FWHM.
    #[schemars(range(min = 1.0, max = 100_000.0))]
    pub fwhm_ps: f64,
}

/// The TOF axis of a sinogram: `count` equal bins, the middle one (or the middle edge) at the middle of the line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TofBins {
    /// Number of bins.
    pub count: usize,
    /// Width of a bin along the line in mm.
    pub width_mm: f64,
    /// Standard deviation of the position along the line in mm.
    pub sigma_mm: f64,
}

impl TofDetector {
    /// Bins of a sinogram that combines `mashing` neighbouring time bins; `mashing` must divide their number.
    pub fn mashed(&self, mashing: usize) -> Result<TofBins, GeometryError> {
        if mashing == 0 || !self.bins.is_multiple_of(mashing) {
            let dividers = (1..=self.bins).filter(|m| self.bins.is_multiple_of(*m)).collect();
            return Err(GeometryError::TofMashing { mashing, bins: self.bins, dividers });
        }
        Ok(TofBins {
            count: self.bins / mashing,
            width_mm: mm_along_line(self.bin_ps * mashing as f64),
            sigma_mm: mm_along_line(self.fwhm_ps) / FWHM_PER_SIGMA,
        })
    }
}

impl TofBins {
    /// Centre of a bin along the line in mm, positive towards detector B.
    pub fn centre_mm(&self, bin: usize) -> f64 {
        (bin as f64 - 0.5 * (self.count as f64 - 1.0)) * self.width_mm
    }
}
