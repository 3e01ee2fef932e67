//! Singles as a product of factors from coarse to fine, each level refined against fan sums.

use super::fans::Fans;

/// Factors of all levels.
pub(super) struct Model<'a> {
    fans: &'a Fans<'a>,
    levels: Vec<Level>,
}

/// Crystals that share a factor.
struct Level {
    /// Group of each crystal `[crystal, ring]`.
    group: Vec<usize>,
    /// Factor of each group.
    factors: Vec<f64>,
    /// Whether the factors are shrunk towards 1.
    shrunk: bool,
}

impl<'a> Model<'a> {
    /// All factors 1: one value for all crystals (the ring factors carry the scale).
    pub fn new(fans: &'a Fans<'a>) -> Self {
        let scanner = &fans.geometry.scanner;
        let (rings, crystals, per_block) = (fans.rings, scanner.crystals_per_ring, scanner.crystals_per_block);
        let level = |group: &dyn Fn(usize) -> usize, groups, shrunk| Level {
            group: (0..fans.len()).map(group).collect(),
            factors: vec![1.0; groups],
            shrunk,
        };
        let mut levels = vec![level(&|i| i % rings, rings, false)];
        let blocks = per_block > 1 && crystals.is_multiple_of(per_block);
        if blocks {
            levels.push(level(&|i| i / rings / per_block, crystals / per_block, false));
            levels.push(level(&|i| i / rings % per_block, per_block, false));
        }
        levels.push(level(&|i| i / rings, crystals, blocks));
        levels.push(level(&|i| i, fans.len(), true));
        Self { fans, levels }
    }

    /// Singles `[crystal, ring]`.
    pub fn singles(&self) -> Vec<f64> {
        let product = |i: usize| self.levels.iter().map(|level| level.factors[level.group[i]]).product();
        (0..self.fans.len()).map(product).collect()
    }

    /// Steps all levels, coarse ones first, towards s = F / Σ s_j for measured fan sums F.
    pub fn refine(&mut self, measured: &[f64], passes: usize) {
        for level in 0..self.levels.len() {
            for _ in 0..passes {
                let singles = self.singles();
                let partners = self.fans.partners(&singles);
                self.levels[level].step(measured, &singles, &partners);
            }
        }
    }
}

impl Level {
    /// One step of the factors: half the way in the logarithm, since the singles of all partners change as well.
    fn step(&mut self, measured: &[f64], singles: &[f64], partners: &[f64]) {
        let (mut counts, mut expected) = (vec![0.0; self.factors.len()], vec![0.0; self.factors.len()]);
        for (i, &group) in self.group.iter().enumerate() {
            counts[group] += measured[i];
            expected[group] += singles[i] * partners[i];
        }
        // What the other levels alone expect.
        let rest = expected.iter().zip(&self.factors).map(|(e, f)| if *f > 0.0 { e / f } else { 0.0 });
        let rest: Vec<f64> = rest.collect();
        let prior = if self.shrunk { prior_counts(&counts, &rest) } else { Some(0.0) };
        for ((factor, &count), &rest) in self.factors.iter_mut().zip(&counts).zip(&rest) {
            let target = match prior {
                Some(k) if rest + k > 0.0 => (count + k) / (rest + k),
                Some(_) => 0.0,
                None => 1.0,
            };
            *factor = (*factor * target).sqrt();
        }
    }
}

/// k = 1/variance of the true factors around 1, by moments: E (F − μ)² − F = μ² / k. `None` where Poisson noise
/// explains all.
fn prior_counts(counts: &[f64], expected: &[f64]) -> Option<f64> {
    let excess: f64 = counts.iter().zip(expected).map(|(count, mean)| (count - mean).powi(2) - count).sum();
    let squares: f64 = expected.iter().map(|mean| mean * mean).sum();
    (excess > 0.0).then(|| squares / excess)
}
