//! The model of one measurement on one image grid.

use super::poisson::{log_likelihood, mean, quotient};
use crate::data::{Measurement, SubsetError, subsets};
use crate::image::ImageGrid;
use crate::operator::{LinearOperator, Projector, Resolution, Widths};
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::sync::OnceLock;

/// ȳ = m ⊙ (G B x) + b, split into subsets of views.
pub struct Model<'a> {
    pub(super) measurement: &'a Measurement,
    resolution: Option<Resolution>,
    widths: Widths,
    pub(super) subsets: Vec<Subset>,
    grid: ImageGrid,
    least_mean: OnceLock<f32>,
}

pub(super) struct Subset {
    pub views: Vec<usize>,
    projector: Projector,
}

/// Arrays that a model's methods need besides their results.
pub struct Scratch {
    /// A sinogram of one subset.
    pub sinogram: Vec<f32>,
    /// An image between B and G; empty without a resolution model.
    pub image: Vec<f32>,
}

impl<'a> Model<'a> {
    /// The model with `count` subsets and a resolution model of some widths: FWHM in mm along x, y, z, or one for each of several radii.
    pub fn new(
        measurement: &'a Measurement,
        grid: ImageGrid,
        resolution: impl Into<Widths>,
        count: usize,
    ) -> Result<Self, SubsetError> {
        let projector = Projector::new(&measurement.geometry, grid);
        let subsets = subsets(measurement.geometry.views, count)?;
        let widths = resolution.into();
        Ok(Self {
            measurement,
            resolution: Resolution::new(&grid, &widths),
            widths,
            subsets: subsets.into_iter().map(|views| Subset { projector: projector.subset(&views), views }).collect(),
            grid,
            least_mean: OnceLock::new(),
        })
    }

    /// The same model with another number of subsets.
    pub fn with_subsets(&self, count: usize) -> Result<Self, SubsetError> {
        let subsets = subsets(self.measurement.geometry.views, count)?;
        let projector = &self.subsets[0].projector;
        let subsets = subsets.into_iter().map(|views| Subset { projector: projector.subset(&views), views }).collect();
        let (resolution, widths) = (self.resolution.clone(), self.widths.clone());
        let (measurement, grid, least_mean) = (self.measurement, self.grid, OnceLock::new());
        Ok(Self { measurement, resolution, widths, subsets, grid, least_mean })
    }

    /// The same model of another measurement of the same geometry.
    pub fn with_measurement<'b>(&self, measurement: &'b Measurement) -> Model<'b> {
        let shape = measurement.geometry.shape();
        assert_eq!(shape, self.measurement.geometry.shape(), "a measurement of another geometry");
        let subset = |subset: &Subset| Subset { views: subset.views.clone(), projector: subset.projector.clone() };
        let subsets = self.subsets.iter().map(subset).collect();
        let (resolution, widths) = (self.resolution.clone(), self.widths.clone());
        Model { measurement, resolution, widths, subsets, grid: self.grid, least_mean: OnceLock::new() }
    }

    /// The image grid.
    pub fn grid(&self) -> ImageGrid {
        self.grid
    }

    /// The measurement.
    pub fn measurement(&self) -> &Measurement {
        self.measurement
    }

    /// Widths of the resolution model.
    pub fn widths(&self) -> &Widths {
        &self.widths
    }

    /// Number of subsets.
    pub fn subsets(&self) -> usize {
        self.subsets.len()
    }

    /// Scratch arrays of the right sizes.
    pub fn scratch(&self) -> Scratch {
        let image = if self.resolution.is_some() { self.grid.voxels() } else { 0 };
        Scratch { sinogram: zeros(self.subset_bins()), image: zeros(image) }
    }

    /// Sensitivity sₖ = Bᵀ Gₖᵀ m of a subset.
    pub fn sensitivity(&self, subset: usize, scratch: &mut Scratch, out: &mut [f32]) {
        let tof = self.measurement.geometry.tof_bins();
        self.lines(subset, &mut scratch.sinogram, |bins, planes, column| match bins.factors {
            Some(factors) => (0..tof).for_each(|t| column[t * planes..][..planes].copy_from_slice(factors)),
            None => column.fill(1.0),
        });
        self.back(subset, &scratch.sinogram, &mut scratch.image, out);
    }

    /// Bᵀ Gₖᵀ \[m ⊙ y / ȳ(x)\] of a subset.
    pub fn back_quotient(&self, subset: usize, x: &[f32], scratch: &mut Scratch, out: &mut [f32]) {
        self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
        self.lines(subset, &mut scratch.sinogram, quotient);
        self.back(subset, &scratch.sinogram, &mut scratch.image, out);
    }

    /// 1 % of the mean count of a bin.
    pub(super) fn least_mean(&self) -> f32 {
        let mean = || self.measurement.total_prompts() / self.measurement.prompts.len().max(1) as f64;
        *self.least_mean.get_or_init(|| ((0.01 * mean()) as f32).max(1e-30))
    }

    /// L(x) over all subsets; −∞ where it makes a counted bin impossible.
    pub fn log_likelihood(&self, x: &[f32], scratch: &mut Scratch) -> f64 {
        let mut sum = 0.0;
        for subset in 0..self.subsets.len() {
            self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
            sum += self.sum_lines(subset, &mut scratch.sinogram, log_likelihood);
        }
        sum
    }

    /// The largest L that any ȳ could have: that of ȳ = y.
    pub fn saturated_log_likelihood(&self) -> f64 {
        let (prompts, some) = (&self.measurement.prompts, 1 << 16);
        let terms = (0..prompts.len().div_ceil(some)).into_par_iter().map_init(Vec::new, |room, part| {
            let term = |y: f64| if y > 0.0 { y * y.ln() - y } else { 0.0 };
            let counts = prompts.range(part * some..((part + 1) * some).min(prompts.len()), room);
            counts.iter().map(|&y| term(f64::from(y))).sum::<f64>()
        });
        terms.collect::<Vec<_>>().iter().sum()
    }

    /// Σ ȳ − b = Σ m ⊙ (G B x) over all subsets: the counts that the image explains.
    pub fn counts_in_image(&self, x: &[f32], scratch: &mut Scratch) -> f64 {
        let mut sum = 0.0;
        for subset in 0..self.subsets.len() {
            self.forward(subset, x, &mut scratch.image, &mut scratch.sinogram);
            sum += self.sum_lines(subset, &mut scratch.sinogram, |bins, planes, column| {
                let factor = |p: usize| bins.factors.map_or(1.0, |m| m[p % planes]) as f64;
                column.iter().enumerate().map(|(p, &integral)| factor(p) * integral as f64).sum()
            });
        }
        sum
    }

    /// ȳ of all subsets, `[view, radial, tof, plane]`.
    pub fn expected(&self, x: &[f32], scratch: &mut Scratch) -> Vec<f32> {
        let [views, radial, tof, planes] = self.measurement.geometry.shape();
        let view = radial * tof * planes;
        let mut all = zeros(views * view);
        for (index, subset) in self.subsets.iter().enumerate() {
            self.forward(index, x, &mut scratch.image, &mut scratch.sinogram);
            self.lines(index, &mut scratch.sinogram, mean);
            for (&place, values) in subset.views.iter().zip(scratch.sinogram.chunks_exact(view)) {
                all[place * view..][..view].copy_from_slice(values);
            }
        }
        all
    }

    /// z = Gₖ B x, the line integrals of a subset without its factors.
    pub fn forward(&self, subset: usize, x: &[f32], image: &mut [f32], z: &mut [f32]) {
        let projector = &self.subsets[subset].projector;
        match &self.resolution {
            Some(resolution) => {
                resolution.forward(x, image);
                projector.forward(image, z);
            }
            None => projector.forward(x, z),
        }
    }

    /// out = Bᵀ Gₖᵀ z
    pub fn back(&self, subset: usize, z: &[f32], image: &mut [f32], out: &mut [f32]) {
        let projector = &self.subsets[subset].projector;
        match &self.resolution {
            Some(resolution) => {
                projector.adjoint(z, image);
                resolution.adjoint(image, out);
            }
            None => projector.adjoint(z, out),
        }
    }

    /// out = Gₖᵀ z
    pub(super) fn back_without_resolution(&self, subset: usize, z: &[f32], out: &mut [f32]) {
        self.subsets[subset].projector.adjoint(z, out);
    }

    /// Bins of a subset.
    pub fn subset_bins(&self) -> usize {
        self.subsets[0].projector.range().iter().product()
    }
}
