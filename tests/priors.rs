//! All priors, in one list that every general test runs over.

use coincide::config::{PriorConfig, PriorInputs};
use coincide::image::ImageGrid;
use coincide::prior::{Dual, Prior, Smooth};

const SHAPE: [usize; 3] = [7, 6, 37];
const VOXEL_MM: [f64; 3] = [2.0, 2.5, 3.0];

/// Every prior as a config, without its β.
const PRIORS: &[&str] = &[
    "[quadratic]\nneighbours = 18",
    "[quadratic]\nkappa = true",
    "[relative-difference]",
    "[relative-difference]\ngamma = 0.5\nepsilon = 0.7\nneighbours = 6\nkappa = true",
    "[total-variation]",
    "[directional-total-variation]\nanatomical.phantom = \"brain\"",
];

struct Case {
    name: String,
    prior: Prior,
}

fn grid() -> ImageGrid {
    ImageGrid::centred(SHAPE, VOXEL_MM)
}

/// Numbers in 0..1 that are the same everywhere.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32
    };
    (0..count).map(|_| next()).collect()
}

/// A positive image of two plateaus with noise.
fn image(seed: u32) -> Vec<f32> {
    let plateau = |n: usize| if n / SHAPE[2] % 2 == 0 { 20.0 } else { 5.0 };
    noise(grid().voxels(), seed).iter().enumerate().map(|(n, v)| plateau(n) + 4.0 * v).collect()
}

fn build(text: &str) -> Prior {
    let beta = if text.starts_with("[kernel") { "" } else { "\nbeta = 1.0" };
    let config: PriorConfig = toml::from_str(&format!("{text}{beta}")).unwrap();
    let (grid, start, kappa, anatomical) = (grid(), image(7), noise(grid().voxels(), 8), image(9));
    let kappa = Some(kappa.as_slice()).filter(|_| config.kappa());
    let anatomical = config.anatomical().map(|_| anatomical.as_slice());
    config.build(PriorInputs { grid: &grid, start: &start, kappa, anatomical }).unwrap()
}

fn cases() -> impl Iterator<Item = Case> {
    PRIORS.iter().map(|text| Case { name: text.replace('\n', " "), prior: build(text) })
}

fn smooth() -> impl Iterator<Item = (String, Box<dyn Smooth>)> {
    cases().filter_map(|case| match case.prior {
        Prior::Smooth(prior) => Some((case.name, prior)),
        _ => None,
    })
}

fn dual() -> impl Iterator<Item = (String, Box<dyn Dual>)> {
    cases().filter_map(|case| match case.prior {
        Prior::Dual(prior) => Some((case.name, prior)),
        _ => None,
    })
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

fn gradient(prior: &dyn Smooth, x: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; x.len()];
    prior.add_gradient(1.0, x, &mut gradient);
    gradient
}

fn moved(x: &[f32], step: f32, direction: &[f32]) -> Vec<f32> {
    x.iter().zip(direction).map(|(x, d)| x + step * d).collect()
}

/// Differences of the image itself, so that every rounding of x ± h is known.
fn between(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[test]
fn gradients_are_the_slope_of_the_value() {
    for (name, prior) in smooth() {
        for seed in 1..5 {
            let x = image(seed);
            // Uphill, so that the terms do not cancel.
            let uphill = gradient(&*prior, &x);
            let random = noise(x.len(), seed + 20);
            let direction: Vec<f32> = random.iter().zip(uphill).map(|(v, slope)| v * slope.signum()).collect();
            let (up, down) = (moved(&x, 0.02, &direction), moved(&x, -0.02, &direction));
            let found = dot(&gradient(&*prior, &x), &between(&up, &down));
            let expected = prior.value(&up) - prior.value(&down);
            assert!((found - expected).abs() < 1e-3 * expected.abs(), "{name}: {found} {expected}");
        }
    }
}

#[test]
fn single_slopes_are_right_even_at_the_border() {
    for (name, prior) in smooth() {
        let (x, grid) = (image(3), grid());
        let slope = gradient(&*prior, &x);
        for voxel in [[0, 0, 0], [6, 5, 36], [3, 2, 0], [0, 3, 31], [6, 0, 32], [3, 3, 17]] {
            let j = grid.index(voxel);
            let (mut up, mut down) = (x.clone(), x.clone());
            (up[j], down[j]) = (x[j] + 0.125, x[j] - 0.125);
            let expected = (prior.value(&up) - prior.value(&down)) / f64::from(up[j] - down[j]);
            let scale = slope.iter().map(|v| v.abs()).fold(0.0, f32::max) as f64;
            assert!((f64::from(slope[j]) - expected).abs() < 2e-3 * scale, "{name} {voxel:?}: {} {expected}", slope[j]);
        }
    }
}

#[test]
fn curvatures_are_the_slope_of_the_gradient() {
    for (name, prior) in smooth() {
        let (x, grid) = (image(4), grid());
        let mut curvature = vec![0.0; x.len()];
        prior.add_curvature(1.0, &x, &mut curvature);
        for voxel in [[0, 0, 0], [6, 5, 36], [3, 2, 0], [0, 3, 31], [6, 0, 32], [3, 3, 17], [2, 4, 8]] {
            let j = grid.index(voxel);
            let (mut up, mut down) = (x.clone(), x.clone());
            (up[j], down[j]) = (x[j] + 0.03125, x[j] - 0.03125);
            let difference = f64::from(gradient(&*prior, &up)[j]) - f64::from(gradient(&*prior, &down)[j]);
            let expected = difference / f64::from(up[j] - down[j]);
            let found = f64::from(curvature[j]);
            assert!((found - expected).abs() < 2e-3 * expected.abs(), "{name} {voxel:?}: {found} {expected}");
        }
    }
}
