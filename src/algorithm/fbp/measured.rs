//! How much of each plane was measured: virtual rings leave whole planes empty, virtual crystals some lines of all of
//! them.

use super::pairs::Pair;
use crate::data::Measurement;
use rayon::prelude::*;

/// Share of the lines of each plane that were measured (m ≠ 0), planes counted over all segments.
pub(super) struct Measured {
    shares: Vec<f32>,
}

impl Measured {
    pub fn of(measurement: &Measurement) -> Self {
        let [views, radial_bins, _, planes] = measurement.geometry.shape();
        let Some(factors) = &measurement.factors else { return Self { shares: vec![1.0; planes] } };
        let count = |mut lines: Vec<u32>, factors: &[f32]| {
            lines.iter_mut().zip(factors).for_each(|(lines, m)| *lines += u32::from(*m != 0.0));
            lines
        };
        let sum = |mut a: Vec<u32>, b: Vec<u32>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let zero = || vec![0; planes];
        let lines = factors.par_chunks(planes).fold(zero, count).reduce(zero, sum);
        let all = (views * radial_bins) as f32;
        Self { shares: lines.into_iter().map(|lines| lines as f32 / all).collect() }
    }

    /// Weight of each plane of a pair: its ring pairs times the share that was measured; 0 where nothing was.
    pub fn weights(&self, pair: &Pair) -> Vec<f32> {
        let share = |plane: usize| 0.5 * pair.first.iter().map(|first| self.shares[first + plane]).sum::<f32>();
        pair.planes.iter().enumerate().map(|(n, plane)| plane.ring_pairs as f32 * share(n)).collect()
    }
}
