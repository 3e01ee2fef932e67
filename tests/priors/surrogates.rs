//! Surrogates of priors on two voxels, where each is a function of two numbers: above the prior for all steps, and no
//! higher than it must be. Steps that raise one voxel and lower the other (a checkerboard) are the hardest.

use coincide::image::ImageGrid;
use coincide::prior::{
    Neighbours, Pairs, Ridge, RidgeModel, Smooth, huber, hyperbolic_total_variation, log_cosh, parallel_level_sets,
    quadratic, relative_difference,
};
use std::sync::Arc;

/// Neighbours along y, on voxels of three different sides.
fn grid() -> ImageGrid {
    ImageGrid::centred([1, 2, 1], [2.0, 2.5, 4.0])
}

fn pairs() -> Pairs {
    Pairs::new(&grid(), Neighbours::Six, None)
}

/// The largest of (R(z) − R(x) − ∇R(x)·h) / (½ Σ dⱼ hⱼ²), h = z − x, over images x and z from `values`: at most 1 for a
/// surrogate, and near 1 for one that is no higher than it must be.
fn highest(prior: &dyn Smooth, values: &[f32]) -> f64 {
    let images = || values.iter().flat_map(|&a| values.iter().map(move |&b| [a, b]));
    let mut highest = f64::NEG_INFINITY;
    for x in images() {
        let (mut slope, mut diagonal) = ([0.0; 2], [0.0; 2]);
        prior.add_gradient(1.0, &x, &mut slope);
        prior.add_surrogate(1.0, &x, &mut diagonal);
        for z in images().filter(|z| *z != x) {
            let step = [0, 1].map(|j| f64::from(z[j]) - f64::from(x[j]));
            let along = |weights: &[f32; 2]| f64::from(weights[0]) * step[0] + f64::from(weights[1]) * step[1];
            let bent = 0.5 * (f64::from(diagonal[0]) * step[0].powi(2) + f64::from(diagonal[1]) * step[1].powi(2));
            highest = highest.max((prior.value(&z) - prior.value(&x) - along(&slope)) / bent);
        }
    }
    highest
}

#[test]
fn surrogates_are_above_their_priors_and_touch_them() {
    // Differences below, at and above δ and ε, both ways; a swap of two values is the step with the least room.
    let values = [0.0, 0.25, 1.0, 1.5, 2.0, 4.0, 7.0, 30.0];
    let priors: [(&str, Arc<dyn Smooth>); 5] = [
        ("quadratic", quadratic(pairs())),
        ("huber", huber(pairs(), 1.5)),
        ("log-cosh", log_cosh(pairs(), 1.5)),
        ("hyperbolic total variation", hyperbolic_total_variation(&grid(), 0.5)),
        // Parallel level sets without a direction.
        ("parallel level sets", parallel_level_sets(&grid(), &[1.0, 1.0], 1.0, 0.5)),
    ];
    for (name, prior) in priors {
        let highest = highest(&*prior, &values);
        println!("{name}: {highest:.6}");
        assert!((0.999..1.000_02).contains(&highest), "{name}: {highest} of the surrogate");
    }
    // Along the guide's edge little bends: the surrogate is the one without a guide, and far above.
    let guided = parallel_level_sets(&grid(), &[1.0, 3.0], 0.5, 0.5);
    assert!((0.01..1.0).contains(&highest(&*guided, &values)), "{}", highest(&*guided, &values));
}

/// The bound 8 / (a + b + ε) holds for all γ ≥ 0, and at γ = 0 it is reached where a small voxel beside a large one
/// goes to 0.
#[test]
fn the_surrogate_of_relative_differences_is_above_and_touches() {
    let values = [0.0, 0.5, 1.0, 1.25, 2.0, 10.0, 100.0];
    for (gamma, touches) in [(0.0, true), (0.1, false), (0.5, false), (2.0, false), (10.0, false)] {
        let highest = highest(&*relative_difference(pairs(), gamma, 0.5), &values);
        println!("γ = {gamma}: {highest:.4}");
        assert!(highest <= 1.0 && (!touches || highest > 0.97), "γ = {gamma}: {highest} of the surrogate");
    }
}

/// A wave of the shortest length within the first knots: every difference changes by twice the step.
#[test]
fn the_surrogate_of_a_ridge_regulariser_is_above_and_touches() {
    let model = RidgeModel { kernel: [1, 1, 3], filters: vec![0.0, -1.0, 1.0], knots: vec![9.0], slopes: vec![1.0] };
    let (count, step) = (64, 2.0_f32);
    let prior = Ridge::new(&model, [1, 1, count], 1.0);
    let flat = vec![5.0; count];
    let wave: Vec<f32> = (0..count).map(|j| if j % 2 == 0 { 5.0 + step } else { 5.0 - step }).collect();
    let mut diagonal = vec![0.0; count];
    prior.add_surrogate(1.0, &flat, &mut diagonal);
    let bound: f64 = diagonal.iter().map(|&d| 0.5 * f64::from(d) * f64::from(step).powi(2)).sum();
    let share = prior.value(&wave) / bound;
    assert!((0.95..=1.0).contains(&share), "{share} of the surrogate");
}
