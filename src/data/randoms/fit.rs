//! Singles from fan sums, level by level from coarse to fine.

use super::fans::Fans;

/// Passes over the coarse levels, which depend on each other.
const PASSES: usize = 3;
/// Steps towards s = F / Σ s of one level. A step is the square root of the ratio, since all partners change with it.
const STEPS: usize = 10;

/// Crystals that share a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Ring,
    Block,
    PositionInBlock,
    TransaxialCrystal,
    Crystal,
}

/// Singles `[crystal, ring]` of measured fan sums.
pub(super) fn singles(fans: &Fans, measured: &[f64]) -> Vec<f64> {
    let per_block = fans.geometry.scanner.crystals_per_block;
    let blocks = per_block > 1 && fans.geometry.scanner.crystals_per_ring % per_block == 0;
    let coarse: &[Level] = if blocks {
        &[Level::Ring, Level::Block, Level::PositionInBlock]
    } else {
        &[Level::Ring, Level::TransaxialCrystal]
    };
    let mut singles = flat(fans, measured);
    for level in coarse.repeat(PASSES) {
        refine(fans, measured, &mut singles, level, false);
    }
    if blocks {
        refine(fans, measured, &mut singles, Level::TransaxialCrystal, true);
    }
    refine(fans, measured, &mut singles, Level::Crystal, true);
    singles
}

/// The same singles everywhere, with the measured total.
fn flat(fans: &Fans, measured: &[f64]) -> Vec<f64> {
    let pairs: f64 = fans.partners(&vec![1.0; fans.len()]).iter().sum();
    let total: f64 = measured.iter().sum();
    vec![if pairs > 0.0 { (total / pairs).sqrt() } else { 0.0 }; fans.len()]
}

/// Multiplies `singles` by one factor per group of crystals of a level.
fn refine(fans: &Fans, measured: &[f64], singles: &mut Vec<f64>, level: Level, shrink: bool) {
    let group = level.groups(fans);
    let groups = group.iter().max().map_or(0, |last| last + 1);
    let sums = |of: &dyn Fn(usize) -> f64| {
        let mut sums = vec![0.0; groups];
        group.iter().enumerate().for_each(|(i, &g)| sums[g] += of(i));
        sums
    };
    let counts = sums(&|i| measured[i]);
    let coarse = singles.clone();
    let mut factors = vec![1.0; groups];
    let mut prior = 0.0;
    for step in 0..STEPS {
        let partners = fans.partners(singles);
        let expected = sums(&|i| coarse[i] * partners[i]);
        if shrink && step == 0 {
            match prior_counts(&counts, &expected) {
                Some(k) => prior = k,
                None => return, // the coarse level explains all
            }
        }
        for (factor, (&count, &expected)) in factors.iter_mut().zip(counts.iter().zip(&expected)) {
            let target = if expected > 0.0 { (count + prior) / (expected + prior) } else { 0.0 };
            *factor = (*factor * target).sqrt();
        }
        *singles = coarse.iter().zip(&group).map(|(s, &g)| s * factors[g]).collect();
    }
}

/// k = 1/variance of the true factors around 1, by moments: E (F − μ)² − F = μ² / k. `None` where Poisson noise explains all.
fn prior_counts(counts: &[f64], expected: &[f64]) -> Option<f64> {
    let excess: f64 = counts.iter().zip(expected).map(|(count, mean)| (count - mean).powi(2) - count).sum();
    let squares: f64 = expected.iter().map(|mean| mean * mean).sum();
    (excess > 0.0).then(|| squares / excess)
}

impl Level {
    /// Group of each crystal `[crystal, ring]`.
    fn groups(self, fans: &Fans) -> Vec<usize> {
        let per_block = fans.geometry.scanner.crystals_per_block.max(1);
        (0..fans.len())
            .map(|i| match self {
                Self::Ring => i % fans.rings,
                Self::Block => i / fans.rings / per_block,
                Self::PositionInBlock => i / fans.rings % per_block,
                Self::TransaxialCrystal => i / fans.rings,
                Self::Crystal => i,
            })
            .collect()
    }
}
