//! The model of one measurement on one image grid.

use super::poisson::{Bins, log_likelihood, quotient};
use crate::data::{Measurement, SubsetError, subsets};
use crate::image::ImageGrid;
use crate::operator::{GaussianFilter, LinearOperator, Projector};
use coincide_kernels::zeros;
use rayon::prelude::*;

/// ȳ = m ⊙ (G B x) + b, split into subsets of views.
pub struct Model<'a> {
    measurement: &'a Measurement,
    resolution: Option<GaussianFilter>,
    subsets: Vec<Subset>,
    grid: ImageGrid,
}

struct Subset {
    views: Vec<usize>,
    projector: Projector,
}

/// Arrays that a model's methods need besides their results.
pub struct Scratch {
    /// A sinogram of one subset.
    sinogram: Vec<f32>,
    /// An image between B and G; empty without a resolution model.
    image: Vec<f32>,
}

impl<'a> Model<'a> {
    /// The model with `count` subsets and a resolution model of `resolution_fwhm_mm` along x, y, z.
    pub fn new(
        measurement: &'a Measurement,
        grid: ImageGrid,
        resolution_fwhm_mm: Option<[f64; 3]>,
        count: usize,
    ) -> Result<Self, SubsetError> {
        let projector = Projector::new(&measurement.geometry, grid);
        let subsets = subsets(measurement.geometry.views, count)?;
        Ok(Self {
            measurement,
            resolution: resolution_fwhm_mm.map(|fwhm_mm| GaussianFilter::new(&grid, fwhm_mm)),
            subsets: subsets.into_iter().map(|views| Subset { projector: projector.subset(&views), views }).collect(),
            grid,
        })
    }

    /// The image grid.
    pub fn grid(&self) -> ImageGrid {
        self.grid
    }

    /// The measurement.
    pub fn measurement(&self) -> &Measurement {
        self.measurement
    }

    /// Number of subsets.
    pub fn subsets(&self) -> usize {
        self.subsets.len()
    }

    /// Scratch arrays of the right sizes.
    pub fn scratch(&self) -> Scratch {
        let bins = self.subsets[0].projector.range().iter().product();
        let image = if self.resolution.is_some() { self.grid.voxels() } else { 0 };
        Scratch { sinogram: zeros(bins), image: zeros(image) }
    }

    /// Sensitivity sₖ = Bᵀ Gₖᵀ m of a subset.
    pub fn sensitivity(&self, subset: usize, scratch: &mut Scratch, out: &mut [f32]) {
        let tof = self.measurement.geometry.tof_bins();
        self.lines(subset, &mut scratch.sinogram, |bins, planes, column| match bins.factors {
            Some(factors) => (0..tof).for_each(|t| column[t * planes..][..planes].copy_from_slice(factors)),
            None => column.fill(1.0),
        });
        self.back(subset, scratch, out);
    }

    /// Bᵀ Gₖᵀ \[m ⊙ y / ȳ(x)\] of a subset.
    pub fn back_quotient(&self, subset: usize, x: &[f32], scratch: &mut Scratch, out: &mut [f32]) {
        self.forward(subset, x, scratch);
        self.lines(subset, &mut scratch.sinogram, quotient);
        self.back(subset, scratch, out);
    }

    /// L(x) over all subsets.
    pub fn log_likelihood(&self, x: &[f32], scratch: &mut Scratch) -> f64 {
        let mut sum = 0.0;
        for subset in 0..self.subsets.len() {
            self.forward(subset, x, scratch);
            sum += self.sum_lines(subset, &mut scratch.sinogram, log_likelihood);
        }
        sum
    }

    /// Σ ȳ − b = Σ m ⊙ (G B x) over all subsets: the counts that the image explains.
    pub fn counts_in_image(&self, x: &[f32], scratch: &mut Scratch) -> f64 {
        let mut sum = 0.0;
        for subset in 0..self.subsets.len() {
            self.forward(subset, x, scratch);
            sum += self.sum_lines(subset, &mut scratch.sinogram, |bins, planes, column| {
                let factor = |p: usize| bins.factors.map_or(1.0, |m| m[p % planes]) as f64;
                column.iter().enumerate().map(|(p, &integral)| factor(p) * integral as f64).sum()
            });
        }
        sum
    }

    /// Gₖ B x into the scratch sinogram.
    fn forward(&self, subset: usize, x: &[f32], scratch: &mut Scratch) {
        let projector = &self.subsets[subset].projector;
        match &self.resolution {
            Some(resolution) => {
                resolution.forward(x, &mut scratch.image);
                projector.forward(&scratch.image, &mut scratch.sinogram);
            }
            None => projector.forward(x, &mut scratch.sinogram),
        }
    }

    /// Bᵀ Gₖᵀ of the scratch sinogram.
    fn back(&self, subset: usize, scratch: &mut Scratch, out: &mut [f32]) {
        let projector = &self.subsets[subset].projector;
        match &self.resolution {
            Some(resolution) => {
                projector.adjoint(&scratch.sinogram, &mut scratch.image);
                resolution.adjoint(&scratch.image, out);
            }
            None => projector.adjoint(&scratch.sinogram, out),
        }
    }

    /// Calls `change(bins, planes, column)` for every transaxial line of a subset.
    fn lines(&self, subset: usize, sinogram: &mut [f32], change: impl Fn(Bins, usize, &mut [f32]) + Sync) {
        self.columns(subset, sinogram).for_each(|(bins, planes, column)| change(bins, planes, column));
    }

    /// The sum of `value(bins, planes, column)` over the transaxial lines of a subset, in an order of its own.
    fn sum_lines(
        &self,
        subset: usize,
        sinogram: &mut [f32],
        value: impl Fn(Bins, usize, &mut [f32]) -> f64 + Sync,
    ) -> f64 {
        // Collected first: the order of a parallel sum would depend on the number of threads.
        let sums: Vec<f64> =
            self.columns(subset, sinogram).map(|(bins, planes, column)| value(bins, planes, column)).collect();
        sums.iter().sum()
    }

    fn columns<'s>(
        &'s self,
        subset: usize,
        sinogram: &'s mut [f32],
    ) -> impl IndexedParallelIterator<Item = (Bins<'s>, usize, &'s mut [f32])> {
        let [_, radial_bins, tof, planes] = self.measurement.geometry.shape();
        let views = &self.subsets[subset].views;
        let column = tof * planes;
        sinogram.par_chunks_mut(column).enumerate().with_min_len(16).map(move |(line, integrals)| {
            let line = views[line / radial_bins] * radial_bins + line % radial_bins;
            let bins = Bins {
                counts: &self.measurement.prompts[line * column..][..column],
                factors: self.measurement.factors.as_ref().map(|m| &m[line * planes..][..planes]),
                background: self.measurement.background.as_ref().map(|b| &b[line * column..][..column]),
            };
            (bins, planes, integrals)
        })
    }
}
