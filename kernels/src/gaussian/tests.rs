//! The filter against a plain triple sum over all voxels.

use super::*;

/// Signed noise that is the same everywhere.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// y[i] = Σ_j Π_axis taps[j − i + reach] · x[j], in f64.
fn reference(filter: &SeparableFilter, x: &[f32]) -> Vec<f64> {
    let [nx, ny, nz] = filter.shape;
    let weight = |axis: usize, i: usize, j: usize| {
        let place = (j + filter.reach(axis)).checked_sub(i);
        place.and_then(|k| filter.taps[axis].get(k)).map_or(0.0, |&tap| tap as f64)
    };
    let voxels = || (0..nx * ny * nz).map(|n| [n / (ny * nz), n / nz % ny, n % nz]);
    let value = |i: [usize; 3]| {
        let term = |(j, &x): ([usize; 3], &f32)| (0..3).map(|a| weight(a, i[a], j[a])).product::<f64>() * x as f64;
        voxels().zip(x).map(term).sum()
    };
    voxels().map(value).collect()
}

fn apply(filter: &SeparableFilter, level: Level, x: &[f32]) -> Vec<f32> {
    let [_, ny, nz] = filter.shape();
    let mut scratch = vec![f32::NAN; filter.scratch_len()];
    let mut y = vec![f32::NAN; x.len()];
    for (i, plane) in y.chunks_mut(ny * nz).enumerate() {
        filter.plane(level, x, i, &mut scratch, plane);
    }
    y
}

fn gaussian(shape: [usize; 3], sigma: [f64; 3]) -> SeparableFilter {
    SeparableFilter::new(shape, sigma.map(gaussian_taps))
}

#[test]
fn taps_are_an_integrated_gaussian() {
    // Φ(0.5) − Φ(−0.5), Φ(1.5) − Φ(0.5), …, over Φ(3.5) − Φ(−3.5).
    for (tap, known) in half_taps(1.0, 3).iter().zip([0.382924923, 0.241730337, 0.060597536, 0.005977036]) {
        assert!((tap - known / 0.999534742).abs() < 1e-9, "{tap} {known}");
    }
    assert_eq!(gaussian_taps(1.0).len(), 7);
    assert_eq!(gaussian_taps(0.0), [1.0]);
}

#[test]
fn taps_have_the_second_moment_that_was_asked_for() {
    for sigma in [0.01, 0.1, 0.2887, 0.3, 0.5, 0.6066, 1.0, 2.7, 40.0] {
        let taps = gaussian_taps(sigma);
        let middle = (taps.len() / 2) as f64;
        let moment = |power: i32| -> f64 {
            taps.iter().enumerate().map(|(n, &tap)| f64::from(tap) * (n as f64 - middle).powi(power)).sum()
        };
        assert!((moment(0) - 1.0).abs() < 1e-6, "σ {sigma}: {}", moment(0));
        assert!((moment(2) / (sigma * sigma) - 1.0).abs() < 1e-5, "σ {sigma}: {}", moment(2).sqrt());
        assert!(taps.iter().all(|tap| *tap > 0.0), "σ {sigma}: {taps:?}");
    }
}

#[test]
fn every_level_is_the_triple_sum() {
    for (shape, sigma) in [
        ([5, 6, 70], [0.5, 0.8, 1.0]),
        ([3, 19, 5], [2.0, 0.0, 3.0]),
        ([1, 9, 33], [1.0, 1.0, 0.4]),
        ([7, 1, 1], [1.0, 1.0, 1.0]),
    ] {
        let filter = gaussian(shape, sigma);
        let x = noise(shape.iter().product(), 1);
        let expected = reference(&filter, &x);
        for level in Level::available() {
            let y = apply(&filter, level, &x);
            let worst = y.iter().zip(&expected).map(|(y, e)| (*y as f64 - e).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-6, "{shape:?} {level:?}: {worst:e}");
        }
    }
}

#[test]
fn the_filter_is_its_own_transpose() {
    let filter = gaussian([9, 11, 40], [0.6, 0.9, 1.3]);
    let (x, z) = (noise(9 * 11 * 40, 2), noise(9 * 11 * 40, 3));
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| *a as f64 * *b as f64).sum::<f64>();
    for level in Level::available() {
        let (fx, fz) = (apply(&filter, level, &x), apply(&filter, level, &z));
        let scale = (dot(&fx, &fx) * dot(&z, &z)).sqrt();
        assert!((dot(&fx, &z) - dot(&x, &fz)).abs() < 1e-7 * scale, "{level:?}");
    }
}

#[test]
fn a_point_keeps_its_total_and_place() {
    let filter = gaussian([15, 15, 33], [0.7, 1.0, 1.2]);
    let mut x = vec![0.0; 15 * 15 * 33];
    x[(7 * 15 + 7) * 33 + 16] = 1.0;
    let y = apply(&filter, Level::best(), &x);
    assert!((y.iter().map(|&v| v as f64).sum::<f64>() - 1.0).abs() < 1e-6);
    assert!(y.iter().eq(y.iter().rev()));
}
