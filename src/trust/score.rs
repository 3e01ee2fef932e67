//! The score map: for every voxel, how strongly the counts ask for a small lesion there that the image lacks, or refute
//! one that it shows.
//!
//!   zⱼ = ⟨A Tⱼ', (y − ȳ)/v⟩ / √(Σᵢ (A Tⱼ')ᵢ² / vᵢ),   ȳ = A x + b,
//!
//! v = ȳ, but at least 1 % of the mean count of a bin,
//!
//! the score test of x against x + δ Tⱼ + ε Bⱼ with ε unknown (Rao 1948, Proc. Camb. Phil. Soc. 44, 50–57). Tⱼ is a
//! Gaussian spot of unit height at voxel j, Bⱼ one of 90 mm: where an image is too bright or too dark over a wide area,
//! no lesion is missing. Tⱼ' = Tⱼ − (Tⱼ·Bⱼ / Bⱼ·Bⱼ) Bⱼ with a·b = Σᵢ (A a)ᵢ (A b)ᵢ / vᵢ. With y
//! Poisson of mean ȳ and independent of x, z has mean 0 and variance 1; a lesion δ Tⱼ that the image lacks shifts it by
//! its signal-to-noise ratio for the ideal observer (who does not know ε). Where x was fitted to the same counts, |z|
//! is smaller: the test is conservative.
//!
//! All ⟨A Tⱼ, …⟩ are one projection, one back projection and one filter; all a·b are another back projection: a line at
//! distance d from a Gaussian of width σ gathers √2π σ exp(−d²/2σ²), and the product of two such is what it gathers of
//! a narrower one, 1/σ² = 1/σ₁² + 1/σ₂², times √2π σ₁ σ₂ / σ. Where the resolution model changes with the radius, the
//! widths are those at voxel j. With TOF, the bins see either spot through kernels as wide as the timing and the spot
//! together; Σ over the bins of the product of the two is a factor of its own, as ȳ changes little from bin to bin.

use super::correlation::{correlated, filter, sum_of_gaussian, widely_correlated};
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::operator::{Covariance, LocalGaussian, Margin, Widths};
use crate::scanner::TofBins;
use crate::units::FWHM_PER_SIGMA;
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::f64::consts::{PI, SQRT_2};

/// Expected counts of a bin that count at least, over the mean of all bins: where less is expected, a single count
/// would outweigh all others.
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
    /// Standard deviation of the height of a spot, fitted alone, in the unit of the image; not finite where there is no
    /// z.
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

/// The score maps of an image under a model, one for spots of each size. Spots that reach over the ends of the image
/// are not counted.
pub fn score_maps(model: &Model, x: &[f32], sizes_mm: &[f64], forgiven: Forgiven) -> Vec<ScoreMap> {
    let grid = model.grid();
    let [mut residual, mut known, mut part, mut other] = [(); 4].map(|()| zeros(x.len()));
    let least = (LEAST_MEAN * model.measurement().total_prompts() / model.measurement().prompts.len() as f64) as f32;
    for subset in 0..model.subsets() {
        model.score(subset, x, least.max(f32::MIN_POSITIVE), &mut part, &mut other);
        add(&mut residual, &part);
        add(&mut known, &other);
    }
    let residual = Residual {
        grid,
        widths: model.system().widths().clone(),
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
    /// Where an image's edge is too soft or too far out by some share of its height, a spot of that height is asked
    /// for.
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

/// What the counts say about an image, before any filter.
struct Residual {
    grid: ImageGrid,
    widths: Widths,
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

/// σ of the broad spots in mm.
const BROAD_SIGMA_MM: f64 = BROAD_MM / FWHM_PER_SIGMA;

impl Residual {
    fn broad(&self) -> Broad {
        let spots = [BROAD_SIGMA_MM; 2];
        // So wide a spot hardly knows where the resolution changes: its width is that at the axis, its height that of
        // the place.
        let (seen, _) = self.product(spots, [0.0; 2]);
        let sigma_mm = [seen.xx, seen.yy, seen.zz].map(f64::sqrt);
        let mut known = widely_correlated(&self.grid, sigma_mm, &self.information);
        self.scale(&mut known, |place| self.product(spots, place).1);
        Broad { asked: widely_correlated(&self.grid, [BROAD_SIGMA_MM; 3], &self.asked), known }
    }

    /// z and σ of spots of a size.
    fn scores(&self, broad: &Broad, fwhm_mm: f64) -> ScoreMap {
        assert!(fwhm_mm > 0.0 && self.grid.voxels() > 0, "a spot of {fwhm_mm} mm");
        let sigma_mm = fwhm_mm / FWHM_PER_SIGMA;
        let mut asked = correlated(&self.grid, [sigma_mm; 3], &self.asked);
        let (mut known, cross) = (self.shared([sigma_mm; 2]), self.shared([sigma_mm, BROAD_SIGMA_MM]));
        let least = LEAST_INFORMATION * known.par_iter().copied().reduce(|| 0.0, f32::max);
        let seen: Vec<bool> = known.par_iter().map(|known| *known > least).collect();
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

    /// a·b of spots of two σ at every voxel.
    fn shared(&self, spots: [f64; 2]) -> Vec<f32> {
        let mut known = zeros(self.information.len());
        if self.widths.are_uniform() {
            filter(&self.grid, self.product(spots, [0.0; 2]).0).apply(&self.information, &mut known);
        } else {
            LocalGaussian::new(&self.grid, |place| self.product(spots, place).0).adjoint(&self.information, &mut known);
        }
        self.scale(&mut known, |place| {
            let (seen, factor) = self.product(spots, place);
            factor * sum_of_gaussian(&self.grid, seen)
        });
        known
    }

    /// Multiplies every voxel by a factor that depends on its distance from the axis, linear between rings as wide as
    /// voxels.
    fn scale(&self, values: &mut [f32], factor: impl Fn([f64; 2]) -> f64 + Sync) {
        let (grid, [nx, ny, nz]) = (&self.grid, self.grid.shape);
        let step = grid.voxel_mm[0].min(grid.voxel_mm[1]);
        let radius = |place: usize| {
            let [x, y, _] = grid.centre_mm([place / ny, place % ny, 0]);
            x.hypot(y) / step
        };
        let uniform = self.widths.are_uniform().then(|| factor([0.0; 2]));
        let rings = if uniform.is_some() { 0 } else { (0..nx * ny).map(radius).fold(0.0, f64::max) as usize + 2 };
        let at: Vec<f64> = (0..rings).into_par_iter().map(|ring| factor([ring as f64 * step, 0.0])).collect();
        values.par_chunks_mut(nz).zip(0..nx * ny).for_each(|(row, place)| {
            let factor = uniform.unwrap_or_else(|| {
                let (ring, share) = (radius(place) as usize, radius(place).fract());
                (1.0 - share) * at[ring] + share * at[ring + 1]
            }) as f32;
            row.iter_mut().for_each(|value| *value *= factor);
        });
    }

    /// Covariance and height of the Gaussian of which a line gathers what it gathers of a, times what it gathers of b,
    /// for spots of two σ in mm at a transaxial place in mm.
    fn product(&self, spots: [f64; 2], place: [f64; 2]) -> (Covariance, f64) {
        let resolution = self.widths.covariance(place);
        let own = spots.map(|sigma_mm| Covariance::along_axes([sigma_mm; 3]));
        let seen = own.map(|own| own.plus(resolution));
        let height = |n: usize| (own[n].across() / seen[n].across()).powi(2) * (own[n].zz / seen[n].zz).sqrt();
        let narrow = seen[0].product(seen[1]);
        let width = (2.0 * PI).sqrt() * seen[0].across() * seen[1].across() / narrow.across();
        let time = self.tof.map_or(1.0, |tof| in_time(&tof, seen.map(Covariance::across)));
        (narrow, height(0) * height(1) * width * time)
    }
}

/// Σ over the TOF bins of the shares that they see of two spots at the same place, σ in mm along the line; the mean
/// over the places in a bin.
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
