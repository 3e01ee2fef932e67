//! Resolution as the sinogram sees it.
//!
//! Line integrals are averaged over neighbouring lines with a Gaussian in radial distance s and in axial position z of the plane, within
//! each segment, before efficiencies and counting. A reconstruction that models resolution does so by a Gaussian in the
//! image; the two agree only for parallel, equispaced lines, so no simulated scan is blurred by the very operator that inverts it.

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

/// Gaussian weights between samples at ordered positions, each times its own spacing, normalised to sum 1.
fn gaussian_rows(at: &[f64], sigma: f64) -> Vec<Row> {
    const REACH: f64 = 4.0;
    let last = at.len() - 1;
    let spacing = |n: usize| match (n, last) {
        (_, 0) => 1.0,
        (n, last) => {
            (at[(n + 1).min(last)] - at[n.saturating_sub(1)]).abs() / if n == 0 || n == last { 1.0 } else { 2.0 }
        }
    };
    let row = |centre: usize| {
        let near = |n: &usize| (at[*n] - at[centre]).abs() <= REACH * sigma;
        let first = (0..=centre).rev().take_while(near).last().unwrap_or(centre);
        let end = (centre..=last).take_while(near).last().unwrap_or(centre);
        let weights: Vec<_> =
            (first..=end).map(|n| spacing(n) * (-0.5 * ((at[n] - at[centre]) / sigma).powi(2)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        (first, weights.iter().map(|weight| (weight / sum) as f32).collect())
    };
    (0..=last).map(row).collect()
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
}
