//! The spectral norm of a bank of filters, from above.

use std::f64::consts::{PI, TAU};

/// Frequencies per axis, for filters of more than one voxel along it.
const FREQUENCIES: usize = 64;

/// An upper bound of max over ω of Σ_c s_c |Ŵ_c(ω)|² of filters `[c, x, y, z]` with weights s ≥ 0.
///
/// The sum is a trigonometric polynomial of degree k − 1 along an axis with k taps. Between N equally spaced
/// frequencies such a polynomial of degree d < N/2 is at most 1 / cos(π d / N) above the greatest of its values there
/// (M. Riesz).
pub(super) fn spectral_bound(kernel: [usize; 3], filters: &[f32], weights: &[f32]) -> f64 {
    let counts = kernel.map(|side| if side > 1 { FREQUENCIES } else { 1 });
    let margin: f64 = (0..3).map(|a| 1.0 / (PI * (kernel[a] - 1) as f64 / counts[a] as f64).cos()).product();
    let taps: usize = kernel.iter().product();
    let mut sums = vec![0.0; counts.iter().product()];
    for (filter, &weight) in filters.chunks_exact(taps).zip(weights) {
        let mut spectrum: Vec<[f64; 2]> = filter.iter().map(|&w| [f64::from(w), 0.0]).collect();
        // Along the last axis, which goes to the front: after three axes all are in their places.
        for axis in [2, 1, 0] {
            spectrum = along_last(&spectrum, kernel[axis], counts[axis]);
        }
        for (sum, [re, im]) in sums.iter_mut().zip(spectrum) {
            *sum += f64::from(weight) * (re * re + im * im);
        }
    }
    margin * sums.into_iter().fold(0.0, f64::max)
}

/// Rows of `length` values to `count` frequencies: `[…, tap]` to `[frequency, …]`.
fn along_last(values: &[[f64; 2]], length: usize, count: usize) -> Vec<[f64; 2]> {
    let frequency = |f: usize| {
        let turns = move |tap: usize| (TAU * (f * tap % count) as f64 / count as f64).sin_cos();
        let factors: Vec<(f64, f64)> = (0..length).map(turns).collect();
        values
            .chunks_exact(length)
            .map(move |row| {
                row.iter()
                    .zip(&factors)
                    .fold([0.0, 0.0], |[re, im], ([a, b], (sin, cos))| [re + a * cos + b * sin, im + b * cos - a * sin])
            })
            .collect::<Vec<_>>()
    };
    (0..count).flat_map(frequency).collect()
}

#[cfg(test)]
mod tests {
    use super::spectral_bound;

    #[test]
    fn known_norms_are_bounded_and_hardly_more() {
        // |1 − e^{iω}|² is at most 4; a second difference along z with weight ½: ½ · 16.
        let cases = [([3, 1, 1], vec![0.0, -1.0, 1.0], 1.0, 4.0), ([1, 1, 3], vec![1.0, -2.0, 1.0], 0.5, 8.0)];
        for (kernel, filter, weight, norm) in cases {
            let bound = spectral_bound(kernel, &filter, &[weight]);
            assert!(bound >= norm && bound < 1.01 * norm, "{bound} for {norm}");
        }
        // Differences along all axes, of which each is greatest at another frequency... all at (π, π, π).
        let mut filters = vec![0.0; 3 * 27];
        for (channel, neighbour) in [4, 10, 12].into_iter().enumerate() {
            (filters[channel * 27 + 13], filters[channel * 27 + neighbour]) = (1.0, -1.0);
        }
        let bound = spectral_bound([3; 3], &filters, &[1.0; 3]);
        assert!((12.0..12.2).contains(&bound), "{bound}");
    }
}
