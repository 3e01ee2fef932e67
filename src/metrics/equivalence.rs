//! Photon equivalence: how many counts a yardstick needs for the figure that a method reaches.
//!
//! The yardstick's figure f(N) is known at some numbers of counts; between them it is linear in ln N. The answer is the
//! smallest N from which on f is at least as good as the method's figure.

use serde::Serialize;

/// The counts that a yardstick needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Equivalent {
    /// Fewer than the smallest number that it was tried with.
    FewerThan(f64),
    /// So many.
    At(f64),
    /// More than the largest number that it was tried with.
    MoreThan(f64),
}

impl Equivalent {
    /// The number, or the bound.
    pub fn counts(self) -> f64 {
        match self {
            Self::FewerThan(counts) | Self::At(counts) | Self::MoreThan(counts) => counts,
        }
    }
}

/// The counts at which the curve `(N, f(N))` reaches a value; `None` without any point. `larger_is_better`: of the
/// figure.
pub fn equivalent_counts(curve: &[(f64, f64)], value: f64, larger_is_better: bool) -> Option<Equivalent> {
    let mut curve: Vec<(f64, f64)> = curve.iter().copied().filter(|(n, f)| *n > 0.0 && f.is_finite()).collect();
    curve.sort_by(|a, b| b.0.total_cmp(&a.0));
    let lead = |f: f64| if larger_is_better { f - value } else { value - f };
    let (most, best) = *curve.first()?;
    if lead(best) < 0.0 {
        return Some(Equivalent::MoreThan(most));
    }
    for pair in curve.windows(2) {
        let [(above, good), (below, bad)] = [pair[0], pair[1]];
        if lead(bad) < 0.0 {
            let share = lead(good) / (lead(good) - lead(bad));
            return Some(Equivalent::At((above.ln() + share * (below.ln() - above.ln())).exp()));
        }
    }
    curve.last().map(|(fewest, _)| Equivalent::FewerThan(*fewest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_the_points_and_beyond_them() {
        let curve = [(1e6, 0.2), (1e4, 0.4), (1e5, 0.3)];
        let at = |value| equivalent_counts(&curve, value, false).unwrap();
        let Equivalent::At(counts) = at(0.25) else { panic!("{:?}", at(0.25)) };
        assert!((counts / 10_f64.powf(5.5) - 1.0).abs() < 1e-9);
        assert_eq!((at(0.19), at(0.5)), (Equivalent::MoreThan(1e6), Equivalent::FewerThan(1e4)));
        assert_eq!(equivalent_counts(&[], 0.3, false), None);
        // Where a curve turns back, what counts is the last time that it becomes good enough.
        let turning = [(1e4, 0.9), (1e5, 0.5), (1e6, 1.0)];
        let Some(Equivalent::At(counts)) = equivalent_counts(&turning, 0.75, true) else { panic!() };
        assert!((counts / 10_f64.powf(5.5) - 1.0).abs() < 1e-9);
    }
}
