//! The score map: for every voxel, how strongly the counts ask for a small lesion there that the image lacks, or refute one that it
//! shows.
//!
//!   zⱼ = ⟨A Tⱼ, (y − ȳ)/v⟩ / √(Σᵢ (A Tⱼ)ᵢ² / vᵢ),   ȳ = A x + b,   v = ȳ, but at least 1 % of the mean count of a bin,
//!
//! Tⱼ a Gaussian spot of unit height at voxel j: the score test of x against x + δ Tⱼ (Rao 1948, Proc. Camb. Phil. Soc. 44, 50–57). With y
//! Poisson of mean ȳ and independent of x, z has mean 0 and variance 1; a lesion δ Tⱼ that the image lacks shifts it by
//! its signal-to-noise ratio for the ideal observer. Where x was fitted to the same counts, |z| is smaller: the test is
//! conservative.
//!
//! Numerators of all voxels are one projection, one back projection and one filter; the denominators are another back projection: a line at distance
//! d from a Gaussian of width σ gathers p(d) ∝ exp(−d²/2σ²), and p² is what it gathers of one of width σ/√2, times
//! 2√π σ. (With TOF, the kernel would have to be squared too.)

use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::operator::GaussianFilter;
use crate::units::FWHM_PER_SIGMA;
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Expected counts of a bin that count at least, over the mean of all bins: where less is expected, a single count would outweigh all others.
const LEAST_MEAN: f64 = 0.01;

/// Voxels that see less than this share of the largest information have no score.
const LEAST_INFORMATION: f32 = 1e-6;

/// z of spots of one size, voxel by voxel.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMap {
    /// Full width at half maximum of the spots in mm.
    pub fwhm_mm: f64,
    /// z, `[x, y, z]`; 0 where the scan sees too little.
    pub z: Vec<f32>,
    /// z beyond what a blurred edge of the image explains, of the sign of z, or 0.
    pub beyond_edges: Vec<f32>,
    /// Standard deviation of the height of a spot, fitted alone, in the unit of the image; not finite where there is no z.
    pub sigma: Vec<f32>,
}

/// The score maps of an image under a model, one for spots of each size. `edges`: share of the range of x around a voxel by which an
/// edge there may be off.
pub fn score_maps(model: &Model, x: &[f32], sizes_mm: &[f64], edges: f64) -> Vec<ScoreMap> {
    let (grid, mut scratch) = (model.grid(), model.scratch());
    let [mut residual, mut known, mut part, mut other] = [(); 4].map(|()| zeros(x.len()));
    let least = (LEAST_MEAN * model.measurement().total_prompts() / model.measurement().prompts.len() as f64) as f32;
    for subset in 0..model.subsets() {
        model.score(subset, x, least.max(f32::MIN_POSITIVE), &mut scratch, &mut part, &mut other);
        add(&mut residual, &part);
        add(&mut known, &other);
    }
    let resolution = model.resolution_fwhm_mm().unwrap_or([0.0; 3]);
    let of_size = |&size: &f64| {
        let mut map = Spot::new(&grid, size, resolution).scores(&grid, &residual, &known);
        map.forgive_edges(edges, &ranges(&grid, x, size));
        map
    };
    sizes_mm.iter().map(of_size).collect()
}

/// Largest minus smallest value of an image within a distance of every voxel along each axis.
fn ranges(grid: &ImageGrid, x: &[f32], reach_mm: f64) -> Vec<f32> {
    let [mut low, mut high] = [x.to_vec(), x.to_vec()];
    for axis in 0..3 {
        let reach = (reach_mm / grid.voxel_mm[axis]).round() as usize;
        low = along(grid.shape, axis, reach, &low, f32::min);
        high = along(grid.shape, axis, reach, &high, f32::max);
    }
    high.par_iter().zip(&low).map(|(high, low)| high - low).collect()
}

/// Of every voxel and its neighbours along an axis up to a number of voxels away, what `pick` chooses.
fn along(shape: [usize; 3], axis: usize, reach: usize, x: &[f32], pick: fn(f32, f32) -> f32) -> Vec<f32> {
    let stride: usize = shape[axis + 1..].iter().product();
    let chosen = |voxel: usize| {
        let at = voxel / stride % shape[axis];
        let (before, behind) = (at.min(reach), (shape[axis] - 1 - at).min(reach));
        let near = (voxel - before * stride..=voxel + behind * stride).step_by(stride);
        near.map(|near| x[near]).fold(x[voxel], pick)
    };
    (0..x.len()).into_par_iter().map(chosen).collect()
}

impl ScoreMap {
    /// Where an image's edge is too soft or too far out by some share of its height, a spot of that height is asked for.
    fn forgive_edges(&mut self, share: f64, ranges: &[f32]) {
        let beyond = |((&z, &sigma), &range): ((&f32, &f32), &f32)| {
            let explained = if sigma.is_finite() { share as f32 * range / sigma } else { 0.0 };
            z.signum() * (z.abs() - explained).max(0.0)
        };
        self.beyond_edges = self.z.par_iter().zip(&self.sigma).zip(ranges).map(beyond).collect();
    }
}

/// A Gaussian spot of unit height, and what the resolution model makes of it.
struct Spot {
    fwhm_mm: f64,
    /// Its own width along x, y, z: σ in mm.
    own: [f64; 3],
    /// The same behind the resolution model.
    seen: [f64; 3],
}

impl Spot {
    fn new(grid: &ImageGrid, fwhm_mm: f64, resolution_mm: [f64; 3]) -> Self {
        assert!(fwhm_mm > 0.0 && grid.voxels() > 0, "a spot of {fwhm_mm} mm");
        let own = [fwhm_mm / FWHM_PER_SIGMA; 3];
        Self { fwhm_mm, own, seen: std::array::from_fn(|axis| own[axis].hypot(resolution_mm[axis] / FWHM_PER_SIGMA)) }
    }

    /// z of every voxel from Aᵀ (y/ȳ − 1) and Gᵀ \[m² / ȳ\].
    fn scores(&self, grid: &ImageGrid, residual: &[f32], information: &[f32]) -> ScoreMap {
        let (asked, known) = (correlated(grid, self.own, 1.0, residual), self.squared(grid, information));
        let least = LEAST_INFORMATION * known.par_iter().copied().reduce(|| 0.0, f32::max);
        let score = |(asked, known): (&f32, &f32)| if *known > least { asked / known.sqrt() } else { 0.0 };
        let sigma = |known: &f32| if *known > least { known.sqrt().recip() } else { f32::INFINITY };
        let z: Vec<f32> = asked.par_iter().zip(&known).map(score).collect();
        let sigma = known.par_iter().map(sigma).collect();
        ScoreMap { fwhm_mm: self.fwhm_mm, beyond_edges: z.clone(), z, sigma }
    }

    /// Σᵢ (A Tⱼ)ᵢ² / ȳᵢ for every j, from Gᵀ \[m² / ȳ\].
    fn squared(&self, grid: &ImageGrid, information: &[f32]) -> Vec<f32> {
        let height: f64 = (0..3).map(|axis| self.own[axis] / self.seen[axis]).product();
        let across = (self.seen[0] * self.seen[1]).sqrt();
        let narrower = self.seen.map(|sigma| sigma / 2.0_f64.sqrt());
        correlated(grid, narrower, height * height * 2.0 * PI.sqrt() * across, information)
    }
}

/// factor · (Gaussian of unit height) ⋆ r
fn correlated(grid: &ImageGrid, sigma_mm: [f64; 3], factor: f64, r: &[f32]) -> Vec<f32> {
    let mut out = zeros(r.len());
    GaussianFilter::new(grid, sigma_mm.map(|sigma| sigma * FWHM_PER_SIGMA)).apply(r, &mut out);
    let sum: f64 = (0..3).map(|axis| (2.0 * PI).sqrt() * sigma_mm[axis] / grid.voxel_mm[axis]).product();
    let scale = (factor * sum) as f32;
    out.par_iter_mut().for_each(|value| *value *= scale);
    out
}

fn add(sum: &mut [f32], part: &[f32]) {
    sum.par_iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_around_a_step_is_its_height() {
        let grid = ImageGrid::centred([9, 5, 4], [2.0, 4.0, 4.0]);
        let x: Vec<f32> = (0..180).map(|voxel| if voxel / 20 < 4 { 1.0 } else { 3.5 }).collect();
        let ranges = ranges(&grid, &x, 4.0);
        // Two voxels along x: from the second before the step to the second behind it.
        let expected = |voxel: usize| if (2..6).contains(&(voxel / 20)) { 2.5 } else { 0.0 };
        assert!((0..180).all(|voxel| ranges[voxel] == expected(voxel)), "{ranges:?}");
        let mut map = ScoreMap { fwhm_mm: 4.0, z: vec![-7.0; 180], beyond_edges: Vec::new(), sigma: vec![0.25; 180] };
        map.forgive_edges(0.2, &ranges);
        assert_eq!((map.beyond_edges[0], map.beyond_edges[80]), (-7.0, -5.0));
    }
}
