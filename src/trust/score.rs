//! The score map: for every voxel, how strongly the counts ask for a small lesion there that the image lacks, or refute one that it
//! shows.
//!
//!   zⱼ = ⟨A Tⱼ', (y − ȳ)/v⟩ / √(Σᵢ (A Tⱼ')ᵢ² / vᵢ),   ȳ = A x + b,   v = ȳ, but at least 1 % of the mean count of a bin,
//!
//! the score test of x against x + δ Tⱼ + ε Bⱼ with ε unknown (Rao 1948, Proc. Camb. Phil. Soc. 44, 50–57). Tⱼ is a Gaussian spot of unit
//! height at voxel j, Bⱼ one of 90 mm: where an image is too bright or too dark over a wide area, no lesion is missing.
//! Tⱼ' = Tⱼ − (Tⱼ·Bⱼ / Bⱼ·Bⱼ) Bⱼ with a·b = Σᵢ (A a)ᵢ (A b)ᵢ / vᵢ. With y
//! Poisson of mean ȳ and independent of x, z has mean 0 and variance 1; a lesion δ Tⱼ that the image lacks shifts it by
//! its signal-to-noise ratio for the ideal observer (who does not know ε). Where x was fitted to the same counts, |z| is smaller: the test is
//! conservative.
//!
//! All ⟨A Tⱼ, …⟩ are one projection, one back projection and one filter; all a·b are another back projection: a line at distance
//! d from a Gaussian of width σ gathers √2π σ exp(−d²/2σ²), and the product of two such is what it gathers of a narrower one, 1/σ² = 1/σ₁² + 1/σ₂²,
//! times √2π σ₁ σ₂ / σ. With TOF, the bins see either spot through kernels as wide as the timing and the spot together; Σ over the bins of the product of
//! the two is a factor of its own, as ȳ changes little from bin to bin.

use super::wide::widely_correlated;
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::operator::{GaussianFilter, Margin};
use crate::scanner::TofBins;
use crate::units::FWHM_PER_SIGMA;
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::f64::consts::{PI, SQRT_2};

/// Expected counts of a bin that count at least, over the mean of all bins: where less is expected, a single count would outweigh all others.
const LEAST_MEAN: f64 = 0.01;

/// Width (FWHM) of the spots that may be missing or too much without a lesion.
const BROAD_MM: f64 = 90.0;

/// Voxels that see less than this share of the largest information have no score.
const LEAST_INFORMATION: f32 = 1e-6;

/// z of spots of one size, voxel by voxel.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMap {
    /// Full width at half maximum of the spots in mm.
    pub fwhm_mm: f64,
    /// z, `[x, y, z]`; 0 where the scan sees too little.
    pub z: Vec<f32>,
    /// What counts of z: as much as lies beyond [`Forgiven`], of the sign of z, or 0.
    pub counted: Vec<f32>,
    /// Standard deviation of the height of a spot, fitted alone, in the unit of the image; not finite where there is no z.
    pub sigma: Vec<f32>,
}

impl ScoreMap {
    /// Its wanted part.
    pub fn wanted(&self, margin: &Margin) -> Self {
        let [z, counted, sigma] = [&self.z, &self.counted, &self.sigma].map(|values| margin.cropped(values));
        Self { fwhm_mm: self.fwhm_mm, z, counted, sigma }
    }
}

/// What an image may be off by without being told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Forgiven {
    /// Share of the range of x around a voxel: networks and filters soften edges.
    pub edges: f64,
    /// Height of a spot, in the unit of the image.
    pub height: f64,
}

/// The score maps of an image under a model, one for spots of each size. Spots that reach over the ends of the image are not counted.
pub fn score_maps(model: &Model, x: &[f32], sizes_mm: &[f64], forgiven: Forgiven) -> Vec<ScoreMap> {
    let (grid, mut scratch) = (model.grid(), model.scratch());
    let [mut residual, mut known, mut part, mut other] = [(); 4].map(|()| zeros(x.len()));
    let least = (LEAST_MEAN * model.measurement().total_prompts() / model.measurement().prompts.len() as f64) as f32;
    for subset in 0..model.subsets() {
        model.score(subset, x, least.max(f32::MIN_POSITIVE), &mut scratch, &mut part, &mut other);
        add(&mut residual, &part);
        add(&mut known, &other);
    }
    let residual = Residual {
        grid,
        resolution_mm: model.resolution_fwhm_mm().unwrap_or([0.0; 3]),
        tof: model.measurement().geometry.tof,
        asked: residual,
        information: known,
    };
    let broad = residual.broad();
    let of_size = |&size: &f64| {
        let mut map = residual.scores(&broad, size);
        map.forgive(&grid, forgiven, &ranges(&grid, x, size));
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
pub(super) fn along(
    shape: [usize; 3],
    axis: usize,
    reach: usize,
    x: &[f32],
    pick: impl Fn(f32, f32) -> f32 + Sync,
) -> Vec<f32> {
    // Rows of voxels that are neighbours in memory and have the same place on the axis.
    let (row, count) = (shape[axis + 1..].iter().product::<usize>(), shape[axis]);
    let mut out = x.to_vec();
    out.par_chunks_mut(row).enumerate().with_min_len(64).for_each(|(number, out)| {
        let (first, at) = (number - number % count, number % count);
        for near in at.saturating_sub(reach)..=(at + reach).min(count - 1) {
            let other = &x[(first + near) * row..][..row];
            out.iter_mut().zip(other).for_each(|(out, other)| *out = pick(*out, *other));
        }
    });
    out
}

impl ScoreMap {
    /// Where an image's edge is too soft or too far out by some share of its height, a spot of that height is asked for.
    fn forgive(&mut self, grid: &ImageGrid, forgiven: Forgiven, ranges: &[f32]) {
        let planes = grid.shape[2];
        let end = (self.fwhm_mm / grid.voxel_mm[2]).round().min((planes / 4) as f64) as usize;
        let counted = |(voxel, ((&z, &sigma), &range)): (usize, ((&f32, &f32), &f32))| {
            let plane = voxel % planes;
            let inside = (end..planes - end).contains(&plane) && sigma.is_finite();
            if !inside || z.abs() * sigma < forgiven.height as f32 {
                return 0.0;
            }
            z.signum() * (z.abs() - forgiven.edges as f32 * range / sigma).max(0.0)
        };
        self.counted = self.z.par_iter().zip(&self.sigma).zip(ranges).enumerate().map(counted).collect();
    }
}

/// A Gaussian spot of unit height: σ in mm along x, y, z, its own and behind the resolution model.
struct Spot {
    own: [f64; 3],
    seen: [f64; 3],
}

/// What the counts say about an image, before any filter.
struct Residual {
    grid: ImageGrid,
    resolution_mm: [f64; 3],
    tof: Option<TofBins>,
    /// Aᵀ ((y − ȳ) / v)
    asked: Vec<f32>,
    /// Gᵀ \[m² / v\]
    information: Vec<f32>,
}

/// ⟨A Bⱼ, (y − ȳ)/v⟩ and Bⱼ·Bⱼ of the broad spots.
struct Broad {
    asked: Vec<f32>,
    known: Vec<f32>,
}

impl Residual {
    fn spot(&self, fwhm_mm: f64) -> Spot {
        assert!(fwhm_mm > 0.0 && self.grid.voxels() > 0, "a spot of {fwhm_mm} mm");
        let own = [fwhm_mm / FWHM_PER_SIGMA; 3];
        Spot { own, seen: std::array::from_fn(|axis| own[axis].hypot(self.resolution_mm[axis] / FWHM_PER_SIGMA)) }
    }

    fn broad(&self) -> Broad {
        let spot = self.spot(BROAD_MM);
        let (sigma, factor) = self.product(&spot, &spot);
        let mut known = widely_correlated(&self.grid, sigma, &self.information);
        known.par_iter_mut().for_each(|known| *known *= factor as f32);
        Broad { asked: widely_correlated(&self.grid, spot.own, &self.asked), known }
    }

    /// z and σ of spots of a size.
    fn scores(&self, broad: &Broad, fwhm_mm: f64) -> ScoreMap {
        let (spot, wide) = (self.spot(fwhm_mm), self.spot(BROAD_MM));
        let shared = |a: &Spot, b: &Spot| {
            let (sigma, factor) = self.product(a, b);
            correlated(&self.grid, sigma, factor, &self.information)
        };
        let (mut asked, mut known) = (correlated(&self.grid, spot.own, 1.0, &self.asked), shared(&spot, &spot));
        let least = LEAST_INFORMATION * known.par_iter().copied().reduce(|| 0.0, f32::max);
        let seen: Vec<bool> = known.par_iter().map(|known| *known > least).collect();
        let cross = shared(&spot, &wide);
        asked.par_iter_mut().zip(&mut known).zip(&cross).zip(&seen).enumerate().for_each(
            |(voxel, (((asked, known), cross), seen))| {
                if *seen && broad.known[voxel] > 0.0 {
                    let share = cross / broad.known[voxel];
                    *asked -= share * broad.asked[voxel];
                    *known -= share * cross;
                }
            },
        );
        let sigma = |(known, seen): (&f32, &bool)| if *seen { known.max(least).sqrt().recip() } else { f32::INFINITY };
        let sigma: Vec<f32> = known.par_iter().zip(&seen).map(sigma).collect();
        let z = |(asked, sigma): (&f32, &f32)| if sigma.is_finite() { asked * sigma } else { 0.0 };
        let z: Vec<f32> = asked.par_iter().zip(&sigma).map(z).collect();
        ScoreMap { fwhm_mm, counted: z.clone(), z, sigma }
    }
}

impl Residual {
    /// σ in mm and height of the Gaussian of which a line gathers what it gathers of a, times what it gathers of b.
    fn product(&self, a: &Spot, b: &Spot) -> ([f64; 3], f64) {
        let height = |spot: &Spot| (0..3).map(|axis| spot.own[axis] / spot.seen[axis]).product::<f64>();
        let across = |sigma: &[f64; 3]| (sigma[0] * sigma[1]).sqrt();
        let narrow = std::array::from_fn(|axis| a.seen[axis] * b.seen[axis] / a.seen[axis].hypot(b.seen[axis]));
        let width = (2.0 * PI).sqrt() * across(&a.seen) * across(&b.seen) / across(&narrow);
        let time = self.tof.map_or(1.0, |tof| in_time(&tof, [a, b].map(|spot| across(&spot.seen))));
        (narrow, height(a) * height(b) * width * time)
    }
}

/// Σ over the TOF bins of the shares that they see of two spots at the same place, σ in mm along the line; the mean over the places in a bin.
fn in_time(bins: &TofBins, spots: [f64; 2]) -> f64 {
    const PLACES: usize = 16;
    let half = 0.5 * bins.width_mm;
    let reach = spots.map(|sigma| sigma.hypot(bins.sigma_mm)).into_iter().fold(0.0, f64::max);
    let most = (5.0 * reach / bins.width_mm).ceil() as i64 + 1;
    let seen = |sigma: f64, mm: f64| {
        let below = |edge: f64| 0.5 * libm::erfc(-edge / (SQRT_2 * sigma.hypot(bins.sigma_mm)));
        below(mm + half) - below(mm - half)
    };
    let at = |place: usize| {
        let offset = ((place as f64 + 0.5) / PLACES as f64 - 0.5) * bins.width_mm;
        let both =
            |bin: i64| spots.map(|sigma| seen(sigma, bin as f64 * bins.width_mm - offset)).iter().product::<f64>();
        (-most..=most).map(both).sum::<f64>()
    };
    (0..PLACES).map(at).sum::<f64>() / PLACES as f64
}

/// factor · (Gaussian of unit height) ⋆ r
pub(super) fn correlated(grid: &ImageGrid, sigma_mm: [f64; 3], factor: f64, r: &[f32]) -> Vec<f32> {
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

    /// Bins far narrower than the kernels: w / √(2π (σ_a² + σ_b²)); far wider ones see all of both.
    #[test]
    fn what_bins_see_of_two_spots() {
        let narrow = TofBins { count: 99, width_mm: 2.0, sigma_mm: 24.0 };
        let found = in_time(&narrow, [4.0, 38.0]);
        let expected = 2.0 / (2.0 * PI * (2.0 * 24.0_f64.powi(2) + 4.0_f64.powi(2) + 38.0_f64.powi(2))).sqrt();
        assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
        let wide = TofBins { count: 1, width_mm: 1e5, sigma_mm: 24.0 };
        assert!((in_time(&wide, [4.0, 38.0]) - 1.0).abs() < 0.01);
    }

    #[test]
    fn the_range_around_a_step_is_its_height() {
        let grid = ImageGrid::centred([9, 5, 4], [2.0, 4.0, 4.0]);
        let x: Vec<f32> = (0..180).map(|voxel| if voxel / 20 < 4 { 1.0 } else { 3.5 }).collect();
        let ranges = ranges(&grid, &x, 4.0);
        // Two voxels along x: from the second before the step to the second behind it.
        let expected = |voxel: usize| if (2..6).contains(&(voxel / 20)) { 2.5 } else { 0.0 };
        assert!((0..180).all(|voxel| ranges[voxel] == expected(voxel)), "{ranges:?}");
        let mut map = ScoreMap { fwhm_mm: 4.0, z: vec![-7.0; 180], counted: Vec::new(), sigma: vec![0.25; 180] };
        map.z[2] = -3.9;
        map.forgive(&grid, Forgiven { edges: 0.2, height: 1.0 }, &ranges);
        // A plane at each end, and a spot of less than unit height, do not count.
        assert_eq!(map.counted[..4], [0.0, -7.0, 0.0, 0.0]);
        assert_eq!(map.counted[81], -5.0);
    }
}
