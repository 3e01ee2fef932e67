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
    /// Standard deviation of the height of a spot, fitted alone, in the unit of the image; not finite where there is no z.
    pub sigma: Vec<f32>,
}

/// The score maps of an image under a model, one for spots of each size.
pub fn score_maps(model: &Model, x: &[f32], sizes_mm: &[f64]) -> Vec<ScoreMap> {
    let (grid, mut scratch) = (model.grid(), model.scratch());
    let [mut residual, mut known, mut part, mut other] = [(); 4].map(|()| zeros(x.len()));
    let least = (LEAST_MEAN * model.measurement().total_prompts() / model.measurement().prompts.len() as f64) as f32;
    for subset in 0..model.subsets() {
        model.score(subset, x, least.max(f32::MIN_POSITIVE), &mut scratch, &mut part, &mut other);
        add(&mut residual, &part);
        add(&mut known, &other);
    }
    let resolution = model.resolution_fwhm_mm().unwrap_or([0.0; 3]);
    sizes_mm.iter().map(|&size| Spot::new(&grid, size, resolution).scores(&grid, &residual, &known)).collect()
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
        let z = asked.par_iter().zip(&known).map(score).collect();
        ScoreMap { fwhm_mm: self.fwhm_mm, z, sigma: known.par_iter().map(sigma).collect() }
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
