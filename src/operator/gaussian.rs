//! B: resolution in image space, a separable Gaussian with its own width per axis; B = Bᵀ.
//!
//! Images are `[x, y, z]`, z contiguous, flat; widths in mm. Zero outside the image. The taps and their cut are those
//! of [`coincide_kernels::gaussian`].

use super::LinearOperator;
use crate::image::ImageGrid;
use crate::units::FWHM_PER_SIGMA;
use coincide_kernels::Level;
use coincide_kernels::gaussian::{SeparableFilter, gaussian_taps};
use rayon::prelude::*;

/// A Gaussian filter on one image grid.
#[derive(Clone, Debug)]
pub struct GaussianFilter {
    shape: [usize; 3],
    filter: SeparableFilter,
}

impl GaussianFilter {
    /// The filter of full widths at half maximum along x, y, z in mm; 0 leaves an axis as it is.
    pub fn new(grid: &ImageGrid, fwhm_mm: [f64; 3]) -> Self {
        assert!(fwhm_mm.iter().all(|w| w.is_finite() && *w >= 0.0), "widths of a Gaussian in mm: {fwhm_mm:?}");
        let taps = std::array::from_fn(|axis| gaussian_taps(fwhm_mm[axis] / (FWHM_PER_SIGMA * grid.voxel_mm[axis])));
        Self { shape: grid.shape, filter: SeparableFilter::new(grid.shape, taps) }
    }

    /// y = B (w ⊙ x) / B w where w is 1, and x where it is 0: a mean over what is known alone, so that a flat image
    /// stays flat up to its border.
    pub fn averaged(&self, x: &[f32], known: &[bool], y: &mut [f32]) {
        let mut weight: Vec<f32> = known.iter().map(|known| f32::from(u8::from(*known))).collect();
        let inside: Vec<f32> = x.iter().zip(&weight).map(|(x, w)| x * w).collect();
        self.apply(&inside, y);
        let mut sum = vec![0.0; x.len()];
        self.apply(&weight, &mut sum);
        std::mem::swap(&mut weight, &mut sum);
        for (((y, x), weight), known) in y.iter_mut().zip(x).zip(&weight).zip(known) {
            *y = if *known { *y / weight } else { *x };
        }
    }

    /// Voxels that the filter reaches to either side along x, y, z.
    pub fn reach(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.filter.reach(axis))
    }

    /// y = B x. Every plane of y is a task of its own, so that the bits do not depend on the number of threads.
    pub fn apply(&self, x: &[f32], y: &mut [f32]) {
        let [nx, ny, nz] = self.shape;
        assert_eq!([x.len(), y.len()], [nx * ny * nz; 2], "images of shape {:?}", self.shape);
        if y.is_empty() {
            return;
        }
        let (level, slab) = (Level::best(), nx.div_ceil(rayon::current_num_threads()).max(1));
        // Neighbouring planes share their input: one slab per thread keeps it in that thread's cache.
        y.par_chunks_mut(slab * ny * nz).enumerate().for_each(|(s, planes)| {
            let mut scratch = vec![0.0; self.filter.scratch_len()];
            for (i, plane) in (s * slab..).zip(planes.chunks_mut(ny * nz)) {
                self.filter.plane(level, x, i, &mut scratch, plane);
            }
        });
    }
}

impl LinearOperator for GaussianFilter {
    fn domain(&self) -> &[usize] {
        &self.shape
    }
    fn range(&self) -> &[usize] {
        &self.shape
    }
    fn forward(&self, x: &[f32], y: &mut [f32]) {
        self.apply(x, y);
    }
    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        self.apply(y, x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_gets_the_asked_width_along_each_axis() {
        let grid = ImageGrid::centred([41, 43, 45], [2.0, 2.8, 1.5]);
        // The second is narrower than its voxels.
        let fwhm_mm = [6.0, 1.5, 4.0];
        let mut x = vec![0.0; grid.voxels()];
        x[grid.index([20, 21, 22])] = 1.0;
        let mut y = vec![f32::NAN; grid.voxels()];
        GaussianFilter::new(&grid, fwhm_mm).apply(&x, &mut y);
        let mut variance = [0.0; 3];
        for (n, &value) in y.iter().enumerate() {
            let centre = grid.centre_mm([n / (43 * 45), n / 45 % 43, n % 45]);
            for (variance, mm) in variance.iter_mut().zip(centre) {
                *variance += value as f64 * mm * mm;
            }
        }
        for axis in 0..3 {
            let expected = (fwhm_mm[axis] / FWHM_PER_SIGMA).powi(2);
            assert!((variance[axis] / expected - 1.0).abs() < 1e-5, "axis {axis}: {} {expected}", variance[axis]);
        }
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let grid = ImageGrid::centred([13, 17, 19], [1.0; 3]);
        let x: Vec<f32> = (0..grid.voxels()).map(|n| (n * 7919 % 1009) as f32 - 500.0).collect();
        let filter = GaussianFilter::new(&grid, [2.0, 3.0, 4.0]);
        let with = |threads| {
            let mut y = vec![f32::NAN; x.len()];
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| filter.apply(&x, &mut y));
            y.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(with(1), with(3));
    }
}
