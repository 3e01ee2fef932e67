//! EM's step on one subset, which may hardly see a voxel.
//!
//!   e = x ⊙ max((q + d − sₖ) / d, ε),   q = Bᵀ Gₖᵀ \[m ⊙ y / ȳ\],   d = max(sₖ, α s / K)
//!
//! Where a subset sees its share s / K of a voxel, or α of it, d is sₖ and this is OSEM's x q / sₖ. Below, what sₖ
//! lacks of d counts as lines that confirm x: a voxel that the subset does not see stays as it is, and the few lines
//! that graze one cannot set its value alone. The step is a rescaled one (Byrne 1998, IEEE TIP 7(1), 100–109) of the
//! subset's gradient, x + x ∇Lₖ / d; so images that all subsets leave as they are are those that OSEM leaves as they
//! are. Where a subset's lines through a voxel hold no count at all, ε of it is left, for what the other subsets know:
//! EM never leaves 0. With one subset ε is 0.

/// α
const LEAST_SHARE: f32 = 0.5;

/// ε of several subsets.
const LEAST_LEFT: f32 = 0.1;

/// α s / K, voxel by voxel; 0 outside of `inside`.
pub(crate) fn least_sensitivity(mut total: Vec<f32>, subsets: usize, inside: &[bool]) -> Vec<f32> {
    let share = LEAST_SHARE / subsets as f32;
    total.iter_mut().zip(inside).for_each(|(s, inside)| *s = if *inside { *s * share } else { 0.0 });
    total
}

/// EM's step on one of some subsets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EmStep {
    left: f32,
}

impl EmStep {
    /// That of K subsets.
    pub fn of(subsets: usize) -> Self {
        Self { left: if subsets > 1 { LEAST_LEFT } else { 0.0 } }
    }

    /// e and d of a voxel from x, q, sₖ and α s / K; 0 and 0 where nothing is seen.
    #[inline(always)]
    pub fn at(self, x: f32, q: f32, s: f32, least: f32) -> (f32, f32) {
        let (ratio, d) = self.ratio(q, s, least);
        let e = x * ratio;
        // Numbers that are not normal are slow, and say nothing.
        (if e < f32::MIN_POSITIVE { 0.0 } else { e }, d)
    }

    /// e / x and d. Choices of values and not of ways, so that voxels go side by side through one register.
    #[inline(always)]
    pub fn ratio(self, q: f32, s: f32, least: f32) -> (f32, f32) {
        let d = if s < least { least } else { s };
        let ratio = (q + (d - s)) / d;
        let ratio = if ratio < self.left { self.left } else { ratio };
        let seen = least > 0.0;
        (if seen { ratio } else { 0.0 }, if seen { d } else { 0.0 })
    }

    /// Whether a ratio is one that ε holds up, and does not change with q.
    pub fn is_held(self, ratio: f32) -> bool {
        ratio <= self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_stays() {
        let em = EmStep::of(4);
        assert_eq!(em.at(3.0, 0.0, 0.0, 0.5), (3.0, 0.5));
        assert_eq!(em.at(3.0, 4.0, 2.0, 0.5), (6.0, 2.0));
        assert_eq!(em.at(3.0, 4.0, 2.0, 0.0), (0.0, 0.0));
        // A sliver that asks for a hundred times as much moves the voxel by its own weight, and one without counts
        // cannot empty it.
        assert_eq!(em.at(1.0, 1.0, 0.01, 1.0), (1.99, 1.0));
        assert!((em.at(1.0, 0.0, 0.01, 1.0).0 - 0.99).abs() < 1e-6);
    }

    #[test]
    fn one_of_several_subsets_leaves_a_rest() {
        let found = [1, 4].map(|subsets| EmStep::of(subsets).at(2.0, 0.0, 3.0, 0.5).0);
        assert_eq!(found, [0.0, 0.2]);
        assert_eq!(EmStep::of(4).at(2e-38, 0.0, 3.0, 0.5).0, 0.0);
    }
}
