//! Every prior by hand: value, gradient and curvature of one bright voxel, on voxels of three different sides.
//!
//! The image is 2 × 2 × 2 voxels of 2 × 2.5 × 4 mm, flat but for voxel `[0, 0, 0]`. A neighbour at a distance has the
//! weight 2 mm / distance, a forward difference along an axis is scaled by 2 mm / side.

use coincide::image::ImageGrid;
use coincide::prior::{
    Dual, KernelMatrix, Neighbours, Pairs, Ridge, RidgeModel, Smooth, bowsher_pairs, directional_total_variation,
    huber, hyperbolic_total_variation, log_cosh, non_local_pairs, parallel_level_sets, quadratic, relative_difference,
    total_variation,
};
use std::sync::Arc;

/// Places of the neighbours of voxel 0 in the image.
const Z: usize = 1;
const Y: usize = 2;
const YZ: usize = 3;
const X: usize = 4;
const XZ: usize = 5;
const XY: usize = 6;
const XYZ: usize = 7;

/// Weights of the pairs of voxel 0, by the place of the other: 2 / 4, 2 / 2.5, 2 / √22.25, 2 / 2, 2 / √20, 2 / √10.25,
/// 2 / √26.25.
const WEIGHTS: [f64; 8] = [0.0, 0.5, 0.8, 0.423_999, 1.0, 0.447_214, 0.624_695, 0.390_360];

fn grid() -> ImageGrid {
    ImageGrid::centred([2, 2, 2], [2.0, 2.5, 4.0])
}

fn spike(height: f32, floor: f32) -> Vec<f32> {
    let mut image = vec![floor; 8];
    image[0] = height;
    image
}

fn gradient(prior: &dyn Smooth, x: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; x.len()];
    prior.add_gradient(1.0, x, &mut gradient);
    gradient
}

fn curvature(prior: &dyn Smooth, x: &[f32]) -> Vec<f32> {
    let mut curvature = vec![0.0; x.len()];
    prior.add_curvature(1.0, x, &mut curvature);
    curvature
}

fn surrogate(prior: &dyn Smooth, x: &[f32]) -> Vec<f32> {
    let mut diagonal = vec![0.0; x.len()];
    prior.add_surrogate(1.0, x, &mut diagonal);
    diagonal
}

#[track_caller]
fn near(found: impl Into<f64>, expected: f64, what: &str) {
    let found = found.into();
    assert!((found - expected).abs() < 1e-5 * expected.abs().max(0.1), "{what}: {found}, by hand {expected}");
}

/// ψ and its derivatives at (a, b), as the first voxel sees them.
struct Pair {
    name: &'static str,
    prior: fn(Pairs) -> Arc<dyn Smooth>,
    value: f64,
    /// ∂ψ/∂a at (6, 2), and at (2, 6).
    slopes: [f64; 2],
    /// ∂²ψ/∂a² at (6, 2), (2, 6), (2, 2).
    curvatures: [f64; 3],
}

/// The bright voxel is 6, the others are 2: a difference of 4.
const PAIRS: [Pair; 5] = [
    // ½ · 4²
    Pair { name: "quadratic", prior: quadratic, value: 8.0, slopes: [4.0, -4.0], curvatures: [1.0; 3] },
    // Above δ = 3: 3 · 4 − ½ · 3²
    Pair {
        name: "huber",
        prior: |pairs| huber(pairs, 3.0),
        value: 7.5,
        slopes: [3.0, -3.0],
        curvatures: [0.0, 0.0, 1.0],
    },
    // Below δ = 5 as the quadratic prior.
    Pair { name: "huber", prior: |pairs| huber(pairs, 5.0), value: 8.0, slopes: [4.0, -4.0], curvatures: [1.0; 3] },
    // δ = 4: 16 ln cosh 1, 4 tanh 1, 1 − tanh² 1
    Pair {
        name: "log-cosh",
        prior: |pairs| log_cosh(pairs, 4.0),
        value: 6.940_493_3,
        slopes: [3.046_376_6, -3.046_376_6],
        curvatures: [0.419_974_34, 0.419_974_34, 1.0],
    },
    // γ = 2, ε = 1: D = 6 + 2 + 2 · 4 + 1 = 17; 16 / D, 4 (8 + 6 + 3 · 2 + 2) / D², −4 (8 + 2 + 3 · 6 + 2) / D²,
    // 2 (2 · 2 + 1)² / D³, 2 (2 · 6 + 1)² / D³, and between equals D = 5: 2 · 5² / 5³.
    Pair {
        name: "relative difference",
        prior: |pairs| relative_difference(pairs, 2.0, 1.0),
        value: 16.0 / 17.0,
        slopes: [88.0 / 289.0, -120.0 / 289.0],
        curvatures: [50.0 / 4913.0, 338.0 / 4913.0, 0.4],
    },
];

#[test]
fn pairwise_priors_have_their_values() {
    let x = spike(6.0, 2.0);
    for (neighbours, near_by) in [
        (Neighbours::Six, vec![Z, Y, X]),
        (Neighbours::Eighteen, vec![Z, Y, YZ, X, XZ, XY]),
        (Neighbours::TwentySix, vec![Z, Y, YZ, X, XZ, XY, XYZ]),
    ] {
        // Seen from any of the eight corners the neighbours are the same.
        let all: f64 = near_by.iter().map(|&k| WEIGHTS[k]).sum();
        for pair in PAIRS {
            let (name, [falling, rising], [from, to, flat]) = (pair.name, pair.slopes, pair.curvatures);
            let prior = (pair.prior)(Pairs::new(&grid(), neighbours, None));
            near(prior.value(&x), all * pair.value, name);
            let (slopes, curvatures) = (gradient(&*prior, &x), curvature(&*prior, &x));
            near(slopes[0], all * falling, name);
            near(curvatures[0], all * from, name);
            for k in [Z, Y, YZ, X, XZ, XY, XYZ] {
                let weight = if near_by.contains(&k) { WEIGHTS[k] } else { 0.0 };
                near(slopes[k], weight * rising, name);
                near(curvatures[k], weight * to + (all - weight) * flat, name);
            }
        }
    }
}

/// κ = 2 at the bright voxel, 3 at its neighbour along x, 1 elsewhere: 6 · 1 + 2 · 0.8 + 2 · 0.5.
#[test]
fn kappa_counts_at_both_ends_of_a_pair() {
    let mut kappa = vec![1.0; 8];
    (kappa[0], kappa[X]) = (2.0, 3.0);
    let prior = quadratic(Pairs::new(&grid(), Neighbours::Six, Some(&kappa)));
    let x = spike(6.0, 2.0);
    near(prior.value(&x), 8.6 * 8.0, "value");
    near(gradient(&*prior, &x)[0], 8.6 * 4.0, "slope");
    near(gradient(&*prior, &x)[X], -6.0 * 4.0, "slope at the neighbour");
    near(curvature(&*prior, &x)[0], 8.6, "curvature");
}

/// A fall by 6 from voxel 0: ∇x = (−6 · 1, −6 · 0.8, −6 · 0.5) there, 0 elsewhere, of norm √68.04.
#[test]
fn total_variation_has_its_value() {
    let (x, prior) = (spike(7.0, 1.0), total_variation(&grid()));
    near(prior.value(&x), 8.248_636_3, "value");
    let field = field(&*prior, &x);
    for (axis, expected) in [-6.0, -4.8, -3.0].into_iter().enumerate() {
        near(field[8 * axis], expected, "difference");
    }
    assert_eq!(field.iter().filter(|value| **value != 0.0).count(), 3);
    // Kᵀ of the field of one voxel: −(1, 0.8, 0.5)·z there, each share in the next voxel.
    let mut back = vec![0.0; 8];
    prior.add_adjoint(&field, &mut back);
    for (place, expected) in [(0, 6.0 + 3.84 + 1.5), (X, -6.0), (Y, -3.84), (Z, -1.5), (XY, 0.0)] {
        near(back[place], expected, "adjoint");
    }
    // 4 (1 + 0.64 + 0.25)
    near(prior.norm(), 7.56_f64.sqrt(), "norm");
    // Onto balls of radius 2: 2 / √68.04 of each part.
    let mut dual = field.clone();
    prior.prox_conjugate(2.0, 0.7, &mut dual);
    near(dual[8], -4.8 * 2.0 / 8.248_636_3, "projection");
}

fn field(prior: &dyn Dual, x: &[f32]) -> Vec<f32> {
    let mut field = vec![f32::NAN; prior.dual_len()];
    prior.forward(x, &mut field);
    field
}

/// ε² = 31.96 makes the norm at voxel 0 ten: √(68.04 + 31.96).
#[test]
fn hyperbolic_total_variation_has_its_value() {
    let (x, prior) = (spike(7.0, 1.0), hyperbolic_total_variation(&grid(), 31.96_f32.sqrt()));
    near(prior.value(&x), 4.346_682_4, "10 − ε");
    let slopes = gradient(&*prior, &x);
    for (place, expected) in [(0, 1.134), (X, -0.6), (Y, -0.384), (Z, -0.15), (YZ, 0.0)] {
        near(slopes[place], expected, "slope");
    }
    let (curvatures, surrogates) = (curvature(&*prior, &x), surrogate(&*prior, &x));
    // (s·s − (s·∇x / 10)²) / 10 with s·s = 1.89, s·∇x = −11.34.
    near(curvatures[0], 0.060_404_4, "curvature");
    // (1 − 0.6²) / 10 from voxel 0, and 0.89 / ε of its own differences along y and z.
    near(curvatures[X], 0.064 + 0.157_429_7, "curvature at the neighbour");
    // Twice the scales squared over the norms.
    near(surrogates[0], 0.378, "surrogate");
    near(surrogates[X], 0.2 + 2.0 * 0.157_429_7, "surrogate at the neighbour");
}

/// A guide that rises by 5 along y from voxel 0, so by 4 per 2 mm; η = 3: ξ = (0, 0.8, 0) there.
fn rising_along_y() -> Vec<f32> {
    let mut guide = vec![1.0; 8];
    guide[Y] = 6.0;
    guide
}

/// D ∇x = (−6, −4.8 + 0.8 · 3.84, −3); ⟨∇x, D ∇x⟩ = 68.04 − 3.84² = 53.2944, and ε² = 46.7056 makes the norm ten.
#[test]
fn parallel_level_sets_have_their_value() {
    let (x, prior) = (spike(7.0, 1.0), parallel_level_sets(&grid(), &rising_along_y(), 3.0, 46.705_6_f32.sqrt()));
    near(prior.value(&x), 3.165_850_5, "10 − ε");
    let slopes = gradient(&*prior, &x);
    for (place, expected) in [(0, 0.888_24), (X, -0.6), (Y, -0.138_24), (Z, -0.15)] {
        near(slopes[place], expected, "slope");
    }
    // (s·D s − (s·D ∇x / 10)²) / 10 with s·D s = 1.89 − 0.64², s·D ∇x = −8.8824.
    near(curvature(&*prior, &x)[0], 0.069_142_970, "curvature");
}

/// The norm of D ∇x itself.
#[test]
fn directional_total_variation_has_its_value() {
    let (x, prior) = (spike(7.0, 1.0), directional_total_variation(&grid(), &rising_along_y(), 3.0));
    near(prior.value(&x), 6.927_191_7, "√(36 + 1.728² + 9)");
    let field = field(&*prior, &x);
    for (axis, expected) in [-6.0, -1.728, -3.0].into_iter().enumerate() {
        near(field[8 * axis], expected, "difference");
    }
}

/// Voxels of 4 × 2 × 3 mm. Where the guide is flat all 7 neighbours tie, and the nearest are chosen: along y, then
/// along z.
#[test]
fn ties_of_bowsher_go_to_the_nearer_neighbour() {
    let (grid, x) = (ImageGrid::centred([2, 2, 2], [4.0, 2.0, 3.0]), spike(6.0, 2.0));
    let value = |chosen, symmetric| quadratic(bowsher_pairs(&grid, &[1.0; 8], chosen, symmetric, None)).value(&x);
    for symmetric in [false, true] {
        near(value(1, symmetric), 4.0 / 2.0 * 8.0, "the nearest");
        near(value(2, symmetric), (4.0 / 2.0 + 4.0 / 3.0) * 8.0, "the two nearest");
    }
}

/// Voxel 0 chooses its neighbour along x, which chooses another: half a pair, or a whole one under the symmetric rule.
#[test]
fn one_sided_choices_of_bowsher_count_half() {
    let (grid, x) = (ImageGrid::centred([2, 2, 2], [4.0, 2.0, 3.0]), spike(6.0, 2.0));
    let mut guide = [0.0, 10.0, 20.0, 30.0, 1.0, 40.0, 1.1, 50.0];
    guide[X] = 1.0;
    let prior = |symmetric| quadratic(bowsher_pairs(&grid, &guide, 1, symmetric, None));
    near(prior(false).value(&x), 0.5 * 8.0, "asymmetric");
    near(prior(true).value(&x), 8.0, "symmetric");
    near(gradient(&*prior(false), &x)[X], -0.5 * 4.0, "slope at the neighbour");
    near(curvature(&*prior(false), &x)[0], 0.5, "curvature");
}

/// Two voxels along y, a guide of 0 and 1, its edges repeated: the patches differ in 9 of 27 voxels, the variance is ¼,
/// so ‖f‖² = 4/3 and v = exp(−2/3) = 0.513417, kept as 131/255.
#[test]
fn non_local_pairs_are_weighted_by_their_patches() {
    let grid = ImageGrid::centred([1, 2, 1], [2.0, 2.5, 4.0]);
    let prior = quadratic(non_local_pairs(&grid, &[0.0, 1.0], 1, 1.0, None));
    let weight = 0.8 * 131.0 / 255.0;
    near(prior.value(&[6.0, 2.0]), weight * 8.0, "value");
    near(gradient(&*prior, &[6.0, 2.0])[1], -weight * 4.0, "slope");
    near(curvature(&*prior, &[6.0, 2.0])[0], weight, "curvature");
    // h = ½: exp(−8/3) = 0.069483, kept as 18/255.
    let narrow = quadratic(non_local_pairs(&grid, &[0.0, 1.0], 1, 0.5, None));
    near(narrow.value(&[6.0, 2.0]), 0.8 * 18.0 / 255.0 * 8.0, "half the width");
}

/// The same two voxels as rows of a kernel matrix: 1 / (1 + exp(−2/3)) and the rest.
#[test]
fn kernels_are_weighted_by_their_patches() {
    let kernel = KernelMatrix::new(&ImageGrid::centred([1, 2, 1], [2.0, 2.5, 4.0]), &[0.0, 1.0], 1, 2, 1.0);
    let mut x = [f32::NAN; 2];
    kernel.forward(&[1.0, 0.0], &mut x);
    near(x[0], 0.660_756_4, "own");
    near(x[1], 0.339_243_6, "other");
}

/// One filter, x(z + 1) − x(z), at its one place; σ has slope 1 up to 1, ½ up to 3, and is flat beyond.
#[test]
fn ridge_regularisers_have_their_value() {
    let model =
        RidgeModel { kernel: [1, 1, 3], filters: vec![0.0, -1.0, 1.0], knots: vec![1.0, 3.0], slopes: vec![1.0, 0.5] };
    let x = [5.0, 10.0, 12.0];
    // A response of 2: ψ = ½ + (1 + ¼), σ = 1.5, σ' = ½.
    let prior = Ridge::new(&model, [1, 1, 3], 1.0);
    near(prior.value(&x), 1.75, "value");
    assert_eq!(gradient(&prior, &x), [0.0, -1.5, 1.5]);
    assert_eq!(curvature(&prior, &x), [0.0, 0.5, 0.5]);
    // c = 2 moves the knots to 2 and 6. A response of 8: ψ = 2 + (4 · 2 + ¼ · 16) + 4 · 2.
    let prior = Ridge::new(&model, [1, 1, 3], 2.0);
    near(prior.value(&[5.0, 10.0, 18.0]), 22.0, "value beyond the last knot");
    assert_eq!(gradient(&prior, &[5.0, 10.0, 18.0]), [0.0, -4.0, 4.0]);
    // |Ŵ|² ≤ 4
    assert!(surrogate(&prior, &x).iter().all(|d| (4.0..4.05).contains(d)), "{:?}", surrogate(&prior, &x));
}
