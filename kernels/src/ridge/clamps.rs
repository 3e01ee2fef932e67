//! Odd piecewise-linear functions as sums of clamps,
//!
//!   σ(t) = Σ_k a_k m_k,     m_k = min(max(t, −τ_k), τ_k),     ψ(t) = ∫₀ᵗ σ = Σ_k a_k m_k (t − m_k / 2),
//!
//! whose slope at |t| is the sum of a_k over τ_k > |t|. No table, no branch.

use super::LANES;
use crate::Level;

/// One function.
#[derive(Clone, Debug, PartialEq)]
pub struct Clamps {
    /// τ and a.
    terms: Vec<(f32, f32)>,
}

impl Clamps {
    /// The function with slope `slopes[k]` between the knots τ_{k−1} and τ_k, τ_{−1} = 0, and none behind the last
    /// knot.
    pub fn new(knots: &[f32], slopes: &[f32]) -> Self {
        assert_eq!(knots.len(), slopes.len(), "a slope before every knot");
        let next = slopes.iter().skip(1).chain([&0.0]);
        Self { terms: knots.iter().zip(slopes.iter().zip(next)).map(|(&knot, (a, b))| (knot, a - b)).collect() }
    }

    /// t ← σ(t)
    pub fn apply(&self, level: Level, values: &mut [f32]) {
        self.map(level, values, |t, knot, a| a * clamp(t, knot));
    }

    /// t ← σ'(t)
    pub fn slope(&self, level: Level, values: &mut [f32]) {
        self.map(level, values, |t, knot, a| if t.abs() < knot { a } else { 0.0 });
    }

    /// t ← ψ(t)
    pub fn integral(&self, level: Level, values: &mut [f32]) {
        self.map(level, values, |t, knot, a| {
            let m = clamp(t, knot);
            a * (m * (t - 0.5 * m))
        });
    }

    /// m_k of one value, for all k.
    pub fn parts(&self, t: f32) -> impl Iterator<Item = f32> {
        self.terms.iter().map(move |&(knot, _)| clamp(t, knot))
    }

    fn map(&self, level: Level, values: &mut [f32], term: impl Fn(f32, f32, f32) -> f32 + Copy) {
        level.vectorised(
            #[inline(always)]
            || {
                let mut blocks = values.chunks_exact_mut(LANES);
                for block in &mut blocks {
                    let block: &mut [f32; LANES] = block.try_into().expect("a whole block");
                    *block = self.sums(*block, term);
                }
                for value in blocks.into_remainder() {
                    [*value] = self.sums([*value], term);
                }
            },
        );
    }

    #[inline(always)]
    fn sums<const N: usize>(&self, values: [f32; N], term: impl Fn(f32, f32, f32) -> f32) -> [f32; N] {
        let mut sums = [0.0; N];
        for &(knot, a) in &self.terms {
            for (sum, &value) in sums.iter_mut().zip(&values) {
                *sum += term(value, knot, a);
            }
        }
        sums
    }
}

#[inline(always)]
fn clamp(t: f32, knot: f32) -> f32 {
    let below = if t < knot { t } else { knot };
    if below > -knot { below } else { -knot }
}
