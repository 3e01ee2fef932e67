//! θ as one list of numbers: filters, slopes, ln λ of every noise level.

use super::RidgeTrainConfig;
use crate::prior::RidgeModel;

/// λ at first, over the noise's variance.
const FIRST_WEIGHT: f64 = 100.0;

/// Rate of the filters' taps over that of slopes.
const FILTER_RATE: f64 = 0.02;

/// Rate of ln λ over that of slopes.
const WEIGHT_RATE: f64 = 3.0;

/// Where the slope of a function has fallen to a half at first.
const FIRST_KNEE: f64 = 0.02;

/// The parameters and how to read them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    kernel: [usize; 3],
    filters: usize,
    knots: Vec<f32>,
    pub values: Vec<f64>,
}

impl Parameters {
    /// The first filters are differences of neighbours, all with one σ.
    pub fn first(config: &RidgeTrainConfig) -> Self {
        let differences = differences(config.kernel, config.filters);
        let slopes = config.knots.iter().map(|&knot| FIRST_KNEE / (FIRST_KNEE + f64::from(knot)));
        let slopes: Vec<f64> = slopes.collect();
        let slopes = (0..config.filters).flat_map(|_| slopes.iter().copied());
        let weights = config.noise.iter().map(|sigma| (FIRST_WEIGHT * sigma * sigma).ln());
        let values = differences.into_iter().chain(slopes).chain(weights).collect();
        Self { kernel: config.kernel, filters: config.filters, knots: config.knots.clone(), values }
    }

    /// Where the slopes start.
    fn slopes(&self) -> usize {
        self.filters * self.kernel.iter().product::<usize>()
    }

    /// Where the weights start.
    pub fn weights(&self) -> usize {
        self.slopes() + self.filters * self.knots.len()
    }

    /// How far a step may move each parameter, for slopes of 1: the taps of a filter are small, ln λ is not known well.
    pub fn rates(&self) -> Vec<f64> {
        let rate = |place: usize| match place {
            _ if place < self.slopes() => FILTER_RATE,
            _ if place < self.weights() => 1.0,
            _ => WEIGHT_RATE,
        };
        (0..self.values.len()).map(rate).collect()
    }

    /// λ of a noise level.
    pub fn weight(&self, level: usize) -> f64 {
        self.values[self.weights() + level].exp()
    }

    /// The regulariser.
    pub fn model(&self) -> RidgeModel {
        let part = |from: usize, to: usize| self.values[from..to].iter().map(|&value| value as f32).collect();
        let (filters, slopes) = (part(0, self.slopes()), part(self.slopes(), self.weights()));
        RidgeModel { kernel: self.kernel, filters, knots: self.knots.clone(), slopes }
    }

    /// Takes the slopes back into their range.
    pub fn confine(&mut self, least_slope: f64) {
        let range = self.slopes()..self.weights();
        self.values[range].iter_mut().for_each(|slope| *slope = slope.clamp(least_slope, 1.0));
    }
}

/// Differences of the middle voxel and its nearest ones, so scaled that the bank has a norm of at most 1: with one
/// function for all, a prior on pairs of neighbours. There is no frequency that they do not see.
fn differences(kernel: [usize; 3], filters: usize) -> Vec<f64> {
    let [kx, ky, kz] = kernel;
    let (taps, middle) = (kx * ky * kz, ((kx / 2) * ky + ky / 2) * kz + kz / 2);
    let place = |n: usize| [n / (ky * kz), n / kz % ky, n % kz];
    let square = |n: usize| (0..3).map(|a| place(n)[a].abs_diff(place(middle)[a]).pow(2)).sum::<usize>();
    // One of every two opposite neighbours; then, where more filters are asked for, the others too.
    let mut neighbours: Vec<usize> = (middle + 1..taps).collect();
    neighbours.sort_by_key(|&n| square(n));
    neighbours.extend((0..middle).rev());
    let size = 0.5 / (filters as f64).sqrt();
    let filter = |n: usize| {
        let mut filter = vec![0.0; taps];
        (filter[middle], filter[neighbours[n % neighbours.len()]]) = (size, -size);
        filter
    };
    (0..filters).flat_map(filter).collect()
}
