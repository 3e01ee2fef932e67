//! T: an image moved along x, y, z, linear between voxels.
//!
//!   (T x)(v) = Σ_w Π_a max(0, 1 − |v_a − d_a − w_a|) x(w),   d in voxels
//!
//! What moves over the border is lost, and what comes from behind it is 0. Images are `[x, y, z]`, z contiguous.

use super::{LinearOperator, check};
use crate::image::ImageGrid;
use rayon::prelude::*;

/// The translation on a grid.
#[derive(Clone, Debug)]
pub struct Translation {
    shape: [usize; 3],
    /// Whole voxels, and the part of one that is left.
    whole: [isize; 3],
    part: [f32; 3],
}

impl Translation {
    /// The translation by a distance in mm.
    pub fn new(grid: &ImageGrid, by_mm: [f64; 3]) -> Self {
        let voxels: [f64; 3] = std::array::from_fn(|axis| by_mm[axis] / grid.voxel_mm[axis]);
        let whole = voxels.map(|by| by.floor() as isize);
        let part = std::array::from_fn(|axis| (voxels[axis] - voxels[axis].floor()) as f32);
        Self { shape: grid.shape, whole, part }
    }

    /// The same one back: its transpose.
    fn back(&self) -> Self {
        // −d = −(whole + 1) + (1 − part), and −whole where nothing is left.
        let turned = |axis: usize| match self.part[axis] {
            0.0 => (-self.whole[axis], 0.0),
            part => (-self.whole[axis] - 1, 1.0 - part),
        };
        let turned: [(isize, f32); 3] = std::array::from_fn(turned);
        Self { shape: self.shape, whole: turned.map(|(whole, _)| whole), part: turned.map(|(_, part)| part) }
    }

    /// The two places along an axis that a voxel takes from, and their weights.
    fn from(&self, axis: usize, voxel: usize) -> impl Iterator<Item = (usize, f32)> {
        let (near, part, count) = (voxel as isize - self.whole[axis], self.part[axis], self.shape[axis] as isize);
        let both = [(near, 1.0 - part), (near - 1, part)];
        both.into_iter()
            .filter(move |(at, weight)| *weight > 0.0 && (0..count).contains(at))
            .map(|(at, weight)| (at as usize, weight))
    }

    fn moved(&self, from: &[f32], to: &mut [f32]) {
        let [_, ny, nz] = self.shape;
        to.par_chunks_mut(nz).enumerate().for_each(|(row, to)| {
            to.fill(0.0);
            for (i, of_x) in self.from(0, row / ny) {
                for (j, of_y) in self.from(1, row % ny) {
                    let from = &from[(i * ny + j) * nz..][..nz];
                    for (k, to) in to.iter_mut().enumerate() {
                        *to += self.from(2, k).map(|(near, of_z)| of_x * of_y * of_z * from[near]).sum::<f32>();
                    }
                }
            }
        });
    }
}

impl LinearOperator for Translation {
    fn domain(&self) -> &[usize] {
        &self.shape
    }

    fn range(&self) -> &[usize] {
        &self.shape
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        check("image", x, &self.shape);
        check("image", y, &self.shape);
        self.moved(x, y);
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        check("image", y, &self.shape);
        check("image", x, &self.shape);
        self.back().moved(y, x);
    }
}
