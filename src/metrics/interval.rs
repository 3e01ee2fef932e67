//! Means over realisations and how well they are known.
//!
//!   x̄ ± t(0.975, n − 1) · s / √n
//!
//! Student's t interval of 95 %: exact for normal values, however few. One realisation has none.

use serde::Serialize;

/// t(0.975, ν) for ν = 1 … 30 (Fisher & Yates, Statistical Tables).
const STUDENT: [f64; 30] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
    2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484,
    2.0452, 2.0423,
];
/// The same for ν → ∞.
const NORMAL: f64 = 1.959_964;

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

    /// Both ends of the interval.
    pub fn range(&self) -> Option<[f64; 2]> {
        Some([self.low?, self.high?])
    }
}

/// t(0.975, ν); beyond the table by the first terms of its expansion in 1/ν (Abramowitz & Stegun 26.7.5), to 1e-4.
fn student(freedom: usize) -> f64 {
    STUDENT.get(freedom - 1).copied().unwrap_or_else(|| {
        let (z, v) = (NORMAL, freedom as f64);
        z + (z.powi(3) + z) / (4.0 * v) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v * v)
    })
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

    #[test]
    fn the_expansion_joins_the_table() {
        assert!((student(31) - 2.0395).abs() < 2e-4 && (student(60) - 2.0003).abs() < 1e-4);
        assert!((student(1_000_000) - NORMAL).abs() < 1e-5);
    }
}
