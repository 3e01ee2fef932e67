//! Bin by bin: the mean, its quotient with the counts, and the log-likelihood.

/// Means below this are 0 where they are divided by: the quotient, and sums of it, must stay finite in single
/// precision.
const ALMOST_ZERO: f32 = 1e-25;

/// The bins of one transaxial line: factors for all TOF bins, counts and background for each, `[tof, plane]`.
#[derive(Clone, Copy)]
pub struct Bins<'a> {
    /// Measured counts y.
    pub counts: &'a [f32],
    /// Factors m of the planes; `None` is 1.
    pub factors: Option<&'a [f32]>,
    /// Background b; `None` is 0.
    pub background: Option<&'a [f32]>,
}

impl Bins<'_> {
    /// y, m and b of one bin of the line.
    #[inline(always)]
    pub(super) fn at(&self, bin: usize, planes: usize) -> (f32, f32, f32) {
        let m = self.factors.map_or(1.0, |m| m[bin % planes]);
        (self.counts[bin], m, self.background.map_or(0.0, |b| b[bin]))
    }

    /// Calls `visit(line integral, y, m, b)` for every bin.
    #[inline(always)]
    fn each(&self, planes: usize, integrals: &mut [f32], mut visit: impl FnMut(&mut f32, f32, f32, f32)) {
        for (tof, integrals) in integrals.chunks_mut(planes).enumerate() {
            let counts = &self.counts[tof * planes..][..planes];
            let background = self.background.map(|b| &b[tof * planes..][..planes]);
            match (self.factors, background) {
                (Some(m), Some(b)) => {
                    for (((integral, &y), &m), &b) in integrals.iter_mut().zip(counts).zip(m).zip(b) {
                        visit(integral, y, m, b);
                    }
                }
                (m, b) => {
                    for (p, (integral, &y)) in integrals.iter_mut().zip(counts).enumerate() {
                        visit(integral, y, m.map_or(1.0, |m| m[p]), b.map_or(0.0, |b| b[p]));
                    }
                }
            }
        }
    }
}

/// Replaces the line integrals G B x by m ⊙ y / ȳ with ȳ = m ⊙ G B x + b; 0 where ȳ is 0.
pub fn quotient(bins: Bins, planes: usize, integrals: &mut [f32]) {
    bins.each(planes, integrals, |value, y, m, b| {
        let mean = m * *value + b;
        *value = if mean > 0.0 { m * y / mean } else { 0.0 };
    });
}

/// y ln ȳ − ȳ with ȳ = m (G B x) + b, in double precision so that a small ȳ is not taken for 0. −∞ where ȳ = 0 < y: an
/// image that makes a counted bin impossible is no candidate.
#[inline(always)]
pub(super) fn term(integral: f32, y: f32, m: f32, b: f32) -> f64 {
    let mean = f64::from(m) * f64::from(integral) + f64::from(b);
    match (mean > 0.0, y > 0.0) {
        (true, _) => f64::from(y) * mean.ln() - mean,
        (false, true) => f64::NEG_INFINITY,
        (false, false) => 0.0,
    }
}

/// Σ y ln ȳ − ȳ over the bins, from their line integrals G B x; −∞ where some ȳ = 0 < y.
pub fn log_likelihood(bins: Bins, planes: usize, integrals: &mut [f32]) -> f64 {
    let mut sum = 0.0;
    bins.each(planes, integrals, |value, y, m, b| sum += term(*value, y, m, b));
    sum
}

/// Replaces the line integrals G B x by m (y / ȳ − 1); returns Σ y ln ȳ − ȳ. Where ȳ is 0 it counts as `least` in the
/// quotient, so that the gradient of a counted bin points to where L is finite.
pub fn residual(bins: Bins, planes: usize, least: f32, integrals: &mut [f32]) -> f64 {
    let mut sum = 0.0;
    bins.each(planes, integrals, |value, y, m, b| {
        let mean = m * *value + b;
        let mean = if mean > ALMOST_ZERO { mean } else { least };
        sum += term(*value, y, m, b);
        *value = m * ((y - mean) / mean);
    });
    sum
}

/// Replaces the line integrals G B x by m² y / ȳ², the curvature of −L along each line; 0 where ȳ is 0.
pub fn weight(bins: Bins, planes: usize, integrals: &mut [f32]) {
    bins.each(planes, integrals, |value, y, m, b| {
        let mean = m * *value + b;
        let ratio = if mean > 0.0 { m / mean } else { 0.0 };
        *value = ratio * ratio * y;
    });
}

/// Replaces the line integrals G B x by ȳ = m ⊙ G B x + b.
pub fn mean(bins: Bins, planes: usize, integrals: &mut [f32]) {
    bins.each(planes, integrals, |value, _, m, b| *value = m * *value + b);
}

/// Replaces the line integrals G B x by m² / v with v = max(ȳ, `least`).
pub fn information_of(bins: Bins, planes: usize, least: f32, integrals: &mut [f32]) {
    bins.each(planes, integrals, |value, _, m, b| *value = m * (m / (m * *value + b).max(least)));
}

/// Replaces the line integrals G B x by m (y − ȳ) / v with v = max(ȳ, `least`).
pub fn score_of(bins: Bins, planes: usize, least: f32, integrals: &mut [f32]) {
    bins.each(planes, integrals, |value, y, m, b| {
        let mean = m * *value + b;
        *value = m * ((y - mean) / mean.max(least));
    });
}
