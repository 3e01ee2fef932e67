//! What the data's curvature makes of an image, without a projection: shift-invariant up to a diagonal (Fessler & Booth
//! 1999, IEEE TIP 8(5), 688–699).
//!
//!   −∇²L = Bᵀ Gᵀ diag(m² y / ȳ²) G B ≈ D C D
//!
//! with dⱼ² = \[Bᵀ Gᵀ (m² y / ȳ²)\]ⱼ, the certainty of a voxel, and C the convolution that projecting and back
//! projecting makes of a point, over the sum of its line integrals. Both are taken from a few interleaved views.

use super::arithmetic::each;
use super::fourier::Fourier;
use super::objective::Objective;
use crate::data::most_subsets;
use crate::likelihood::Model;
use crate::operator::GaussianFilter;
use coincide_kernels::zeros;
use rayon::prelude::*;

/// Views from which certainty and C are taken.
const VIEWS: usize = 16;

/// Width of the filter over the certainty, in voxels along x: the streaks of few views and the noise of few counts do
/// not matter.
const SMOOTHING_VOXELS: f64 = 4.0;

/// Smallest certainty over the largest.
const LEAST_CERTAINTY: f32 = 1e-3;

/// Smallest value of Ĉ over its largest.
const LEAST_RESPONSE: f32 = 1e-3;

/// Most zeros behind the last slice, which keep the first one from seeing it.
const MOST_MARGIN: usize = 16;

/// D C D at one image.
pub(super) struct Response {
    fourier: Fourier,
    /// d; 0 outside the field of view.
    d: Vec<f32>,
    /// Ĉ over the number of its values, as a convolution takes it.
    spectrum: Vec<f32>,
    /// Projections and back projections that this took, in passes over the data.
    pub passes: f64,
}

impl Response {
    /// That of an objective at `x`.
    pub fn new(objective: &Objective, x: &[f32]) -> Self {
        let grid = objective.model().grid();
        let few =
            objective.model().with_subsets(parts(objective.model())).expect("the number of parts divides the views");
        let (mut certainty, mut d) = (zeros(x.len()), zeros(x.len()));
        few.certainty(0, x, &mut certainty);
        GaussianFilter::new(&grid, [SMOOTHING_VOXELS * grid.voxel_mm[0]; 3]).apply(&certainty, &mut d);
        let least = LEAST_CERTAINTY * d.par_iter().copied().reduce(|| 0.0, f32::max);
        let scale = few.subsets() as f32;
        each(&mut d, [objective.sensitivity()], |c, [s]| if s > 0.0 { (scale * c.max(least)).sqrt() } else { 0.0 });
        let fourier = Fourier::new(grid.shape, [0, 0, grid.shape[2].div_ceil(4).min(MOST_MARGIN)]);
        let spectrum = spectrum(&few, objective.sensitivity(), &fourier);
        Self { fourier, d, spectrum, passes: 2.0 / few.subsets() as f64 }
    }

    /// Makes D C D larger.
    pub fn stiffen(&mut self, factor: f32) {
        self.spectrum.par_iter_mut().for_each(|c| *c *= factor);
    }

    /// out = D C D q
    pub fn apply(&self, q: &[f32], out: &mut [f32]) {
        each(out, [q, &self.d], |_, [q, d]| q * d);
        let mut spectrum = self.fourier.transform(out);
        spectrum.par_iter_mut().zip(&self.spectrum).for_each(|(value, c)| *value *= c);
        self.fourier.restore(spectrum, out);
        each(out, [&self.d], |out, [d]| out * d);
    }
}

/// Parts of interleaved views, as many as leave [`VIEWS`] in each.
fn parts(model: &Model) -> usize {
    let views = model.measurement().geometry.views;
    most_subsets(views, views / VIEWS)
}

/// Ĉ, the same in all transaxial directions: the spokes of few views are averaged out.
fn spectrum(few: &Model, s: &[f32], fourier: &Fourier) -> Vec<f32> {
    let grid = few.grid();
    let [nx, ny, nz] = grid.shape;
    // An image that lies beside the axis may not have its middle in the field of view.
    let middle = (nx / 2 * ny + ny / 2) * nz + nz / 2;
    let best = || (0..s.len()).max_by(|&a, &b| s[a].total_cmp(&s[b])).unwrap_or(middle);
    let middle = if s[middle] > 0.0 { middle } else { best() };
    let mut point = zeros(grid.voxels());
    point[middle] = 1.0;
    let mut sinogram = few.system().sinogram();
    few.system().forward(0, &point, &mut sinogram);
    let of_lines: f64 = sinogram.iter().map(|&a| f64::from(a)).sum();
    few.system().back(0, &sinogram, &mut point);
    let transform = fourier.transform(&point);
    let [px, py, pz] = fourier.padded();
    let rings = px.max(py);
    // Rings of equal transaxial frequency, up to the corner of the band.
    let side = |index: usize, length: usize, mm: f64| index.min(length - index) as f64 / (length as f64 * mm);
    let corner = (0.5 / grid.voxel_mm[0]).hypot(0.5 / grid.voxel_mm[1]);
    let ring = |x: usize, y: usize| {
        let frequency = side(x, px, grid.voxel_mm[0]).hypot(side(y, py, grid.voxel_mm[1]));
        (frequency / corner * (rings - 1) as f64).round() as usize
    };
    let mut means = vec![(0.0_f64, 0_u32); rings * pz];
    for (row, values) in transform.chunks(px).enumerate() {
        for (x, value) in values.iter().enumerate() {
            let (total, count) = &mut means[ring(x, row / pz) * pz + row % pz];
            (*total, *count) = (*total + f64::from(value.norm()), *count + 1);
        }
    }
    let scale = 1.0 / (of_lines * transform.len() as f64);
    let mut spectrum = vec![0.0; transform.len()];
    spectrum.par_chunks_mut(px).enumerate().for_each(|(row, values)| {
        for (x, value) in values.iter_mut().enumerate() {
            let (total, count) = means[ring(x, row / pz) * pz + row % pz];
            *value = (total / f64::from(count) * scale) as f32;
        }
    });
    let least = LEAST_RESPONSE * spectrum.par_iter().copied().reduce(|| 0.0, f32::max);
    spectrum.par_iter_mut().for_each(|value| *value = value.max(least));
    spectrum
}
