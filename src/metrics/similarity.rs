//! Structural similarity in three dimensions (Wang et al. 2004, IEEE Trans. Image Process. 13:600).
//!
//!   SSIM = (2 µₓ µₜ + c₁)(2 σₓₜ + c₂) / ((µₓ² + µₜ² + c₁)(σₓ² + σₜ² + c₂)),   c₁ = (0.01 L)², c₂ = (0.03 L)²
//!
//! Local moments over a Gaussian window, σ = 1.5 voxels, cut at ±5 voxels and normalised; L is the range of the truth. The mean is
//! taken over the voxels whose window lies inside of the image, along axes that are long enough to have any.

use rayon::prelude::*;

/// Half width of the window in voxels.
const REACH: usize = 5;
const SIGMA: f64 = 1.5;

/// Mean structural similarity of two images of the shape `[x, y, z]`; 1 for equal images.
pub fn ssim(image: &[f32], truth: &[f32], shape: [usize; 3]) -> f64 {
    let voxels: usize = shape.iter().product();
    assert!(image.len() == voxels && truth.len() == voxels, "images do not have the shape {shape:?}");
    let along = shape.map(|length| length > 2 * REACH);
    let (low, high) = truth.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &t| (l.min(t), h.max(t)));
    let range = f64::from(high - low);
    let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
    let moment = |f: fn(f64, f64) -> f64| {
        let product = image.iter().zip(truth).map(|(&x, &t)| f(f64::from(x), f64::from(t))).collect();
        blurred(product, shape, along)
    };
    let (x, t) = (moment(|x, _| x), moment(|_, t| t));
    let (xx, tt, xt) = (moment(|x, _| x * x), moment(|_, t| t * t), moment(|x, t| x * t));
    let local = |n: usize| {
        let (variance_x, variance_t) = (xx[n] - x[n] * x[n], tt[n] - t[n] * t[n]);
        let covariance = xt[n] - x[n] * t[n];
        let (above, below) = (
            (2.0 * x[n] * t[n] + c1) * (2.0 * covariance + c2),
            (x[n] * x[n] + t[n] * t[n] + c1) * (variance_x + variance_t + c2),
        );
        if below == 0.0 { 1.0 } else { above / below }
    };
    let (sum, count) = (0..voxels)
        .filter(|&n| {
            let place = [n / (shape[1] * shape[2]), n / shape[2] % shape[1], n % shape[2]];
            (0..3).all(|axis| !along[axis] || (REACH..shape[axis] - REACH).contains(&place[axis]))
        })
        .fold((0.0, 0_usize), |(sum, count), n| (sum + local(n), count + 1));
    sum / count as f64
}

/// Separable Gaussian window; voxels nearer to a border than its reach are meaningless along that axis.
fn blurred(mut values: Vec<f64>, shape: [usize; 3], along: [bool; 3]) -> Vec<f64> {
    let mut weights: Vec<f64> =
        (0..=2 * REACH).map(|n| (-0.5 * ((n as f64 - REACH as f64) / SIGMA).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let strides = [shape[1] * shape[2], shape[2], 1];
    for axis in (0..3).filter(|&axis| along[axis]) {
        let (stride, length) = (strides[axis], shape[axis]);
        let source = values;
        values = (0..source.len())
            .into_par_iter()
            .map(|n| {
                if !(REACH..length - REACH).contains(&(n / stride % length)) {
                    return source[n];
                }
                let first = n - REACH * stride;
                weights.iter().enumerate().map(|(m, weight)| weight * source[first + m * stride]).sum()
            })
            .collect();
    }
    values
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
