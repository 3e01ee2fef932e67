//! Is a lesion there? Evidence with a guarantee, from counts that the image was not made of.
//!
//! The counts are split by thinning: the image x is made of one part, y is the other. With L the Poisson likelihood of
//! y,
//!
//!   e = L(A (s₁ x₀ + β₁ W + γ₁ H + α₁ M) + b) / sup L(A (s x₀ + β W + γ H) + b)   for presence,
//!
//! x₀ the image with the region filled with the mean of its surroundings, M the region, W a broad spot around it (three
//! diameters) and H = x₀ − G x₀, G a Gaussian filter of 8 mm, for what else the image may have wrong: the level there,
//! and the sharpness of its edges; s₁, β₁, γ₁ and α₁ fit the counts that the image was made of, the supremum is over
//! all s, β and γ. So a lesion is found, too, that the image has lost. If the region truly holds nothing beyond such
//! surroundings, e is at least 1/δ with a probability of at most δ, whatever x₀ and s₁ … α₁ are and however few the
//! counts (split likelihood ratio: Wasserman, Ramdas and Balakrishnan 2020, Proc. Natl. Acad. Sci. 117, 16880–16890): e
//! ≥ 20 errs in one scan of twenty at most. For absence, the denominator is the best image with a lesion of at least a
//! given contrast in the region. The guarantee needs the right model of the scanner, and a truth that one of the images
//! of the denominator shows.

use crate::data::{Background, Counts};
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::operator::GaussianFilter;
use crate::units::FWHM_PER_SIGMA;

/// Points along each side of a voxel, to find its share in a ball.
const POINTS: usize = 4;
/// Smallest expected counts of a bin over the mean of all bins.
const LEAST_MEAN: f64 = 1e-3;
/// Width of the broad spot in diameters.
const BROAD: f64 = 3.0;
/// Width (FWHM) in mm of the filter that tells the edges.
const EDGES_MM: f64 = 8.0;
/// What blurred lesions reach beyond themselves, in mm.
const MARGIN_MM: f64 = 5.0;
/// Parts of the image: x₀, W, H and M.
const PARTS: usize = 4;

/// A ball in which a lesion may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suspect {
    /// Its centre in mm.
    pub centre_mm: [f64; 3],
    /// Its diameter in mm.
    pub diameter_mm: f64,
    /// Activity over the surroundings from which on it is a lesion, where its absence is to be shown.
    pub contrast: f64,
}

/// The evidence for and against a lesion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Activity of the region over that of its surroundings, in the image.
    pub shown_contrast: f64,
    /// ln e for presence.
    pub present: f64,
    /// ln e for absence.
    pub absent: f64,
}

/// The evidence that counts which were kept give for a lesion in an image of others; `None` where the grid holds no
/// voxel of the region.
pub fn evidence(fitted: &Model, kept: &Model, x: &[f32], suspect: &Suspect) -> Option<Evidence> {
    let grid = kept.grid();
    let radius = 0.5 * suspect.diameter_mm;
    let inside = shares(&grid, suspect.centre_mm, radius);
    let around = shares(&grid, suspect.centre_mm, 2.0 * radius + 2.0 * MARGIN_MM);
    let margin = shares(&grid, suspect.centre_mm, radius + MARGIN_MM);
    let mean = |weight: &dyn Fn(usize) -> f32| {
        let (sum, weights) = (0..x.len()).fold((0.0, 0.0), |(sum, weights), voxel| {
            let w = f64::from(weight(voxel));
            (sum + w * f64::from(x[voxel]), weights + w)
        });
        (weights > 0.0).then(|| sum / weights)
    };
    let surroundings = mean(&|voxel| (around[voxel] - margin[voxel]).max(0.0))?;
    let shown = mean(&|voxel| inside[voxel])?;
    let without: Vec<f32> = x.iter().zip(&margin).map(|(x, share)| x + share * (surroundings as f32 - x)).collect();
    let sigma = BROAD * suspect.diameter_mm / FWHM_PER_SIGMA;
    let broad = |voxel: usize| {
        let off = distance(&grid, voxel, suspect.centre_mm);
        (-0.5 * (off / sigma).powi(2)).exp() as f32
    };
    let broad: Vec<f32> = (0..x.len()).map(broad).collect();
    let mut edges = vec![0.0; x.len()];
    GaussianFilter::new(&grid, [EDGES_MM; 3]).apply(&without, &mut edges);
    edges.iter_mut().zip(&without).for_each(|(edge, x)| *edge = x - *edge);
    let images = [&without, &broad, &edges, &inside];
    let of_image = Parts::of(fitted, images);
    let own = of_image.fit(fitted);
    let parts = Parts::of(kept, images);
    let fit = parts.fit(kept);
    let least = (suspect.contrast - 1.0) * surroundings;
    let start = [1.0, 0.0, 0.0, 0.0];
    let claimed = fit.value(own.best(start, 4).1);
    let null = fit.best(start, 3).0;
    // The best image with any lesion; where that is too faint, the best one with the faintest that counts.
    let (with, theta) = fit.best([1.0, 0.0, 0.0, least], 4);
    let with = if theta[3] >= least { with } else { fit.best([1.0, 0.0, 0.0, least], 3).0 };
    let shown_contrast = if surroundings > 0.0 { shown / surroundings } else { f64::INFINITY };
    Some(Evidence { shown_contrast, present: claimed - null, absent: claimed - with })
}

/// What a scan sees of images.
struct Parts {
    seen: [Vec<f64>; PARTS],
    background: Vec<f32>,
}

impl Parts {
    fn of(model: &Model, images: [&Vec<f32>; PARTS]) -> Self {
        let measurement = model.measurement();
        let none = || vec![0.0; measurement.prompts.len()];
        let background = measurement.background.as_ref().map_or_else(none, Background::to_vec);
        let seen = images.map(|image| {
            let all = model.expected(image);
            all.iter().zip(&background).map(|(all, b)| f64::from(all - b)).collect()
        });
        Self { seen, background }
    }

    fn fit<'a>(&'a self, model: &'a Model) -> Fit<'a> {
        let y = &model.measurement().prompts;
        let least = LEAST_MEAN * model.measurement().total_prompts() / y.len() as f64;
        Fit { least: least.max(f64::MIN_POSITIVE), y, background: &self.background, parts: &self.seen }
    }
}

/// Counts y of means Σ θₖ pₖ + b, but of the least mean at least: the sum of images may be negative somewhere.
struct Fit<'a> {
    least: f64,
    y: &'a Counts,
    background: &'a [f32],
    parts: &'a [Vec<f64>; PARTS],
}

impl Fit<'_> {
    /// Σ y ln ȳ − ȳ
    fn value(&self, theta: [f64; PARTS]) -> f64 {
        let seen = |bin: usize| (0..PARTS).map(|k| theta[k] * self.parts[k][bin]).sum::<f64>();
        let term = |(bin, (y, &b)): (usize, (f32, &f32))| {
            let (y, mean) = (f64::from(y), (seen(bin) + f64::from(b)).max(self.least));
            y * mean.ln() - mean
        };
        self.y.iter().zip(self.background).enumerate().map(term).sum()
    }

    /// The largest value over the first `free` parameters, by Newton's method; it is concave.
    fn best(&self, mut theta: [f64; PARTS], free: usize) -> (f64, [f64; PARTS]) {
        let mut value = self.value(theta);
        for _ in 0..50 {
            let (slope, curvature) = self.derivatives(theta);
            let Some(step) = solved(&curvature, &slope, free) else { break };
            let mut size = 1.0;
            let (next, gained) = loop {
                let mut next = theta;
                (0..free).for_each(|k| next[k] += size * step[k]);
                let gained = self.value(next) - value;
                if gained >= 0.0 || size < 1e-6 {
                    break (next, gained);
                }
                size *= 0.5;
            };
            if gained <= 0.0 {
                break;
            }
            (theta, value) = (next, value + gained);
            if gained < 1e-7 {
                break;
            }
        }
        (value, theta)
    }

    /// Slope and negative curvature of the value.
    fn derivatives(&self, theta: [f64; PARTS]) -> ([f64; PARTS], [[f64; PARTS]; PARTS]) {
        let (mut slope, mut curvature) = ([0.0; PARTS], [[0.0; PARTS]; PARTS]);
        for (bin, (y, &b)) in self.y.iter().zip(self.background).enumerate() {
            let part: [f64; PARTS] = std::array::from_fn(|k| self.parts[k][bin]);
            let mean = (0..PARTS).map(|k| theta[k] * part[k]).sum::<f64>() + f64::from(b);
            if mean <= self.least {
                continue;
            }
            let ratio = f64::from(y) / mean;
            for i in 0..PARTS {
                slope[i] += part[i] * (ratio - 1.0);
                (0..PARTS).for_each(|k| curvature[i][k] += part[i] * part[k] * ratio / mean);
            }
        }
        (slope, curvature)
    }
}

/// H⁻¹ g of the first `free` rows; `None` where H is not positive definite.
fn solved(h: &[[f64; PARTS]; PARTS], g: &[f64; PARTS], free: usize) -> Option<[f64; PARTS]> {
    let (mut h, mut g) = (*h, *g);
    for column in 0..free {
        if h[column][column].is_nan() || h[column][column] <= 0.0 {
            return None;
        }
        for row in column + 1..free {
            let factor = h[row][column] / h[column][column];
            (column..free).for_each(|k| h[row][k] -= factor * h[column][k]);
            g[row] -= factor * g[column];
        }
    }
    for row in (0..free).rev() {
        let known: f64 = (row + 1..free).map(|k| h[row][k] * g[k]).sum();
        g[row] = (g[row] - known) / h[row][row];
    }
    Some(g)
}

/// The share of every voxel inside a ball.
fn shares(grid: &ImageGrid, centre_mm: [f64; 3], radius_mm: f64) -> Vec<f32> {
    let [_, ny, nz] = grid.shape;
    let reach = radius_mm + grid.voxel_mm.iter().map(|mm| mm * mm).sum::<f64>().sqrt();
    let share = |voxel: usize| {
        if distance(grid, voxel, centre_mm) > reach {
            return 0.0;
        }
        let middle = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        let points = 0..POINTS.pow(3);
        let inside = points.filter(|point| {
            let steps = [point / (POINTS * POINTS), point / POINTS % POINTS, point % POINTS];
            let square: f64 = (0..3)
                .map(|axis| {
                    let step = (steps[axis] as f64 + 0.5) / POINTS as f64 - 0.5;
                    (middle[axis] + step * grid.voxel_mm[axis] - centre_mm[axis]).powi(2)
                })
                .sum();
            square <= radius_mm * radius_mm
        });
        inside.count() as f32 / POINTS.pow(3) as f32
    };
    (0..grid.voxels()).map(share).collect()
}

fn distance(grid: &ImageGrid, voxel: usize, from_mm: [f64; 3]) -> f64 {
    let [_, ny, nz] = grid.shape;
    let at = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
    (0..3).map(|axis| (at[axis] - from_mm[axis]).powi(2)).sum::<f64>().sqrt()
}
