//! Time of flight of a stretch of a line, exactly.
//!
//! An event at x (mm from the middle of the line, positive towards detector B) is seen at x + ε, ε Gaussian with
//! standard deviation σ, truncated at ±3σ and renormalised. With C its cumulative distribution and J = ∫ C, the share
//! of a stretch [x₀, x₁] that is seen below an edge e is ∫ C(e − x) dx = J(e − x₀) − J(e − x₁), and a bin gets the
//! difference of its two edges. With Φ, φ of the standard normal distribution and N = Φ(3) − Φ(−3), for |u| ≤ 3:
//!
//!   J(u) = (u Φ(u) + φ(u) − φ(3) + 3 Φ(−3) − Φ(−3)(u + 3)) / N,   J = 0 below, J(u) = u above.

use crate::scanner::TofBins;
use std::f64::consts::{PI, SQRT_2};

/// The kernel ends at CUT standard deviations; Φ(−3) and φ(3).
const CUT: f64 = 3.0;
const TAIL: f64 = 0.001_349_898_031_630_094_6;
const DENSITY: f64 = 0.004_431_848_411_938_007_5;

/// Shares stretches of lines among the TOF bins.
#[derive(Clone, Debug)]
pub(super) struct TimeKernel {
    edges: Vec<f64>,
    sigma: f64,
}

impl TimeKernel {
    pub fn new(bins: &TofBins) -> Self {
        let edges = (0..=bins.count).map(|n| bins.centre_mm(n) - 0.5 * bins.width_mm).collect();
        Self { edges, sigma: bins.sigma_mm }
    }

    /// Adds `value` · mm of the stretch from `start` to `end` to each bin; those outside of all bins are lost, as on a
    /// scanner.
    pub fn share(&self, start: f64, end: f64, value: f64, bins: &mut [f64]) {
        let reach = CUT * self.sigma;
        let first = self.edges.partition_point(|&edge| edge <= start - reach).saturating_sub(1);
        let mut below = self.below(self.edges[first], start, end);
        for (bin, &edge) in bins[first..].iter_mut().zip(&self.edges[first + 1..]) {
            let next = self.below(edge, start, end);
            *bin += value * (next - below);
            below = next;
            if edge >= end + reach {
                break;
            }
        }
    }

    fn below(&self, edge: f64, start: f64, end: f64) -> f64 {
        self.sigma * (integrated((edge - start) / self.sigma) - integrated((edge - end) / self.sigma))
    }
}

fn integrated(u: f64) -> f64 {
    if u <= -CUT {
        return 0.0;
    }
    if u >= CUT {
        return u;
    }
    let below = 0.5 * libm::erfc(-u / SQRT_2);
    let density = (-0.5 * u * u).exp() / (2.0 * PI).sqrt();
    (u * below + density - DENSITY + CUT * TAIL - TAIL * (u + CUT)) / (1.0 - 2.0 * TAIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_truncated_gaussian() {
        let bins = TofBins { count: 9, width_mm: 20.0, sigma_mm: 17.0 };
        let kernel = TimeKernel::new(&bins);
        let (start, end) = (-13.0, 31.0);
        let mut found = [0.0; 9];
        kernel.share(start, end, 2.0, &mut found);
        let steps = 20_000;
        let mut expected = [0.0; 9];
        let mut norm = 0.0;
        for n in 0..steps {
            let noise = ((n as f64 + 0.5) / steps as f64 - 0.5) * 6.0 * 17.0;
            let weight = (-0.5 * (noise / 17.0_f64).powi(2)).exp();
            norm += weight;
            for (bin, sum) in expected.iter_mut().enumerate() {
                let (low, high) = (bins.centre_mm(bin) - 10.0 - noise, bins.centre_mm(bin) + 10.0 - noise);
                *sum += 2.0 * weight * (high.min(end) - low.max(start)).max(0.0);
            }
        }
        for (found, sum) in found.iter().zip(expected) {
            assert!((found - sum / norm).abs() < 1e-5, "{found}, expected {}", sum / norm);
        }
        assert!((found.iter().sum::<f64>() - 2.0 * 44.0).abs() < 1e-9);
    }

    #[test]
    fn constants_are_those_of_the_normal_distribution() {
        assert!((TAIL - 0.5 * libm::erfc(CUT / SQRT_2)).abs() < 1e-16);
        assert!((DENSITY - (-0.5 * CUT * CUT).exp() / (2.0 * PI).sqrt()).abs() < 1e-16);
        assert!(integrated(-CUT + 1e-9).abs() < 1e-15 && (integrated(CUT - 1e-9) - CUT).abs() < 2e-9);
    }

    #[test]
    fn what_lies_outside_of_the_bins_is_lost() {
        let kernel = TimeKernel::new(&TofBins { count: 4, width_mm: 10.0, sigma_mm: 5.0 });
        for (start, end) in [(36.0, 50.0), (-60.0, -36.0)] {
            let mut bins = [0.0; 4];
            kernel.share(start, end, 1.0, &mut bins);
            assert_eq!(bins, [0.0; 4]);
        }
        let mut bins = [0.0; 4];
        kernel.share(-20.0, 60.0, 1.0, &mut bins);
        let lost = 5.0 * integrated(0.0);
        assert!((bins.iter().sum::<f64>() - (40.0 - lost)).abs() < 1e-9, "{bins:?}");
    }
}
