//! Structural similarity in three dimensions (Wang et al. 2004, IEEE Trans. Image Process. 13:600).
//!
//!   SSIM = (2 µₓ µₜ + c₁)(2 σₓₜ + c₂) / ((µₓ² + µₜ² + c₁)(σₓ² + σₜ² + c₂)),   c₁ = (0.01 L)², c₂ = (0.03 L)²
//!
//! Local moments over a Gaussian window, σ = 1.5 voxels, cut at ±5 voxels and normalised; L is the range of the truth.
//! The mean is taken over the voxels whose window lies inside of the image, along axes that are long enough to have
//! any.

use super::{Better, Family, Figure, Reference, Scope, Scores, Unit, Use};
use crate::image::Image;
use rayon::prelude::*;

pub(super) static SIMILARITY: Family = Family { figures: &[&SSIM], score: Some(score) };

/// Mean structural similarity over the grid.
pub static SSIM: Figure = Figure {
    id: "ssim",
    title: "SSIM",
    unit: Unit::One,
    better: Better::Nearer(1.0),
    scope: Scope::Image,
    definition: "structural similarity over the grid: Gaussian window of σ = 1.5 voxels in three dimensions, the range of the truth",
    source: "Wang et al. 2004",
    uses: &[
        Use::Column("", "SSIM"),
        Use::Demo(""),
        Use::Priors,
        Use::Oracle("ssim", "The largest structural similarity."),
    ],
};

fn score(image: &Image, reference: &Reference, scores: &mut Scores) {
    scores.add(&SSIM, ssim(&image.values, &reference.truth.values, image.grid.shape));
}

/// Half width of the window in voxels.
const REACH: usize = 5;
const SIGMA: f64 = 1.5;

/// x, t, x², t², x t of one voxel, or their local means.
type Moments = [f64; 5];

/// Mean structural similarity of two images of the shape `[x, y, z]`; 1 for equal images.
pub fn ssim(image: &[f32], truth: &[f32], shape: [usize; 3]) -> f64 {
    let voxels: usize = shape.iter().product();
    assert!(image.len() == voxels && truth.len() == voxels, "images do not have the shape {shape:?}");
    let (low, high) = truth.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &t| (l.min(t), h.max(t)));
    let range = f64::from(high - low);
    let windows = shape.map(Window::new);
    let slices: Vec<_> = windows[0].inside(shape[0]).collect();
    // One slice of x at a time keeps the work space small; the sums are added in order, whatever the threads.
    let sums: Vec<f64> = slices.par_iter().map(|&i| slice_sum(image, truth, shape, &windows, i, range)).collect();
    let area = windows[1].inside(shape[1]).len() * windows[2].inside(shape[2]).len();
    sums.iter().sum::<f64>() / (slices.len() * area) as f64
}

/// Sum of the local similarity over the inner voxels of slice `i`.
fn slice_sum(image: &[f32], truth: &[f32], shape: [usize; 3], windows: &[Window; 3], i: usize, range: f64) -> f64 {
    let [_, ny, nz] = shape;
    let mut slice = vec![Moments::default(); ny * nz];
    for (weight, other) in windows[0].around(i) {
        let voxels = other * ny * nz..(other + 1) * ny * nz;
        for (sums, (&x, &t)) in slice.iter_mut().zip(image[voxels.clone()].iter().zip(&truth[voxels])) {
            let (x, t) = (f64::from(x), f64::from(t));
            add(sums, weight, &[x, t, x * x, t * t, x * t]);
        }
    }
    let mut sum = 0.0;
    let mut row = vec![Moments::default(); nz];
    for j in windows[1].inside(ny) {
        row.fill(Moments::default());
        for (weight, other) in windows[1].around(j) {
            row.iter_mut().zip(&slice[other * nz..]).for_each(|(sums, moments)| add(sums, weight, moments));
        }
        for k in windows[2].inside(nz) {
            let mut local = Moments::default();
            windows[2].around(k).for_each(|(weight, other)| add(&mut local, weight, &row[other]));
            sum += similarity(local, range);
        }
    }
    sum
}

fn similarity([x, t, xx, tt, xt]: Moments, range: f64) -> f64 {
    let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
    let (variance_x, variance_t, covariance) = (xx - x * x, tt - t * t, xt - x * t);
    let below = (x * x + t * t + c1) * (variance_x + variance_t + c2);
    // Both images are zero here, and the truth everywhere: they are alike.
    if below == 0.0 { 1.0 } else { (2.0 * x * t + c1) * (2.0 * covariance + c2) / below }
}

fn add(sums: &mut Moments, weight: f64, moments: &Moments) {
    sums.iter_mut().zip(moments).for_each(|(sum, moment)| *sum += weight * moment);
}

/// The window along one axis; a single voxel where the axis is shorter than the window.
struct Window {
    weights: Vec<f64>,
}

impl Window {
    fn new(length: usize) -> Self {
        let reach = if length > 2 * REACH { REACH } else { 0 };
        let weight = |n: usize| (-0.5 * ((n as f64 - reach as f64) / SIGMA).powi(2)).exp();
        let weights: Vec<_> = (0..=2 * reach).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Self { weights: weights.iter().map(|weight| weight / sum).collect() }
    }

    /// Voxels whose window lies inside of an axis.
    fn inside(&self, length: usize) -> std::ops::Range<usize> {
        let reach = self.weights.len() / 2;
        reach..length - reach
    }

    /// Weight and voxel of the window around `centre`.
    fn around(&self, centre: usize) -> impl Iterator<Item = (f64, usize)> {
        let first = centre - self.weights.len() / 2;
        self.weights.iter().enumerate().map(move |(n, &weight)| (weight, first + n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        (0..count).map(|_| next()).collect()
    }

    /// The formula at one voxel, with the three-dimensional window written out.
    fn at_voxel(x: &[f32], t: &[f32], shape: [usize; 3], [i, j, k]: [usize; 3]) -> f64 {
        let mut sums = [0.0; 6];
        for (a, b, c) in (0..1331).map(|n| (n / 121, n / 11 % 11, n % 11)) {
            let squared = [a, b, c].iter().map(|&n| (n as f64 - 5.0).powi(2)).sum::<f64>();
            let weight = (-0.5 * squared / 2.25).exp();
            let n = ((i + a - 5) * shape[1] + j + b - 5) * shape[2] + k + c - 5;
            let (x, t) = (f64::from(x[n]), f64::from(t[n]));
            let terms = [1.0, x, t, x * x, t * t, x * t];
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
        }
        let [_, x, t, xx, tt, xt] = sums.map(|sum| sum / sums[0]);
        let (c1, c2) = (1e-4, 9e-4);
        (2.0 * x * t + c1) * (2.0 * (xt - x * t) + c2) / ((x * x + t * t + c1) * (xx - x * x + tt - t * t + c2))
    }

    #[test]
    fn it_is_the_formula() {
        let shape = [12, 11, 13];
        let (x, mut t) = (noise(12 * 11 * 13, 1), noise(12 * 11 * 13, 2));
        (t[0], t[1]) = (0.0, 1.0);
        let places = (0..6).map(|n| [5 + n / 3, 5, 5 + n % 3]);
        let expected = places.map(|place| at_voxel(&x, &t, shape, place)).sum::<f64>() / 6.0;
        let range = t.iter().fold(0.0_f32, |high, &t| high.max(t));
        assert_eq!(range, 1.0);
        let found = ssim(&x, &t, shape);
        assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
    }

    #[test]
    fn equal_images_are_alike_and_noise_is_not() {
        let t = noise(20 * 20 * 3, 5);
        assert!((ssim(&t, &t, [20, 20, 3]) - 1.0).abs() < 1e-9);
        assert!(ssim(&noise(20 * 20 * 3, 6), &t, [20, 20, 3]) < 0.3);
    }
}
