//! Resolution as the sinogram sees it.
//!
//! Line integrals are averaged over neighbouring lines with a Gaussian in radial distance s and in axial position z of
//! the plane, within each segment, before efficiencies and counting. A reconstruction that models resolution does so by
//! a Gaussian in the image; the two agree only for parallel, equispaced lines, so no simulated scan is blurred by the
//! very operator that inverts it.

use crate::scanner::SinogramGeometry;
use crate::units::FWHM_PER_SIGMA;

/// Normalised weights of the neighbours of one sample: first neighbour and one weight each.
type Row = (usize, Vec<f32>);

/// Blurs views `[radial, tof, plane]`.
#[derive(Clone, Debug)]
pub(super) struct SinogramBlur<'a> {
    geometry: &'a SinogramGeometry,
    sigma_mm: f64,
    /// Weights over planes.
    axial: Vec<Row>,
}

impl<'a> SinogramBlur<'a> {
    /// `None` for a FWHM of zero.
    pub fn new(geometry: &'a SinogramGeometry, fwhm_mm: f64) -> Option<Self> {
        let sigma_mm = fwhm_mm / FWHM_PER_SIGMA;
        let mut axial = Vec::new();
        for segment in &geometry.segments {
            let z: Vec<_> = segment.planes.iter().map(|plane| plane.z_mm).collect();
            let first_plane = axial.len();
            axial.extend(gaussian_rows(&z, sigma_mm).into_iter().map(|(first, row)| (first_plane + first, row)));
        }
        (fwhm_mm > 0.0).then_some(Self { geometry, sigma_mm, axial })
    }

    /// Blurs one view in place.
    pub fn apply(&self, view: usize, values: &mut [f32]) {
        let [_, radial, tof, planes] = self.geometry.shape();
        let mut source = vec![0.0; values.len()];
        for (row, from) in source.chunks_exact_mut(planes).zip(values.chunks_exact(planes)) {
            if from.iter().any(|&value| value != 0.0) {
                for (target, (first, weights)) in row.iter_mut().zip(&self.axial) {
                    *target = weights.iter().zip(&from[*first..]).map(|(weight, value)| weight * value).sum();
                }
            }
        }
        let s: Vec<_> = (0..radial).map(|bin| self.geometry.line(view, bin).distance_and_angle().0).collect();
        let column = tof * planes;
        for (target, (first, weights)) in values.chunks_exact_mut(column).zip(gaussian_rows(&s, self.sigma_mm)) {
            target.fill(0.0);
            for (weight, from) in weights.iter().zip(source[first * column..].chunks_exact(column)) {
                target.iter_mut().zip(from).for_each(|(target, from)| *target += weight * from);
            }
        }
    }
}

/// Standard deviations beyond which a Gaussian is cut.
const REACH: f64 = 4.0;

/// Gaussian weights between samples at ordered positions, each times its own spacing, normalised to sum 1. Samples
/// farther apart than σ would see too narrow a Gaussian: it is widened until its second moment, as it stands, is σ².
fn gaussian_rows(at: &[f64], sigma: f64) -> Vec<Row> {
    let last = at.len() - 1;
    let spacing = |n: usize| match (n, last) {
        (_, 0) => 1.0,
        (n, last) => {
            (at[(n + 1).min(last)] - at[n.saturating_sub(1)]).abs() / if n == 0 || n == last { 1.0 } else { 2.0 }
        }
    };
    let spacings: Vec<f64> = (0..=last).map(spacing).collect();
    let row = |centre: usize| {
        // One neighbour at least on either side: no width is lost.
        let near = |n: &usize| n.abs_diff(centre) <= 1 || (at[*n] - at[centre]).abs() <= REACH * sigma;
        let first = (0..=centre).rev().take_while(near).last().unwrap_or(centre);
        let end = (centre..=last).take_while(near).last().unwrap_or(centre);
        let off: Vec<f64> = (first..=end).map(|n| at[n] - at[centre]).collect();
        let weights = if spacings[first..=end].iter().all(|spacing| *spacing <= sigma) {
            weights(&off, &spacings[first..=end], sigma)
        } else {
            widened(&off, &spacings[first..=end], sigma)
        };
        (first, weights.iter().map(|weight| *weight as f32).collect())
    };
    (0..=last).map(row).collect()
}

/// Weights of a Gaussian of some width at distances, with sum 1.
fn weights(off: &[f64], spacings: &[f64], width: f64) -> Vec<f64> {
    let of = |(off, spacing): (&f64, &f64)| spacing * (-0.5 * (off / width).powi(2)).exp();
    let weights: Vec<f64> = off.iter().zip(spacings).map(of).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Those whose second moment is σ², or the largest that the samples can have. A wider Gaussian has a larger one.
fn widened(off: &[f64], spacings: &[f64], sigma: f64) -> Vec<f64> {
    let moment =
        |width: f64| weights(off, spacings, width).iter().zip(off).map(|(weight, off)| weight * off * off).sum::<f64>();
    let (mut low, mut high) = (0.1 * sigma, sigma + 10.0 * spacings.iter().copied().fold(0.0, f64::max));
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        (low, high) = if moment(middle) > sigma * sigma { (low, middle) } else { (middle, high) };
    }
    weights(off, spacings, 0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_a_gaussian_whatever_the_spacing() {
        let at: Vec<_> = (0..200).map(|n| 0.4 * n as f64 + 0.15 * (n % 2) as f64).collect();
        let (first, weights) = &gaussian_rows(&at, 2.5)[100];
        let moment = |power: i32| -> f64 {
            weights.iter().enumerate().map(|(n, &w)| f64::from(w) * (at[first + n] - at[100]).powi(power)).sum()
        };
        assert!((moment(0) - 1.0).abs() < 1e-6);
        assert!((moment(2).sqrt() / 2.5 - 1.0).abs() < 5e-3, "{}", moment(2).sqrt());
        assert_eq!(gaussian_rows(&[3.0], 2.0), [(0, vec![1.0])]);
    }

    /// Planes of rings that are far apart see the width that was asked for, and not the nearest sample alone.
    #[test]
    fn coarse_samples_have_the_second_moment_that_was_asked_for() {
        for (spacing, sigma) in [(5.0, 2.1), (5.0, 0.9), (4.1, 4.0), (2.0, 1.9), (20.0, 2.0)] {
            let at: Vec<f64> = (0..31).map(|n| spacing * f64::from(n)).collect();
            for centre in [1, 15, 29, 30] {
                let (first, weights) = &gaussian_rows(&at, sigma)[centre];
                let squares = weights.iter().zip(&at[*first..]).map(|(w, z)| f64::from(*w) * (z - at[centre]).powi(2));
                let (sum, found) = (weights.iter().sum::<f32>(), squares.sum::<f64>().sqrt());
                assert!((sum - 1.0).abs() < 1e-6, "{sum}");
                assert!((found / sigma - 1.0).abs() < 2e-3, "planes {spacing} mm apart: {found} of {sigma}");
            }
        }
    }
}
