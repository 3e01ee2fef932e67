//! The Poisson model of a measurement's counts: value, and what EM takes from it.

use super::poisson::{log_likelihood, mean, quotient};
use crate::data::{Measurement, SubsetError};
use crate::image::ImageGrid;
use crate::model::System;
use crate::operator::Widths;
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// y ~ Poisson(ȳ), ȳ = m ⊙ (G A x) + b, subset by subset. Clones share everything.
#[derive(Clone)]
pub struct Model {
    pub(super) system: System,
    least_mean: Arc<OnceLock<f32>>,
}

impl From<System> for Model {
    fn from(system: System) -> Self {
        Self { system, least_mean: Arc::default() }
    }
}

impl Model {
    /// The model with `count` subsets and a resolution model of some widths: FWHM in mm along x, y, z, or one for each
    /// of several radii.
    pub fn new(
        measurement: &Arc<Measurement>,
        grid: ImageGrid,
        resolution: impl Into<Widths>,
        count: usize,
    ) -> Result<Self, SubsetError> {
        System::new(measurement, grid, resolution, count).map(Self::from)
    }

    /// The same model with another number of subsets.
    pub fn with_subsets(&self, count: usize) -> Result<Self, SubsetError> {
        Ok(Self { system: self.system.with_subsets(count)?, least_mean: self.least_mean.clone() })
    }

    /// The same model of another measurement of the same geometry.
    pub fn with_measurement(&self, measurement: impl Into<Arc<Measurement>>) -> Self {
        self.system.with_measurement(measurement).into()
    }

    /// G A, m and b.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The image grid.
    pub fn grid(&self) -> ImageGrid {
        self.system.grid()
    }

    /// The measurement.
    pub fn measurement(&self) -> &Arc<Measurement> {
        self.system.measurement()
    }

    /// Number of subsets.
    pub fn subsets(&self) -> usize {
        self.system.subsets()
    }

    /// Sensitivity sₖ = Aᵀ Gₖᵀ m of a subset.
    pub fn sensitivity(&self, subset: usize, out: &mut [f32]) {
        let (tof, mut sinogram) = (self.measurement().geometry.tof_bins(), self.system.sinogram());
        self.lines(subset, &mut sinogram, |bins, planes, column| match bins.factors {
            Some(factors) => (0..tof).for_each(|t| column[t * planes..][..planes].copy_from_slice(factors)),
            None => column.fill(1.0),
        });
        self.system.back(subset, &sinogram, out);
    }

    /// Aᵀ Gₖᵀ \[m ⊙ y / ȳ(x)\] of a subset.
    pub fn back_quotient(&self, subset: usize, x: &[f32], out: &mut [f32]) {
        let mut sinogram = self.system.sinogram();
        self.system.forward(subset, x, &mut sinogram);
        self.lines(subset, &mut sinogram, quotient);
        self.system.back(subset, &sinogram, out);
    }

    /// 1 % of the mean count of a bin.
    pub(super) fn least_mean(&self) -> f32 {
        let measurement = self.measurement();
        let mean = || measurement.total_prompts() / measurement.prompts.len().max(1) as f64;
        *self.least_mean.get_or_init(|| ((0.01 * mean()) as f32).max(1e-30))
    }

    /// L(x) over all subsets; −∞ where it makes a counted bin impossible.
    pub fn log_likelihood(&self, x: &[f32]) -> f64 {
        self.over_subsets(x, |subset, sinogram| self.sum_lines(subset, sinogram, log_likelihood))
    }

    /// The largest L that any ȳ could have: that of ȳ = y.
    pub fn saturated_log_likelihood(&self) -> f64 {
        let (prompts, some) = (&self.measurement().prompts, 1 << 16);
        let terms = (0..prompts.len().div_ceil(some)).into_par_iter().map_init(Vec::new, |room, part| {
            let term = |y: f64| if y > 0.0 { y * y.ln() - y } else { 0.0 };
            let counts = prompts.range(part * some..((part + 1) * some).min(prompts.len()), room);
            counts.iter().map(|&y| term(f64::from(y))).sum::<f64>()
        });
        terms.collect::<Vec<_>>().iter().sum()
    }

    /// Σ ȳ − b = Σ m ⊙ (G A x) over all subsets: the counts that the image explains.
    pub fn counts_in_image(&self, x: &[f32]) -> f64 {
        self.over_subsets(x, |subset, sinogram| {
            self.sum_lines(subset, sinogram, |bins, planes, column| {
                let factor = |p: usize| bins.factors.map_or(1.0, |m| m[p % planes]) as f64;
                column.iter().enumerate().map(|(p, &integral)| factor(p) * integral as f64).sum()
            })
        })
    }

    /// Σ over the subsets of a value of their line integrals.
    fn over_subsets(&self, x: &[f32], value: impl Fn(usize, &mut [f32]) -> f64) -> f64 {
        let mut sinogram = self.system.sinogram();
        let of_subset = |subset| {
            self.system.forward(subset, x, &mut sinogram);
            value(subset, &mut sinogram)
        };
        (0..self.subsets()).map(of_subset).fold(0.0, |sum, value| sum + value)
    }

    /// ȳ of all subsets, `[view, radial, tof, plane]`.
    pub fn expected(&self, x: &[f32]) -> Vec<f32> {
        let [views, radial, tof, planes] = self.measurement().geometry.shape();
        let view = radial * tof * planes;
        let (mut all, mut sinogram) = (zeros(views * view), self.system.sinogram());
        for subset in 0..self.subsets() {
            self.system.forward(subset, x, &mut sinogram);
            self.lines(subset, &mut sinogram, mean);
            for (&place, values) in self.system.views(subset).iter().zip(sinogram.chunks_exact(view)) {
                all[place * view..][..view].copy_from_slice(values);
            }
        }
        all
    }
}
