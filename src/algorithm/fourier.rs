//! Fourier transforms of images, for periodic convolutions.

use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Fourier transforms of real images `[x, y, z]`, zero-padded. A spectrum is `[y, z, x]`, padded shape.
pub(crate) struct Fourier {
    shape: [usize; 3],
    padded: [usize; 3],
    forward: [Arc<dyn Fft<f32>>; 3],
    inverse: [Arc<dyn Fft<f32>>; 3],
}

impl Fourier {
    /// Transforms of images of `shape` with at least `margin` zeros behind each axis.
    pub fn new(shape: [usize; 3], margin: [usize; 3]) -> Self {
        let padded = std::array::from_fn(|axis| smooth(shape[axis] + margin[axis]));
        let mut planner = FftPlanner::new();
        let forward = padded.map(|length| planner.plan_fft_forward(length));
        let inverse = padded.map(|length| planner.plan_fft_inverse(length));
        Self { shape, padded, forward, inverse }
    }

    /// Padded shape `[x, y, z]`.
    pub fn padded(&self) -> [usize; 3] {
        self.padded
    }

    /// The transform of an image.
    pub fn transform(&self, image: &[f32]) -> Vec<Complex<f32>> {
        let ([_, sy, sz], [nx, ny, nz]) = (self.shape, self.padded);
        let mut planes = vec![Complex::default(); nx * ny * nz];
        planes.par_chunks_mut(ny * nz).zip(image.par_chunks(sy * sz)).for_each(|(plane, image)| {
            for (row, image) in plane.chunks_mut(nz).zip(image.chunks(sz)) {
                for (value, &image) in row.iter_mut().zip(image) {
                    value.re = image;
                }
                self.forward[2].process(row);
            }
            along_columns(&*self.forward[1], plane, nz);
        });
        let mut spectrum = transposed(&planes, ny * nz);
        spectrum.par_chunks_mut(nx).for_each(|row| self.forward[0].process(row));
        spectrum
    }

    /// The image of a transform, times the padded number of voxels.
    pub fn restore(&self, mut spectrum: Vec<Complex<f32>>, image: &mut [f32]) {
        let ([_, sy, sz], [nx, ny, nz]) = (self.shape, self.padded);
        spectrum.par_chunks_mut(nx).for_each(|row| self.inverse[0].process(row));
        let mut planes = transposed(&spectrum, nx);
        planes.par_chunks_mut(ny * nz).zip(image.par_chunks_mut(sy * sz)).for_each(|(plane, image)| {
            along_columns(&*self.inverse[1], plane, nz);
            for (row, image) in plane.chunks_mut(nz).zip(image.chunks_mut(sz)) {
                self.inverse[2].process(row);
                for (value, image) in row.iter().zip(image) {
                    *image = value.re;
                }
            }
        });
    }
}

/// The next length without prime factors above 5, for which transforms are fast.
fn smooth(length: usize) -> usize {
    let only_small = |mut n: usize| {
        for prime in [2, 3, 5] {
            while n.is_multiple_of(prime) {
                n /= prime;
            }
        }
        n == 1
    };
    (length.max(1)..).find(|&n| only_small(n)).expect("there is always a power of 2")
}

/// Transforms a `[y, z]` plane along y.
fn along_columns(fft: &dyn Fft<f32>, plane: &mut [Complex<f32>], nz: usize) {
    let ny = plane.len() / nz;
    let mut columns = vec![Complex::default(); plane.len()];
    for (y, row) in plane.chunks(nz).enumerate() {
        for (z, &value) in row.iter().enumerate() {
            columns[z * ny + y] = value;
        }
    }
    fft.process(&mut columns);
    for (y, row) in plane.chunks_mut(nz).enumerate() {
        for (z, value) in row.iter_mut().enumerate() {
            *value = columns[z * ny + y];
        }
    }
}

/// `[row, column]` as `[column, row]`.
fn transposed(matrix: &[Complex<f32>], columns: usize) -> Vec<Complex<f32>> {
    let rows = matrix.len() / columns;
    let mut out = vec![Complex::default(); matrix.len()];
    // A few columns at a time, so that what one cache line holds is used at once.
    out.par_chunks_mut(rows * 8).enumerate().for_each(|(group, out)| {
        for row in 0..rows {
            for (c, column) in out.chunks_mut(rows).enumerate() {
                column[row] = matrix[row * columns + group * 8 + c];
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::{Complex, Fourier};

    #[test]
    fn a_phase_shifts_an_image() {
        let fourier = Fourier::new([5, 6, 7], [1, 0, 2]);
        let [nx, ny, nz] = fourier.padded();
        assert_eq!([nx, ny, nz], [6, 6, 9]);
        let mut image = vec![0.0; 210];
        (image[(2 * 6 + 3) * 7 + 4], image[(6 + 5) * 7]) = (2.0, 3.0);
        let mut spectrum = fourier.transform(&image);
        for (row, values) in spectrum.chunks_mut(nx).enumerate() {
            // One voxel on along x, two along y, three along z.
            let (y, z) = (row / nz, row % nz);
            for (x, value) in values.iter_mut().enumerate() {
                let turns = x as f32 / nx as f32 + 2.0 * y as f32 / ny as f32 + 3.0 * z as f32 / nz as f32;
                *value *= Complex::from_polar(1.0 / (nx * ny * nz) as f32, -std::f32::consts::TAU * turns);
            }
        }
        let mut shifted = vec![f32::NAN; 210];
        fourier.restore(spectrum, &mut shifted);
        let mut expected = vec![0.0; 210];
        // Along y both come round to the other side; the first goes to the padding along z and is not seen.
        expected[(2 * 6 + 1) * 7 + 3] = 3.0;
        for j in 0..210 {
            assert!((shifted[j] - expected[j]).abs() < 1e-5, "voxel {j}: {} instead of {}", shifted[j], expected[j]);
        }
    }
}
