//! Filtered back projection of rebinned data: the analytic baseline.
//!
//! 1. Line integrals: p = (y − b) / m, TOF bins summed first; bins with m = 0 are filled from their neighbours in the
//!    plane.
//! 2. Parallel beam: the crystals' lines are interpolated in angle, then in distance, to equispaced (φ, s).
//! 3. Rebinning of all segments to direct slices: single-slice (Daube-Witherspoon & Muehllehner 1987, J. Nucl. Med.
//!    28:1717) or Fourier (Defrise et al. 1997, IEEE Trans. Med. Imaging 16:145).
//!    What no plane that was measured leads to lies between two slices that have it: linear in z.
//! 4. Ramp filter in s, band-limited in real space (Kak & Slaney 1988, ch. 3), times a window.
//! 5. Back projection x = π/V Σ_φ q(φ, x cos φ + y sin φ), linear in s and z.
//!
//! With ȳ = m ⊙ (G x) + b and G in mm, p is ∫ x dl in mm, so that the image has the unit of x, as with OSEM. A plane is
//! one line integral whatever the number of ring pairs in it: rebinning takes weighted means, the ring pairs are the
//! weights. Sinograms inside are `[view, bin, plane]`, plane contiguous; sums of planes and slices run side by side.

mod back_projection;
mod beam;
mod config;
mod corrected;
mod error;
mod fore;
mod measured;
mod pairs;
mod ramp;
mod resample;
mod slices;
mod ssrb;

pub use config::{FbpConfig, ForeConfig, Rebinning, Window};
pub use error::FbpError;

use crate::data::Measurement;
use crate::image::{Image, ImageGrid};
use crate::scanner::SinogramGeometry;
use beam::ParallelBeam;
use slices::Slices;

/// Direct sinograms `[view, bin, slice]`, slice contiguous: line integrals in the plane of each slice.
struct DirectSinograms {
    beam: ParallelBeam,
    slices: Slices,
    values: Vec<f32>,
}

/// Why sinograms of a geometry cannot be reconstructed so, whatever is in them.
pub fn unfit(geometry: &SinogramGeometry, config: &FbpConfig) -> Option<FbpError> {
    let possible = config.check().and_then(|()| pairs::pairs(geometry, config).map(drop));
    possible.and_then(|()| ParallelBeam::of(geometry).map(drop)).err()
}

/// Reconstructs `measurement` on `grid`.
pub fn fbp(measurement: &Measurement, grid: &ImageGrid, config: &FbpConfig) -> Result<Image, FbpError> {
    config.check()?;
    error::check_grid(grid)?;
    let mut direct = match config.rebinning {
        Rebinning::SingleSlice => ssrb::rebin(measurement, config)?,
        Rebinning::Fourier => fore::rebin(measurement, config)?,
    };
    ramp::filter(&mut direct, config.window, config.cutoff);
    let values = back_projection::back_project(&direct, grid);
    let unit = measurement.ledger.unit();
    Ok(Image { grid: *grid, unit, values })
}
