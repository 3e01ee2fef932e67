//! Means over realisations and how well they are known.
//!
//!   x̄ ± t(0.975, n − 1) · s / √n
//!
//! Student's t interval of 95 %: exact for normal values, however few. One realisation has none.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean over realisations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// x̄
    pub mean: f64,
    /// s, with n − 1; `None` for one value.
    pub sd: Option<f64>,
    /// Low end of the interval; `None` for one value.
    pub low: Option<f64>,
    /// High end of the interval; `None` for one value.
    pub high: Option<f64>,
    /// n
    pub count: usize,
}

impl Estimate {
    /// The mean of values; NaN without any.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        if count < 2 {
            return Self { mean, sd: None, low: None, high: None, count };
        }
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (squares / (count - 1) as f64).sqrt();
        let half = student(count - 1) * sd / (count as f64).sqrt();
        Self { mean, sd: Some(sd), low: Some(mean - half), high: Some(mean + half), count }
    }

    /// The ratio r = x̄ / ȳ of two means over the same realisations, with Student's interval of its residuals,
    /// (x − r y) / ȳ (Cochran 1977, Sampling Techniques, 6.4): what all realisations do to both cancels.
    pub fn of_ratio(values: &[f64], others: &[f64]) -> Self {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (ratio, below) = (mean(values) / mean(others), mean(others));
        let residual = |(value, other): (&f64, &f64)| ratio + (value - ratio * other) / below;
        // The residuals' mean is zero: what is left is r.
        Self::of(&values.iter().zip(others).map(residual).collect::<Vec<_>>())
    }

    /// Both ends of the interval.
    pub fn range(&self) -> Option<[f64; 2]> {
        Some([self.low?, self.high?])
    }
}

/// t(0.975, ν)
fn student(freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom as f64).expect("at least one degree of freedom").inverse_cdf(0.975)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_by_hand() {
        let one = Estimate::of(&[3.0]);
        assert_eq!((one.mean, one.range(), one.count), (3.0, None, 1));
        // s = 1, t(0.975, 2) = 4.3027: 2 ± 4.3027 / √3
        let three = Estimate::of(&[1.0, 2.0, 3.0]);
        assert_eq!((three.mean, three.sd), (2.0, Some(1.0)));
        assert!((three.high.unwrap() - 4.4841).abs() < 1e-4 && (three.low.unwrap() + 0.4841).abs() < 1e-4);
    }

    /// Against the spread of the ratio in many samples of correlated values.
    #[test]
    fn a_ratio_s_interval_is_as_wide_as_ratios_spread() {
        use rand::SeedableRng;
        use rand_distr::{Distribution, Normal};
        let (mut random, normal) = (rand_pcg::Pcg64::seed_from_u64(5), Normal::new(0.0, 1.0).unwrap());
        let mut sample = || {
            let both: Vec<[f64; 2]> = (0..12)
                .map(|_| {
                    let [common, own]: [f64; 2] = [(); 2].map(|()| normal.sample(&mut random));
                    [0.9 + 0.2 * common + 0.02 * own, 1.0 + 0.22 * common]
                })
                .collect();
            let [own, other] = [0, 1].map(|side| both.iter().map(|pair| pair[side]).collect::<Vec<_>>());
            (Estimate::of_ratio(&own, &other), Estimate::of(&own))
        };
        let all: Vec<_> = (0..4000).map(|_| sample()).collect();
        let inside = all.iter().filter(|(ratio, _)| ratio.range().is_some_and(|[low, high]| low < 0.9 && 0.9 < high));
        let share = inside.count() as f64 / all.len() as f64;
        assert!((share - 0.95).abs() < 0.02, "{share}");
        let width = |estimate: &Estimate| estimate.high.unwrap() - estimate.mean;
        let narrower = all.iter().map(|(ratio, own)| width(ratio) / width(own)).sum::<f64>() / all.len() as f64;
        assert!(narrower < 0.3, "pairs: {narrower}");
    }

    /// Fisher & Yates, Statistical Tables.
    #[test]
    fn quantiles_are_the_tabulated_ones() {
        for (freedom, t) in [(1, 12.7062), (2, 4.3027), (10, 2.2281), (30, 2.0423), (60, 2.0003), (1000, 1.9623)] {
            assert!((student(freedom) - t).abs() < 5e-5, "{freedom}: {}", student(freedom));
        }
    }
}
