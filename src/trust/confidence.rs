//! Intervals for the truth of every voxel: x ± λ σ.
//!
//!   σⱼ² = s²ⱼ + (x̄*ⱼ − xⱼ)² + (xⱼ − x°ⱼ)² + Σₖ (xⱼ − xᵏⱼ)² / K
//!
//! s² is the variance of the images x* of scans that were simulated from x and reconstructed in the same way (a
//! parametric bootstrap: Efron and Tibshirani 1993, An Introduction to the Bootstrap), their mean against x shows what
//! the method itself takes away, and x° is the image of a convex prior: what depends on the prior is uncertain. So is
//! what further networks see otherwise in the same counts, x¹ to xᴷ: an ensemble (Lakshminarayanan et al. 2017,
//! NeurIPS), where one is given. None of this knows how far the truth is; λ does. It is found on scans whose truth is
//! known, for each kind of tissue and noise, by conformal risk control (Angelopoulos et al. 2024, ICLR; arXiv
//! 2208.02814): the smallest λ with
//!
//!   n/(n + 1) R̂(λ) + 1/(n + 1) ≤ α,   R̂ the mean share of missed voxels of n images.
//!
//! A further image like those misses at most the share α of its voxels, on average over such images.

use crate::image::ImageGrid;
use crate::operator::GaussianFilter;
use coincide_kernels::zeros;
use serde::{Deserialize, Serialize};

/// Kinds of tissue, as the image shows them: voxels at which errors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tissue {
    /// Below half of the mean activity of the body.
    Cold,
    /// Up to twice the mean.
    Usual,
    /// Above twice the mean.
    Hot,
}

impl Tissue {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cold, Self::Usual, Self::Hot];

    /// The kind of a voxel.
    pub fn of(value: f32, mean: f32) -> Self {
        match value / mean {
            share if share > 2.0 => Self::Hot,
            share if share < 0.5 => Self::Cold,
            _ => Self::Usual,
        }
    }

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Usual => "usual",
            Self::Hot => "hot",
        }
    }
}

/// Images that an image is held against, all of its grid.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// Those of scans that were simulated from it; two at least.
    pub replicates: Vec<Vec<f32>>,
    /// That of a convex prior, of the same counts.
    pub convex: Vec<f32>,
    /// Those of further networks, of the same counts.
    pub ensemble: Vec<Vec<f32>>,
}

/// σ of every voxel.
pub fn spread(grid: &ImageGrid, image: &[f32], Others { replicates, convex, ensemble }: &Others) -> Vec<f32> {
    assert!(replicates.len() > 1, "a variance needs two images");
    let count = replicates.len() as f32;
    let [mut mean, mut variance, mut smooth] = [(); 3].map(|()| zeros(image.len()));
    for replicate in replicates {
        mean.iter_mut().zip(replicate).for_each(|(mean, value)| *mean += value / count);
    }
    for replicate in replicates {
        let squares = replicate.iter().zip(&mean).map(|(value, mean)| bounded(value - mean).powi(2) / (count - 1.0));
        variance.iter_mut().zip(squares).for_each(|(variance, square)| *variance += square);
    }
    // Few replicates make a noisy variance; its neighbours' are much the same.
    GaussianFilter::new(grid, grid.voxel_mm.map(|mm| 2.0 * mm)).apply(&variance, &mut smooth);
    let sigma = |(((x, variance), mean), convex): (((&f32, &f32), &f32), &f32)| {
        (variance.max(0.0) + bounded(mean - x).powi(2) + bounded(x - convex).powi(2)).sqrt()
    };
    let mut sigma: Vec<f32> = image.iter().zip(&smooth).zip(&mean).zip(convex).map(sigma).collect();
    let share = (ensemble.len() as f32).recip();
    for other in ensemble {
        for ((sigma, x), other) in sigma.iter_mut().zip(image).zip(other) {
            *sigma = sigma.hypot(bounded(x - other) * share.sqrt());
        }
    }
    sigma
}

/// A difference whose square is a number: voxels that a scan hardly sees can have any value.
fn bounded(difference: f32) -> f32 {
    difference.clamp(-1e15, 1e15)
}

/// Numbers of scales at which it is told how many voxels are covered.
pub const SCALES: usize = 48;

/// Those scales: a tenth, and from one to the next 15 % more.
pub fn scale(place: usize) -> f64 {
    0.1 * 1.15_f64.powi(place as i32)
}

/// Shares of the weight of a stratum whose truth lies within x ± λ σ, for all [`scale`]s λ; `None` where it has no
/// voxels.
pub fn covered(image: &[f32], truth: &[f32], sigma: &[f32], weights: &[f32]) -> Option<Vec<f64>> {
    let mut shares = vec![0.0; SCALES];
    let mut all = 0.0;
    for (voxel, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        all += f64::from(weight);
        let (error, sigma) = (f64::from((image[voxel] - truth[voxel]).abs()), f64::from(sigma[voxel]));
        let first = (0..SCALES).find(|&place| error <= scale(place) * sigma);
        shares.iter_mut().skip(first.unwrap_or(SCALES)).for_each(|share| *share += f64::from(weight));
    }
    shares.iter_mut().for_each(|share| *share /= all);
    (all > 0.0).then_some(shares)
}

/// The share that is covered at any scale: linear in ln λ between those that are known.
pub fn covered_at(shares: &[f64], scale: f64) -> f64 {
    let place = (scale / self::scale(0)).ln() / 1.15_f64.ln();
    let low = place.floor().clamp(0.0, (SCALES - 1) as f64) as usize;
    let (below, above) = (shares[low], shares[(low + 1).min(SCALES - 1)]);
    below + (place - low as f64).clamp(0.0, 1.0) * (above - below)
}

/// The smallest scale with which images like these are covered to a level; `None` where so few images cannot tell.
pub fn conformal_scale(images: &[Vec<f64>], level: f64) -> Option<f64> {
    let n = images.len() as f64;
    let risk = |scale: f64| images.iter().map(|shares| 1.0 - covered_at(shares, scale)).sum::<f64>() / n;
    let holds = |scale: f64| n / (n + 1.0) * risk(scale) + 1.0 / (n + 1.0) <= 1.0 - level + 1e-12;
    let (mut low, mut high) = (scale(0), scale(SCALES - 1));
    if images.is_empty() || !holds(high) {
        return None;
    }
    if holds(low) {
        return Some(low);
    }
    while high / low > 1.0 + 1e-4 {
        let middle = (low * high).sqrt();
        if holds(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// Area between the error that remains when the voxels of largest σ are left out, step by step, and that when those of
/// the largest error are, over the error of all: 0 where σ orders voxels as their errors do (Ilg et al. 2018, ECCV).
pub fn sparsification_error(image: &[f32], truth: &[f32], sigma: &[f32], weights: &[f32]) -> f64 {
    const STEPS: usize = 20;
    let mut voxels: Vec<(f64, f64)> = (0..image.len())
        .filter(|&voxel| weights[voxel] > 0.5)
        .map(|voxel| (f64::from(sigma[voxel]), f64::from(image[voxel] - truth[voxel]).abs()))
        .collect();
    let mut remaining = |by: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        voxels.sort_by(|a, b| by(a).total_cmp(&by(b)));
        let kept = |step: usize| &voxels[..(voxels.len() * (STEPS - step)).div_ceil(STEPS)];
        let error = |kept: &[(f64, f64)]| (kept.iter().map(|v| v.1 * v.1).sum::<f64>() / kept.len() as f64).sqrt();
        (0..STEPS).map(|step| error(kept(step))).collect()
    };
    let (by_sigma, by_error) = (remaining(|voxel| voxel.0), remaining(|voxel| voxel.1));
    let area: f64 = by_sigma.iter().zip(&by_error).map(|(found, best)| found - best).sum();
    area / (STEPS as f64 * by_sigma[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigma_by_hand() {
        let grid = ImageGrid::centred([15, 15, 15], [4.0; 3]);
        let [x, five, seven, one] = [4.0, 5.0, 7.0, 1.0].map(|value| vec![value; grid.voxels()]);
        // Variance 2 of 5 and 7, mean 6 for 4, convex image 1.
        let others = Others { replicates: vec![five, seven.clone()], convex: one.clone(), ensemble: Vec::new() };
        let sigma = |others: &Others| spread(&grid, &x, others)[grid.index([7; 3])];
        let alone = sigma(&others);
        assert!((alone - (2.0_f32 + 4.0 + 9.0).sqrt()).abs() < 1e-4, "{alone}");
        // Two further networks say 7 and 1: (9 + 9) / 2 more.
        let together = sigma(&Others { ensemble: vec![seven, one], ..others });
        assert!((together - (2.0_f32 + 4.0 + 9.0 + 9.0).sqrt()).abs() < 1e-4, "{together}");
    }

    #[test]
    fn covered_shares_grow_with_the_scale() {
        let errors = [0.05, 0.5, 1.0, 4.0];
        let shares = covered(&errors, &[0.0; 4], &[1.0; 4], &[1.0, 1.0, 2.0, 0.0]).unwrap();
        assert_eq!((shares[0], covered_at(&shares, 0.7), covered_at(&shares, 50.0)), (0.25, 0.5, 1.0));
        assert_eq!(covered(&errors, &[0.0; 4], &[1.0; 4], &[0.0; 4]), None);
    }

    /// Errors of standard normal numbers over σ = 2: 90 % need λ = 1.645 / 2, conformal scales a little more.
    #[test]
    fn conformal_scales_hold_their_promise() {
        let image = |number: usize| -> Vec<f64> {
            // Quantiles of |N(0, 1)| by inversion, with an offset of each image of its own.
            let errors: Vec<f32> = (0..400)
                .map(|n| {
                    let p = 0.5 + 0.5 * ((n as f64 + 0.5) / 400.0);
                    let mut x = 0.0;
                    for _ in 0..60 {
                        x += (p - 0.5 * libm::erfc(-x / 2.0_f64.sqrt())) * 2.0;
                    }
                    (x * (0.9 + 0.2 * (number as f64 / 49.0))) as f32
                })
                .collect();
            covered(&errors, &[0.0; 400], &[2.0; 400], &[1.0; 400]).unwrap()
        };
        let images: Vec<Vec<f64>> = (0..50).map(image).collect();
        let scale = conformal_scale(&images, 0.9).unwrap();
        assert!((1.645 / 2.0..1.1 * 1.645 / 2.0).contains(&scale), "{scale}");
        let risk = images.iter().map(|shares| 1.0 - covered_at(shares, scale)).sum::<f64>() / 50.0;
        assert!(50.0 / 51.0 * risk + 1.0 / 51.0 <= 0.1 + 1e-9, "{risk}");
        assert_eq!((conformal_scale(&images[..8], 0.9), conformal_scale(&[], 0.5)), (None, None));
    }

    #[test]
    fn sparsification_is_perfect_where_sigma_is_the_error() {
        let errors: Vec<f32> = (0..100).map(|n| n as f32).collect();
        let zero = vec![0.0; 100];
        let area = |sigma: &[f32]| sparsification_error(&errors, &zero, sigma, &[1.0; 100]);
        assert!(area(&errors).abs() < 1e-12);
        let reversed: Vec<f32> = errors.iter().rev().copied().collect();
        assert!(area(&reversed) > 0.5, "{}", area(&reversed));
    }
}
