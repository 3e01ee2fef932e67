//! EM's step on one subset, which may hardly see a voxel.
//!
//!   e = x ⊙ (q + d − sₖ) / d,   q = Bᵀ Gₖᵀ \[m ⊙ y / ȳ\],   d = max(sₖ, α s / K)
//!
//! Where a subset sees its share s / K of a voxel, or α of it, d is sₖ and this is OSEM's x q / sₖ. Below, what sₖ lacks of d counts as lines that
//! confirm x: a voxel that the subset does not see stays as it is, and the few lines that graze one cannot set its value alone. The step is
//! a rescaled one (Byrne 1998, IEEE TIP 7(1), 100–109) of the subset's gradient, x + x ∇Lₖ / d; so images that all subsets leave as they are
//! are those that OSEM leaves as they are.

/// α
pub(crate) const LEAST_SHARE: f32 = 0.5;

/// α s / K, voxel by voxel; 0 outside of `inside`.
pub(crate) fn least_sensitivity(mut total: Vec<f32>, subsets: usize, inside: &[bool]) -> Vec<f32> {
    let share = LEAST_SHARE / subsets as f32;
    total.iter_mut().zip(inside).for_each(|(s, inside)| *s = if *inside { *s * share } else { 0.0 });
    total
}

/// e and d of a voxel from x, q, sₖ and α s / K; 0 and 0 where nothing is seen.
#[inline(always)]
pub(crate) fn em(x: f32, q: f32, s: f32, least: f32) -> (f32, f32) {
    if least > 0.0 {
        let d = s.max(least);
        (x * ((q + (d - s)) / d), d)
    } else {
        (0.0, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_stays() {
        assert_eq!(em(3.0, 0.0, 0.0, 0.5), (3.0, 0.5));
        assert_eq!(em(3.0, 4.0, 2.0, 0.5), (6.0, 2.0));
        assert_eq!(em(3.0, 4.0, 2.0, 0.0), (0.0, 0.0));
        // A sliver that asks for a hundred times as much moves the voxel by its own weight, and one without counts cannot empty it.
        assert_eq!(em(1.0, 1.0, 0.01, 1.0), (1.99, 1.0));
        assert!((em(1.0, 0.0, 0.01, 1.0).0 - 0.99).abs() < 1e-6);
    }
}
