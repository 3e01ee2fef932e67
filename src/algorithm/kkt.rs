//! How far an image is from the maximum.
//!
//! x ≥ 0 maximises a concave Φ exactly where x = x⁺, x⁺ = P₊(x + D ∇Φ(x)), for a positive diagonal D (Karush, Kuhn and
//! Tucker). The distance is the relative step
//!
//!   ‖x⁺ − x‖ / max(‖x‖, ‖x⁺‖),   D = (x + δ) / max(s, s̄ / 4),
//!
//! which is EM's for all voxels that are well seen: those that hardly are, as behind the ends of the scanner, would
//! count beyond all others, and the prior alone knows them. δ lets voxels leave 0 which should not be there. δ is 1 %
//! of the root mean square of x, and of the uniform image with the measurement's counts at least: few active voxels
//! make no other voxel unseen, and an image of 0 is far from the maximum (1) wherever one voxel wants activity. Without
//! a prior the distance is the relative step that MLEM would take next; near the maximum ‖x⁺‖ = ‖x‖.

use super::arithmetic::sum;
use super::objective::Objective;
use coincide_kernels::zeros;

/// δ over the root mean square of the image.
const FLOOR: f64 = 0.01;

/// Sensitivity of a voxel that is hardly seen, over the mean s̄.
pub(super) const HARDLY_SEEN: f64 = 0.25;

/// Φ(x) and the distance of x; `subgradient` is one of βR where the prior has no gradient.
pub fn optimality(objective: &Objective, x: &[f32], subgradient: Option<&[f32]>) -> (f64, f64) {
    let mut gradient = zeros(x.len());
    let value = objective.gradient(x, &mut gradient);
    if let Some(subgradient) = subgradient {
        super::arithmetic::add(&mut gradient, -1.0, subgradient);
    }
    (value, residual(objective, x, &gradient))
}

/// ‖x⁺ − x‖ / max(‖x‖, ‖x⁺‖) of an image and a gradient there.
pub(super) fn residual(objective: &Objective, x: &[f32], gradient: &[f32]) -> f64 {
    let s = objective.sensitivity();
    let inside = sum([s], |[s]| if s > 0.0 { 1.0 } else { 0.0 });
    let before = sum([x, s], |[x, s]| if s > 0.0 { f64::from(x).powi(2) } else { 0.0 });
    let delta = FLOOR * (before / inside.max(1.0)).sqrt().max(objective.uniform());
    // In double precision: the gradient of a bin with ȳ near 0 has no bound.
    let least = HARDLY_SEEN * mean_inside(s, s);
    let next = |[x, g, s]: [f32; 3]| {
        let [x, g, s] = [x, g, s].map(f64::from);
        if s > 0.0 { (x + (x + delta) / s.max(least) * g).max(0.0) } else { 0.0 }
    };
    let after = sum([x, gradient, s], |at| next(at).powi(2));
    let step = sum([x, gradient, s], |at| if at[2] > 0.0 { (next(at) - f64::from(at[0])).powi(2) } else { 0.0 });
    let norm = before.max(after);
    if norm > 0.0 { (step / norm).sqrt() } else { 0.0 }
}

/// Mean of x where the sensitivity is positive.
pub(super) fn mean_inside(x: &[f32], sensitivity: &[f32]) -> f64 {
    let inside = sum([sensitivity], |[s]| if s > 0.0 { 1.0 } else { 0.0 });
    let total = sum([x, sensitivity], |[x, s]| if s > 0.0 { f64::from(x) } else { 0.0 });
    if inside > 0.0 { total / inside } else { 0.0 }
}
