//! Arithmetic voxel by voxel, in parallel, with sums whose order does not depend on the number of threads.

use rayon::prelude::*;

/// Voxels that one task takes.
const PIECE: usize = 1 << 14;

/// xⱼ ← f(xⱼ, \[aⱼ, bⱼ, …\]) for all voxels.
pub(super) fn each<const N: usize>(x: &mut [f32], with: [&[f32]; N], f: impl Fn(f32, [f32; N]) -> f32 + Sync) {
    assert!(with.iter().all(|image| image.len() == x.len()), "images of different sizes");
    x.par_chunks_mut(PIECE).enumerate().for_each(|(piece, x)| {
        let with = with.map(|image| &image[piece * PIECE..][..x.len()]);
        for (j, x) in x.iter_mut().enumerate() {
            *x = f(*x, with.map(|image| image[j]));
        }
    });
}

/// Σⱼ f(\[aⱼ, bⱼ, …\])
pub(super) fn sum<const N: usize>(of: [&[f32]; N], f: impl Fn([f32; N]) -> f64 + Sync) -> f64 {
    let length = of[0].len();
    assert!(of.iter().all(|image| image.len() == length), "images of different sizes");
    let pieces: Vec<f64> = (0..length.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| {
            let of = of.map(|image| &image[piece * PIECE..length.min((piece + 1) * PIECE)]);
            // Several sums at once, as each addition waits for the last of its own.
            let mut sums = [0.0; 8];
            for start in (0..of[0].len()).step_by(sums.len()) {
                for (j, sum) in (start..of[0].len()).zip(&mut sums) {
                    *sum += f(of.map(|image| image[j]));
                }
            }
            sums.iter().sum::<f64>()
        })
        .collect();
    pieces.iter().sum()
}

/// ⟨a, b⟩
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum([a, b], |[a, b]| f64::from(a) * f64::from(b))
}

/// a += weight · b
pub(super) fn add(a: &mut [f32], weight: f32, b: &[f32]) {
    // Not `mul_add`: without the instruction it is a slow library call.
    each(a, [b], |a, [b]| a + weight * b);
}
