//! Gradient and curvature of the log-likelihood.

use super::model::{Model, Scratch};
use super::poisson::{information, residual, weight};
use coincide_kernels::zeros;
use rayon::prelude::*;

impl Model<'_> {
    /// out = ∇Lₖ(x) = Bᵀ Gₖᵀ \[m ⊙ (y / ȳ − 1)\]; returns Lₖ(x).
    ///
    /// The difference is taken bin by bin, where it is small and exact, not between two large images.
    pub fn gradient(&self, subset: usize, x: &[f32], scratch: &mut Scratch, out: &mut [f32]) -> f64 {
        self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
        let value = self.sum_lines(subset, &mut scratch.sinogram, residual);
        self.back(subset, &scratch.sinogram, &mut scratch.image, out);
        value
    }

    /// out = −∇²Lₖ(x) v = Bᵀ Gₖᵀ \[m² y / ȳ² ⊙ (Gₖ B v)\]
    pub fn curvature(&self, subset: usize, x: &[f32], v: &[f32], scratch: &mut Scratch, out: &mut [f32]) {
        let mut along = zeros(self.subset_bins());
        self.forward(subset, v, &mut scratch.image, &mut along);
        self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
        self.lines(subset, &mut scratch.sinogram, weight);
        scratch.sinogram.par_iter_mut().zip(&along).for_each(|(weight, along)| *weight *= along);
        self.back(subset, &scratch.sinogram, &mut scratch.image, out);
    }

    /// out = Bᵀ Gₖᵀ \[m² y / ȳ²\], how well a subset knows each voxel.
    pub fn certainty(&self, subset: usize, x: &[f32], scratch: &mut Scratch, out: &mut [f32]) {
        self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
        self.lines(subset, &mut scratch.sinogram, weight);
        self.back(subset, &scratch.sinogram, &mut scratch.image, out);
    }

    /// out = Gₖᵀ \[m² / ȳ\], without the resolution model: what the expected counts tell of each voxel.
    pub fn information(&self, subset: usize, x: &[f32], scratch: &mut Scratch, out: &mut [f32]) {
        self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
        self.lines(subset, &mut scratch.sinogram, information);
        self.back_without_resolution(subset, &scratch.sinogram, out);
    }

    /// Row sums of −∇²L(x) over all subsets: what −∇²L makes of an image of ones. Its diagonal is never larger, as no entry
    /// of the Hessian is negative.
    pub fn curvature_row_sums(&self, x: &[f32], scratch: &mut Scratch) -> Vec<f32> {
        let (mut sum, mut part) = (zeros(x.len()), zeros(x.len()));
        let ones = vec![1.0; x.len()];
        for subset in 0..self.subsets() {
            self.curvature(subset, x, &ones, scratch, &mut part);
            sum.par_iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
        }
        sum
    }
}
