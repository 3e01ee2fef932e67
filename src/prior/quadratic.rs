//! Quadratic prior, ψ(a, b) = ½ (a − b)²: smooths noise and edges alike.
//!
//! R = Σ over unordered pairs of w κⱼ κₖ ½ (xⱼ − xₖ)², the square of the image's unit; β is per that. The same as
//! STIR's `QuadraticPrior`, which visits each pair twice with ¼ w.
//! (Geman, S. & McClure, D. E. 1987, Bull. Int. Stat. Inst. 52, 5.)

use super::Smooth;
use super::pairwise::{Pairs, Pairwise, Potential};
use std::sync::Arc;

/// The quadratic prior on some pairs.
pub fn quadratic(pairs: Pairs) -> Arc<dyn Smooth> {
    Arc::new(Pairwise { pairs, potential: Quadratic })
}

#[derive(Clone, Copy)]
struct Quadratic;

impl Potential for Quadratic {
    #[inline(always)]
    fn value(self, a: f32, b: f32) -> f32 {
        0.5 * (a - b) * (a - b)
    }
    #[inline(always)]
    fn slope(self, a: f32, b: f32) -> f32 {
        a - b
    }
    #[inline(always)]
    fn curvature(self, _: f32, _: f32) -> f32 {
        1.0
    }
    #[inline(always)]
    fn surrogate(self, _: f32, _: f32) -> f32 {
        2.0
    }
}
