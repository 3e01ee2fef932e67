//! The resolution of a scanner from scans of point sources, by maximum likelihood.
//!
//!   ȳ = m ⊙ Σₖ aₖ G λₖ + b + c,   y ~ Poisson(ȳ)
//!
//! λₖ is a Gaussian around the place of source k with a width along the radius, across it and along the axis; G the
//! projector on a fine grid around it, c a flat background. Everything is fitted at once (amplitude, place and widths
//! of every source, and c) by Fisher's scoring: with the projections J of λ's derivatives, θ ← θ + (Jᵀ diag(1/ȳ) J)⁻¹
//! Jᵀ (y/ȳ − 1). The diagonal of the inverse gives the standard errors. Bins that no grid reaches are left out. With
//! TOF, the bins of a line are summed: the widths are those of its place across the line.
//!
//! What comes out is what the resolution model B of the image is to be: detectors, acollinearity and positron range
//! together.

mod fit;
mod source;

use crate::data::Measurement;
use crate::operator::Widths;
use fit::Fit;
use serde::Serialize;
use source::PointModel;

/// Half the length of the grid's sides in mm while a source is looked for, and the width (σ) that it is looked for
/// with.
const SEARCH_MM: f64 = 30.0;
const SEARCH_SIGMA_MM: f64 = 5.0;
/// Sources whose radii differ by less are one place of the table.
const SAME_RADIUS_MM: f64 = 10.0;

/// Scans that tell no width.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PsfError {
    /// Nothing near the place that was named.
    #[error(
        "no source was found within {SEARCH_MM} mm of {place_mm:?} mm: {why}; places are in the frame of the scanner, x to the left of a supine patient, y down, z to the head"
    )]
    NotFound {
        /// Where it was looked for.
        place_mm: [f64; 3],
        /// What was found instead.
        why: String,
    },
}

/// A point source as the scanner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SeenPoint {
    /// Its place in mm.
    pub centre_mm: [f64; 3],
    /// FWHM in mm along the radius, across it and along the axis; along x, y, z on the axis itself.
    pub fwhm_mm: [f64; 3],
    /// Their standard errors.
    pub error_mm: [f64; 3],
    /// Counts of the source.
    pub counts: f64,
}

impl SeenPoint {
    /// Distance from the axis in mm.
    pub fn radius_mm(&self) -> f64 {
        self.centre_mm[0].hypot(self.centre_mm[1])
    }
}

/// Times that every source is fitted: on a wide grid, then on fine ones around what was found, twice, as their size
/// goes with the width.
pub const STAGES: usize = 3;

/// Finds the sources of a scan near the places that are named, in mm. `on_stage` is called after each of the
/// [`STAGES`].
pub fn seen_points(
    measurement: &Measurement,
    places_mm: &[[f64; 3]],
    on_stage: &dyn Fn(),
) -> Result<Vec<SeenPoint>, PsfError> {
    let mut points: Vec<PointModel> =
        places_mm.iter().map(|place| PointModel::around(*place, SEARCH_SIGMA_MM)).collect();
    let scanner = &measurement.geometry.scanner;
    let (radius_mm, half_mm) = (scanner.effective_radius_mm(), 0.5 * scanner.axial_length_mm());
    if let Some(&place_mm) = places_mm.iter().find(|[x, y, z]| x.hypot(*y) > radius_mm || z.abs() > half_mm + SEARCH_MM)
    {
        let why = format!("the scanner ends {radius_mm:.0} mm from its axis and {half_mm:.0} mm from its middle");
        return Err(PsfError::NotFound { place_mm, why });
    }
    let mut log_flat = None;
    let (mut seen, mut settled) = (None, false);
    let stages: [_; STAGES] = [(Some(SEARCH_MM), 0.1), (None, 0.1), (None, 0.01)];
    for (half_mm, least_step) in stages {
        let mut fit = Fit::new(measurement, points, log_flat, half_mm);
        settled = fit.run(least_step);
        for (point, place_mm) in fit.points.iter().zip(places_mm) {
            point.check(place_mm, SEARCH_MM)?;
        }
        seen = fit.seen();
        on_stage();
        (points, log_flat) = (fit.points, Some(fit.log_flat));
    }
    let place_mm = places_mm.first().copied().unwrap_or_default();
    let unsettled = || PsfError::NotFound { place_mm, why: "the fit of all sources did not settle".into() };
    seen.filter(|_| settled).ok_or_else(unsettled)
}

/// The widths of a resolution model: sources of the same radius are averaged, those with small errors the most. The
/// innermost one stands for the axis.
pub fn widths(points: &[SeenPoint]) -> Widths {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.radius_mm().total_cmp(&b.radius_mm()));
    let mut by_radius = Vec::new();
    for group in sorted.chunk_by(|a, b| b.radius_mm() - a.radius_mm() < SAME_RADIUS_MM) {
        let mean = |value: &dyn Fn(&SeenPoint) -> (f64, f64)| {
            let (sum, weights) = group.iter().map(value).fold((0.0, 0.0), |(sum, weights), (value, error)| {
                let weight = error.powi(2).max(f64::MIN_POSITIVE).recip();
                (sum + weight * value, weights + weight)
            });
            sum / weights
        };
        let radius = group.iter().map(SeenPoint::radius_mm).sum::<f64>() / group.len() as f64;
        let mut fwhm_mm = std::array::from_fn(|axis| mean(&|point| (point.fwhm_mm[axis], point.error_mm[axis])));
        let first = by_radius.is_empty();
        if first {
            // On the axis there is no radius.
            let both = (0.5 * (fwhm_mm[0].powi(2) + fwhm_mm[1].powi(2))).sqrt();
            [fwhm_mm[0], fwhm_mm[1]] = [both; 2];
        }
        by_radius.push((if first { 0.0 } else { radius }, fwhm_mm));
    }
    Widths { by_radius }
}
