//! Correlation with Gaussians. Wide ones: blocks of voxels are added up, filtered on their own grid, and read between
//! their centres.

use crate::image::{Image, ImageGrid, ImageUnit, resampled};
use crate::operator::{Covariance, GaussianFilter};
use crate::units::FWHM_PER_SIGMA;
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Blocks over σ of the narrowest Gaussian.
const BLOCKS_PER_SIGMA: f64 = 3.0;

/// (Gaussian of unit height) ⋆ r
pub(super) fn correlated(grid: &ImageGrid, sigma_mm: [f64; 3], r: &[f32]) -> Vec<f32> {
    let (mut out, of) = (zeros(r.len()), Covariance::along_axes(sigma_mm));
    filter(grid, of).apply(r, &mut out);
    let scale = sum_of_gaussian(grid, of) as f32;
    out.par_iter_mut().for_each(|value| *value *= scale);
    out
}

/// A filter that is the same everywhere, and not turned.
pub(super) fn filter(grid: &ImageGrid, of: Covariance) -> GaussianFilter {
    GaussianFilter::new(grid, [of.xx, of.yy, of.zz].map(|variance| variance.sqrt() * FWHM_PER_SIGMA))
}

/// Sum over the voxels of a Gaussian of unit height.
pub(super) fn sum_of_gaussian(grid: &ImageGrid, of: Covariance) -> f64 {
    let voxel: f64 = grid.voxel_mm.iter().product();
    (2.0 * PI).powf(1.5) * of.across().powi(2) * of.zz.sqrt() / voxel
}

/// (Gaussian of unit height) ⋆ r at every voxel; what [`correlated`] says for less work where σ is many voxels.
pub(super) fn widely_correlated(grid: &ImageGrid, sigma_mm: [f64; 3], r: &[f32]) -> Vec<f32> {
    let block: [usize; 3] =
        std::array::from_fn(|axis| ((sigma_mm[axis] / (BLOCKS_PER_SIGMA * grid.voxel_mm[axis])) as usize).max(1));
    let before: [usize; 3] = std::array::from_fn(|axis| before(grid.shape[axis], block[axis]));
    let coarse = ImageGrid {
        shape: std::array::from_fn(|axis| grid.shape[axis].div_ceil(block[axis]) + 2),
        voxel_mm: std::array::from_fn(|axis| block[axis] as f64 * grid.voxel_mm[axis]),
        origin_mm: std::array::from_fn(|axis| {
            let first = 0.5 * (block[axis] as f64 - 1.0) - before[axis] as f64;
            grid.origin_mm[axis] + first * grid.voxel_mm[axis]
        }),
    };
    let mut sums = zeros(coarse.voxels());
    let [nx, ny, nz] = grid.shape;
    sums.par_chunks_mut(coarse.shape[1] * coarse.shape[2]).enumerate().for_each(|(x, sums)| {
        let first = (x * block[0]).saturating_sub(before[0]);
        for i in first..((x + 1) * block[0]).saturating_sub(before[0]).min(nx) {
            for j in 0..ny {
                let sums = &mut sums[(j + before[1]) / block[1] * coarse.shape[2]..][..coarse.shape[2]];
                for (k, value) in r[(i * ny + j) * nz..][..nz].iter().enumerate() {
                    sums[(k + before[2]) / block[2]] += value;
                }
            }
        }
    });
    let values = correlated(&coarse, sigma_mm, &sums);
    resampled(&Image { grid: coarse, unit: ImageUnit::Number, values }, grid)
}

/// Voxels between the start of the first block and that of the image: a block, so that there is one on each side to
/// interpolate with, and half of what the last one lacks.
fn before(voxels: usize, block: usize) -> usize {
    block + (voxels.div_ceil(block) * block - voxels) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_change_little() {
        let grid = ImageGrid::centred([40, 37, 23], [4.0, 4.0, 3.0]);
        let r: Vec<f32> = (0..grid.voxels()).map(|n| 1.0 + ((n * 7919 % 1009) as f32 - 504.0) / 200.0).collect();
        let sigma_mm = [38.0, 38.0, 30.0];
        let (exact, fast) = (correlated(&grid, sigma_mm, &r), widely_correlated(&grid, sigma_mm, &r));
        let largest = exact.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let worst = exact.iter().zip(&fast).map(|(exact, fast)| (exact - fast).abs() / largest).fold(0.0, f32::max);
        println!("worst deviation {worst:.4} of the largest value");
        assert!(worst < 0.03, "{worst}");
    }
}
