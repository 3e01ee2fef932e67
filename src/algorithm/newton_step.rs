//! A step of the Newton methods that does not lose.

use super::arithmetic::each;
use super::ascent::keeps;
use super::kkt::mean_inside;
use super::local_model::{Curvature, Effort, MEMORY};
use super::objective::Objective;
use super::preconditioner::harmonic;
use super::quasi_newton::QuasiNewton;
use coincide_kernels::zeros;

/// Images that are tried; every one makes A better.
const TRIALS: usize = 6;

/// Steps along the gradient that are tried where the model leads nowhere, each a third of the last.
const LAST_TRIALS: usize = 12;

/// Part of its activity that an image must keep in one step.
const LEAST_ACTIVITY: f64 = 0.1;

const EFFORT: Effort = Effort { left: 0.03, most_steps: 20 };

/// An image, with Φ and ∇L there.
pub(super) struct Point {
    pub image: Vec<f32>,
    pub value: f64,
    pub gradient: Vec<f32>,
    /// ∇Lₖ, where they are kept.
    pub parts: Vec<Vec<f32>>,
}

/// A start: the image, or one that is raised from 0 where Φ is −∞ without.
pub(super) fn first_point(objective: &Objective, image: Vec<f32>, at: &mut dyn FnMut(Vec<f32>) -> Point) -> Point {
    let point = at(image);
    if point.value == f64::NEG_INFINITY { at(objective.lifted(point.image)) } else { point }
}

/// The maximum of the model around a point, or part of the way to it where Φ would fall: a counted bin near ȳ = 0 bends
/// L far more sharply than any model knows. Where the model leads nowhere, a step along the gradient, which gains if it
/// is short enough; `None` where that is lost in rounding.
pub(super) fn gaining_step(
    objective: &Objective,
    curvature: &mut Curvature,
    from: &Point,
    at: &mut dyn FnMut(Vec<f32>) -> Point,
) -> Option<Point> {
    let mut length = 1.0_f32;
    for _ in 0..TRIALS {
        let mut known = QuasiNewton::new(MEMORY);
        let mut image = curvature.climb(objective, &from.image, &from.gradient, &mut known, EFFORT);
        each(&mut image, [&from.image], |after, [before]| before + length * (after - before));
        let point = at(image);
        let learnt = learn(curvature, from, &point);
        // A model is no guide to where all activity is gone.
        let s = objective.sensitivity();
        let active = mean_inside(&point.image, s) >= LEAST_ACTIVITY * mean_inside(&from.image, s);
        if active && point.value.is_finite() && keeps(from.value, point.value) {
            return Some(point);
        }
        // What was learnt may be enough; where nothing could be, or not enough, a shorter step always gains.
        length /= if learnt { 1.5 } else { 3.0 };
    }
    along_the_gradient(objective, from, at)
}

/// Teaches A the change of the gradient from one point to another; false where there was nothing to learn.
pub(super) fn learn(curvature: &mut Curvature, from: &Point, to: &Point) -> bool {
    let (mut step, mut change) = (to.image.clone(), from.gradient.clone());
    each(&mut step, [&from.image], |after, [before]| after - before);
    each(&mut change, [&to.gradient], |before, [after]| before - after);
    curvature.learn(&step, change)
}

/// The first of x ← P₊(x + α D ∇Φ(x)), α = 1, ⅓, ⅑, …, that gains.
fn along_the_gradient(objective: &Objective, from: &Point, at: &mut dyn FnMut(Vec<f32>) -> Point) -> Option<Point> {
    let (mut d, mut gradient, mut alpha) = (zeros(from.image.len()), from.gradient.clone(), 1.0_f32);
    harmonic(objective, &from.image, &mut d);
    objective.subtract_prior_gradient(&from.image, &mut gradient);
    for _ in 0..LAST_TRIALS {
        let mut image = from.image.clone();
        each(&mut image, [&d, &gradient], |x, [d, g]| (x + alpha * d * g).max(0.0));
        let point = at(image);
        if point.value > from.value {
            return Some(point);
        }
        alpha /= 3.0;
    }
    None
}
