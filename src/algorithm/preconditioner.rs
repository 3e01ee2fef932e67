//! Positive diagonals D that turn gradients into steps; 0 outside the field of view.

use super::arithmetic::each;
use super::kkt::{HARDLY_SEEN, mean_inside};
use super::objective::Objective;
use crate::operator::GaussianFilter;
use coincide_kernels::zeros;

/// δ over the mean of the image: a voxel at 0 must be able to leave it.
pub(super) const FLOOR: f64 = 0.01;

/// Width of the filter that keeps single noisy voxels from setting their own step, in mm.
const SMOOTHING_MM: f64 = 5.0;

/// δ: a part of the mean of x, and of the uniform image with the measurement's counts at least, so that an image of 0
/// can be left.
fn floor(objective: &Objective, x: &[f32]) -> f32 {
    (FLOOR * mean_inside(x, objective.sensitivity()).max(objective.uniform())) as f32
}

/// x + step, not below 0 and not above 2 (x + δ).
///
/// D is that of an earlier image, and a subset's gradient counts K times: a voxel in air may have gone to 0 since, and
/// a single count on a line through it, where hardly anything else is expected, would then throw it far beyond all
/// others. Near a maximum steps are short, and nothing is cut off.
#[inline(always)]
pub(super) fn moved(x: f32, step: f32, delta: f32) -> f32 {
    (x + step).max(0.0).min(2.0 * (x + delta))
}

/// D = (x + δ) / s, the step of EM; returns δ.
pub(super) fn em(objective: &Objective, x: &[f32], d: &mut [f32]) -> f32 {
    let s = objective.sensitivity();
    let delta = floor(objective, x);
    each(d, [x, s], |_, [x, s]| if s > 0.0 { (x + delta) / s } else { 0.0 });
    delta
}

/// D = (x̃ + δ) / (s + 2 (x̃ + δ) β r) at a smoothed image x̃: EM's step and half a Newton step on the prior alone,
/// added harmonically (Ehrhardt, Kereta & Schramm 2025, arXiv:2506.04976, the winner of PETRIC).
///
/// r is diag ∇²R(x̃). Of voxels that are hardly seen, as those behind the ends of the scanner, the prior rules, and a
/// second derivative alone does not bound a step: that of the relative difference prior vanishes at a spike. There r is
/// at least half the curvature of the prior's surrogate at x.
///
/// Returns δ.
pub(super) fn harmonic(objective: &Objective, x: &[f32], d: &mut [f32]) -> f32 {
    let (s, mut smooth, mut curvature) = (objective.sensitivity(), zeros(x.len()), zeros(x.len()));
    GaussianFilter::new(&objective.model().grid(), [SMOOTHING_MM; 3]).apply(x, &mut smooth);
    let delta = floor(objective, x);
    objective.prior_curvature(&smooth, &mut curvature);
    objective.surrogate_share(x, d);
    let (half, hardly) = (0.5 * objective.subsets() as f32, (HARDLY_SEEN * mean_inside(s, s)) as f32);
    each(d, [&smooth, s, &curvature], |share, [x, s, r]| match s > 0.0 {
        true if s < hardly => (x + delta) / (s + 2.0 * (x + delta) * r.max(half * share)),
        true => (x + delta) / (s + 2.0 * (x + delta) * r),
        false => 0.0,
    });
    delta
}
