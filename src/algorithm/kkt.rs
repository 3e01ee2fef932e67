//! How far an image is from the maximum.
//!
//! x ≥ 0 maximises a concave Φ exactly where x = P₊(x + D ∇Φ(x)) for a positive diagonal D (Karush, Kuhn and Tucker). The
//! residual is ‖P₊(x + D ∇Φ) − x‖ / ‖x‖ with D = (x + δ) / s, the step of EM, and δ = 1 % of the mean of x, so that
//! voxels which are 0 but should not be are seen. Without a prior it is the relative step that MLEM would take next.

use super::arithmetic::sum;
use super::objective::{Objective, Work};
use coincide_kernels::zeros;

/// δ over the mean of the image.
const FLOOR: f64 = 0.01;

/// Φ(x) and the residual at x; `subgradient` is one of βR where the prior has no gradient.
pub fn optimality(objective: &Objective, x: &[f32], subgradient: Option<&[f32]>, work: &mut Work) -> (f64, f64) {
    let mut gradient = zeros(x.len());
    let value = objective.gradient(x, work, &mut gradient);
    if let Some(subgradient) = subgradient {
        super::arithmetic::add(&mut gradient, -1.0, subgradient);
    }
    (value, residual(x, &gradient, objective.sensitivity()))
}

/// ‖P₊(x + D g) − x‖ / ‖x‖
pub(super) fn residual(x: &[f32], gradient: &[f32], sensitivity: &[f32]) -> f64 {
    let delta = (FLOOR * mean_inside(x, sensitivity)) as f32;
    let norm = sum([x, sensitivity], |[x, s]| if s > 0.0 { f64::from(x).powi(2) } else { 0.0 });
    let step = sum([x, gradient, sensitivity], |[x, g, s]| match s > 0.0 {
        true => f64::from((x + (x + delta) / s * g).max(0.0) - x).powi(2),
        false => 0.0,
    });
    if norm > 0.0 { (step / norm).sqrt() } else { 0.0 }
}

/// Mean of x where the sensitivity is positive.
pub(super) fn mean_inside(x: &[f32], sensitivity: &[f32]) -> f64 {
    let inside = sum([sensitivity], |[s]| if s > 0.0 { 1.0 } else { 0.0 });
    let total = sum([x, sensitivity], |[x, s]| if s > 0.0 { f64::from(x) } else { 0.0 });
    if inside > 0.0 { total / inside } else { 0.0 }
}
