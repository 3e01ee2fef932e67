//! Huber prior: ψ = ½ d² for |d| ≤ δ, δ |d| − ½ δ² beyond, d = a − b (Huber 1964). Edges above δ cost only linearly.
//!
//! R has the square of the image's unit, δ the unit itself; β is per R. At |d| = δ the curvature jumps from 1 to 0.
//!
//! Huber, P. J. (1964). Robust estimation of a location parameter. Ann. Math. Stat. 35, 73.

use super::Smooth;
use super::pairwise::{Pairs, Pairwise, Potential};
use std::sync::Arc;

/// The Huber prior on some pairs; `delta` > 0 in the unit of the image.
pub fn huber(pairs: Pairs, delta: f32) -> Arc<dyn Smooth> {
    assert!(delta > 0.0, "delta {delta}");
    Arc::new(Pairwise { pairs, potential: Huber { delta } })
}

#[derive(Clone, Copy)]
struct Huber {
    delta: f32,
}

impl Potential for Huber {
    #[inline(always)]
    fn value(self, a: f32, b: f32) -> f32 {
        let size = (a - b).abs();
        if size <= self.delta { 0.5 * size * size } else { self.delta * (size - 0.5 * self.delta) }
    }
    #[inline(always)]
    fn slope(self, a: f32, b: f32) -> f32 {
        let d = a - b;
        let below = if d > self.delta { self.delta } else { d };
        if below < -self.delta { -self.delta } else { below }
    }
    #[inline(always)]
    fn curvature(self, a: f32, b: f32) -> f32 {
        if (a - b).abs() <= self.delta { 1.0 } else { 0.0 }
    }
    #[inline(always)]
    fn surrogate(self, a: f32, b: f32) -> f32 {
        let size = (a - b).abs();
        if size <= self.delta { 2.0 } else { 2.0 * self.delta / size }
    }
}
