//! The activity that a learned prior counts in.

use rayon::prelude::*;

/// Mean inside the body: of the voxels above half of the mean of all that are above zero. 0 where none is.
///
/// It scales with the image, and neither air around the body nor a few hot voxels move it much.
pub fn body_mean(image: &[f32]) -> f32 {
    let half = 0.5 * mean_above(image, 0.0);
    mean_above(image, half) as f32
}

/// Mean of the voxels above a threshold; sums of fixed chunks, so that it does not depend on threads.
fn mean_above(image: &[f32], threshold: f64) -> f64 {
    let chunks = image.par_chunks(1 << 16).map(|chunk| {
        let above = chunk.iter().map(|&x| f64::from(x)).filter(|&x| x > threshold);
        above.fold((0.0, 0_usize), |(sum, count), x| (sum + x, count + 1))
    });
    let (sum, count) = chunks.collect::<Vec<_>>().into_iter().fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    if count > 0 { sum / count as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::body_mean;

    #[test]
    fn air_does_not_count_and_the_mean_scales() {
        let mut image = vec![0.0; 900];
        image.extend([2.0; 80]);
        image.extend([4.0; 20]);
        image.extend([0.01; 50]);
        assert!((body_mean(&image) - 2.4).abs() < 1e-6, "{}", body_mean(&image));
        let larger: Vec<f32> = image.iter().map(|x| 1e4 * x).collect();
        assert!((body_mean(&larger) / body_mean(&image) - 1e4).abs() < 1e-2);
        assert_eq!(body_mean(&[0.0, -1.0]), 0.0);
    }
}
