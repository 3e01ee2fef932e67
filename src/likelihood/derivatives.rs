//! Gradient and curvature of the log-likelihood.

use super::model::{Model, Scratch};
use super::poisson::{information_of, residual, score_of, weight};
use coincide_kernels::zeros;
use rayon::prelude::*;

impl Model<'_> {
    /// out = ∇Lₖ(x) = Bᵀ Gₖᵀ \[m ⊙ (y / ȳ − 1)\]; returns Lₖ(x).
    ///
    /// The difference is taken bin by bin, where it is small and exact, not between two large images. Where ȳ = 0 < y,
    /// Lₖ is −∞ and the gradient that of ȳ = 1 % of a mean bin: about the one at an image of 1 % of the activity.
    pub fn gradient(&self, subset: usize, x: &[f32], scratch: &mut Scratch, out: &mut [f32]) -> f64 {
        self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
        let least = self.least_mean();
        let value =
            self.sum_lines(subset, &mut scratch.sinogram, |bins, planes, column| residual(bins, planes, least, column));
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

    /// score = Bᵀ Gₖᵀ \[m ⊙ (y − ȳ) / v\] and information = Gₖᵀ \[m² / v\], without the resolution model; v = max(ȳ, `least`), so
    /// that lines which should see nothing do not count beyond all others.
    pub fn score(
        &self,
        subset: usize,
        x: &[f32],
        least: f32,
        scratch: &mut Scratch,
        score: &mut [f32],
        information: &mut [f32],
    ) {
        self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
        let mut known = scratch.sinogram.clone();
        self.lines(subset, &mut known, |bins, planes, column| information_of(bins, planes, least, column));
        self.back_without_resolution(subset, &known, information);
        self.lines(subset, &mut scratch.sinogram, |bins, planes, column| score_of(bins, planes, least, column));
        self.back(subset, &scratch.sinogram, &mut scratch.image, score);
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
