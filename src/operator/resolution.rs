//! B: the resolution model of the image, a Gaussian whose width may change with the distance from the scanner's axis.
//!
//!   B x = Σ_k G_k (w_k ⊙ x),   Bᵀ y = Σ_k w_k ⊙ G_k y
//!
//! G_k is the Gaussian that was measured at the radius r_k, and w_k(r) how much a voxel at radius r is like one there: linear between neighbouring radii, Σ_k w_k = 1,
//! so that every voxel keeps its activity. What a point source becomes is a blend of the Gaussians of the two radii around it: its variance is linear in r between them, and exact at them. Widths along x, y
//! and z only: radial and tangential widths are taken to be alike.
//!
//! Rapisarda, Bettinardi, Thielemans & Gilardi 2010, Phys. Med. Biol. 55, 4131–4151: image-based models with widths by position.

use super::{GaussianFilter, LinearOperator, check};
use crate::image::ImageGrid;
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::sync::Arc;

/// Widths of the resolution model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Widths {
    /// Radius in mm, rising, and FWHM along x, y, z in mm there; none for no model, one for a Gaussian that is the same everywhere.
    pub by_radius: Vec<(f64, [f64; 3])>,
}

impl From<Option<[f64; 3]>> for Widths {
    fn from(fwhm_mm: Option<[f64; 3]>) -> Self {
        Self { by_radius: fwhm_mm.into_iter().map(|fwhm_mm| (0.0, fwhm_mm)).collect() }
    }
}

impl Widths {
    /// FWHM along x, y, z at the axis; `None` without a model.
    pub fn at_axis(&self) -> Option<[f64; 3]> {
        self.by_radius.first().map(|(_, fwhm_mm)| *fwhm_mm)
    }

    /// FWHM along x, y, z at a radius, the variance linear between the radii that are known.
    pub fn at(&self, radius_mm: f64) -> Option<[f64; 3]> {
        let (_, last) = *self.by_radius.last()?;
        let above = self.by_radius.iter().position(|(radius, _)| *radius > radius_mm);
        Some(match above {
            None => last,
            Some(0) => self.by_radius[0].1,
            Some(n) => {
                let ((low, a), (high, b)) = (self.by_radius[n - 1], self.by_radius[n]);
                let share = (radius_mm - low) / (high - low);
                std::array::from_fn(|axis| ((1.0 - share) * a[axis].powi(2) + share * b[axis].powi(2)).sqrt())
            }
        })
    }
}

/// The resolution model on a grid.
#[derive(Clone, Debug)]
pub struct Resolution {
    shape: [usize; 3],
    filters: Arc<[GaussianFilter]>,
    /// For every transaxial position `[x, y]` the lower of its two radii, and the share of the other; empty for one radius.
    radii: Arc<[(u32, f32)]>,
}

impl Resolution {
    /// The model of some widths; `None` where there are none.
    pub fn new(grid: &ImageGrid, widths: &Widths) -> Option<Self> {
        let known = &widths.by_radius;
        assert!(known.windows(2).all(|two| two[0].0 < two[1].0), "rising radii: {known:?}");
        let filters = known.iter().map(|(_, fwhm_mm)| GaussianFilter::new(grid, *fwhm_mm)).collect();
        let place = |n: usize| {
            let [x, y, _] = grid.centre_mm([n / grid.shape[1], n % grid.shape[1], 0]);
            let radius = x.hypot(y);
            let above = known.iter().position(|(other, _)| *other > radius).unwrap_or(known.len());
            if above == 0 || above == known.len() {
                return (above.saturating_sub(1) as u32, 0.0);
            }
            let (low, high) = (known[above - 1].0, known[above].0);
            (above as u32 - 1, ((radius - low) / (high - low)) as f32)
        };
        let several = if known.len() > 1 { grid.shape[0] * grid.shape[1] } else { 0 };
        let radii = (0..several).map(place).collect();
        (!known.is_empty()).then_some(Self { shape: grid.shape, filters, radii })
    }

    /// Calls `each(part, w_k, values)` for all rows of voxels along z, where w_k is not 0.
    fn rows(&self, k: usize, out: &mut [f32], each: impl Fn(usize, f32, &mut [f32]) + Sync) {
        let nz = self.shape[2];
        out.par_chunks_mut(nz).zip(self.radii.par_iter()).enumerate().with_min_len(64).for_each(
            |(row, (out, &(low, share)))| {
                let weight = match k as u32 {
                    k if k == low => 1.0 - share,
                    k if k == low + 1 => share,
                    _ => 0.0,
                };
                each(row * nz, weight, out);
            },
        );
    }
}

impl LinearOperator for Resolution {
    fn domain(&self) -> &[usize] {
        &self.shape
    }

    fn range(&self) -> &[usize] {
        &self.shape
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        check("image", x, &self.shape);
        check("image", y, &self.shape);
        let [first, rest @ ..] = &*self.filters else { return };
        if rest.is_empty() {
            return first.apply(x, y);
        }
        let nz = self.shape[2];
        let [mut part, mut blurred] = [(); 2].map(|()| zeros(x.len()));
        for (k, filter) in self.filters.iter().enumerate() {
            self.rows(k, &mut part, |at, weight, out| {
                out.iter_mut().zip(&x[at..at + nz]).for_each(|(out, x)| *out = weight * x);
            });
            if k == 0 {
                filter.apply(&part, y);
                continue;
            }
            filter.apply(&part, &mut blurred);
            y.par_iter_mut().zip(&blurred).for_each(|(y, more)| *y += more);
        }
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        check("image", y, &self.shape);
        check("image", x, &self.shape);
        let [first, rest @ ..] = &*self.filters else { return };
        if rest.is_empty() {
            return first.apply(y, x);
        }
        let nz = self.shape[2];
        let mut blurred = zeros(x.len());
        for (k, filter) in self.filters.iter().enumerate() {
            filter.apply(y, &mut blurred);
            self.rows(k, x, |at, weight, out| {
                for (out, value) in out.iter_mut().zip(&blurred[at..at + nz]) {
                    *out = weight * value + if k == 0 { 0.0 } else { *out };
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::dot_test;

    fn widths() -> Widths {
        Widths { by_radius: vec![(0.0, [4.0; 3]), (40.0, [6.0, 6.0, 5.0]), (80.0, [9.0, 9.0, 6.0])] }
    }

    #[test]
    fn the_adjoint_is_exact_and_activity_is_kept() {
        let grid = ImageGrid::centred([60, 60, 20], [3.0, 3.0, 3.0]);
        let resolution = Resolution::new(&grid, &widths()).unwrap();
        for seed in 0..3 {
            assert!(dot_test(&resolution, seed) < 1e-6);
        }
        // Bᵀ 1 = 1 away from the rim: every voxel keeps its activity.
        let mut kept = vec![f32::NAN; grid.voxels()];
        resolution.adjoint(&vec![1.0; grid.voxels()], &mut kept);
        let inside = kept[grid.index([30, 30, 10])];
        assert!((inside - 1.0).abs() < 1e-5, "{inside}");
        assert!(Resolution::new(&grid, &Widths::default()).is_none());
    }

    /// Second moments of what a point becomes, at the axis, half way and beyond the last radius.
    #[test]
    fn points_are_as_wide_as_their_radius_says() {
        let grid = ImageGrid::centred([101, 101, 31], [2.0; 3]);
        let resolution = Resolution::new(&grid, &widths()).unwrap();
        for (voxel, radius) in [(50, 0.0), (60, 20.0), (70, 40.0), (80, 60.0), (92, 84.0)] {
            let [mut x, mut y] = [(); 2].map(|()| vec![0.0; grid.voxels()]);
            x[grid.index([voxel, 50, 15])] = 1.0;
            resolution.forward(&x, &mut y);
            let (mut sum, mut square) = (0.0, 0.0);
            for j in 0..101 {
                let line: f32 = (0..31).map(|k| (0..101).map(|i| y[grid.index([i, j, k])]).sum::<f32>()).sum();
                sum += f64::from(line);
                square += f64::from(line) * (2.0 * (j as f64 - 50.0)).powi(2);
            }
            let fwhm = (square / sum).sqrt() * crate::units::FWHM_PER_SIGMA;
            // The taps are integrals over voxels, which adds the variance of a voxel.
            let voxel = 2.0 / 12.0_f64.sqrt() * crate::units::FWHM_PER_SIGMA;
            let expected = widths().at(radius).unwrap()[1].hypot(voxel);
            assert!((sum - 1.0).abs() < 1e-3 && (fwhm / expected - 1.0).abs() < 0.02, "{radius} mm: {fwhm} {expected}");
        }
    }
}
