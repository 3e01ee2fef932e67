//! Gradient and curvature of the log-likelihood.

use super::model::Model;
use super::poisson::{information_of, residual, score_of, weight};
use coincide_kernels::zeros;
use rayon::prelude::*;

impl Model {
    /// out = ∇Lₖ(x) = Aᵀ Gₖᵀ \[m ⊙ (y / ȳ − 1)\]; returns Lₖ(x).
    ///
    /// The difference is taken bin by bin, where it is small and exact, not between two large images. Where ȳ = 0 < y,
    /// Lₖ is −∞ and the gradient that of ȳ = 1 % of a mean bin: about the one at an image of 1 % of the activity.
    pub fn gradient(&self, subset: usize, x: &[f32], out: &mut [f32]) -> f64 {
        let (least, mut sinogram) = (self.least_mean(), self.system.sinogram());
        self.system.forward(subset, x, &mut sinogram);
        let value = self.sum_lines(subset, &mut sinogram, |bins, planes, column| residual(bins, planes, least, column));
        self.system.back(subset, &sinogram, out);
        value
    }

    /// out = −∇²Lₖ(x) v = Aᵀ Gₖᵀ \[m² y / ȳ² ⊙ (Gₖ A v)\]
    pub fn curvature(&self, subset: usize, x: &[f32], v: &[f32], out: &mut [f32]) {
        let (mut along, mut sinogram) = (self.system.sinogram(), self.system.sinogram());
        self.system.forward(subset, v, &mut along);
        self.system.forward(subset, x, &mut sinogram);
        self.lines(subset, &mut sinogram, weight);
        sinogram.par_iter_mut().zip(&along[..]).for_each(|(weight, along)| *weight *= along);
        self.system.back(subset, &sinogram, out);
    }

    /// out = Aᵀ Gₖᵀ \[m² y / ȳ²\], how well a subset knows each voxel.
    pub fn certainty(&self, subset: usize, x: &[f32], out: &mut [f32]) {
        let mut sinogram = self.system.sinogram();
        self.system.forward(subset, x, &mut sinogram);
        self.lines(subset, &mut sinogram, weight);
        self.system.back(subset, &sinogram, out);
    }

    /// score = Aᵀ Gₖᵀ \[m ⊙ (y − ȳ) / v\] and information = Gₖᵀ \[m² / v\], without what comes before the lines; v =
    /// max(ȳ, `least`), so that lines which should see nothing do not count beyond all others.
    pub fn score(&self, subset: usize, x: &[f32], least: f32, score: &mut [f32], information: &mut [f32]) {
        let (mut known, mut sinogram) = (self.system.sinogram(), self.system.sinogram());
        self.system.forward(subset, x, &mut sinogram);
        known.copy_from_slice(&sinogram);
        self.lines(subset, &mut known, |bins, planes, column| information_of(bins, planes, least, column));
        self.system.back_to_lines(subset, &known, information);
        self.lines(subset, &mut sinogram, |bins, planes, column| score_of(bins, planes, least, column));
        self.system.back(subset, &sinogram, score);
    }

    /// Row sums of −∇²L(x) over all subsets: what −∇²L makes of an image of ones. Its diagonal is never larger, as no
    /// entry of the Hessian is negative.
    pub fn curvature_row_sums(&self, x: &[f32]) -> Vec<f32> {
        let (mut sum, mut part) = (zeros(x.len()), zeros(x.len()));
        let ones = vec![1.0; x.len()];
        for subset in 0..self.subsets() {
            self.curvature(subset, x, &ones, &mut part);
            sum.par_iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
        }
        sum
    }
}
