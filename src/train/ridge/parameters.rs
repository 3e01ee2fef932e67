//! θ as one list of numbers: filters, slopes, ln λ of every noise level.

use super::RidgeTrainConfig;
use crate::prior::RidgeModel;
use std::f64::consts::PI;

/// λ at first, over the noise's variance.
const FIRST_WEIGHT: f64 = 200.0;

/// Where the slope of a function has fallen to a half at first.
const FIRST_KNEE: f64 = 0.05;

/// The parameters and how to read them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    kernel: [usize; 3],
    filters: usize,
    knots: Vec<f32>,
    pub values: Vec<f64>,
}

impl Parameters {
    /// The first filters are cosines of rising frequency, all with one σ.
    pub fn first(config: &RidgeTrainConfig) -> Self {
        let cosines = cosines(config.kernel, config.filters);
        let slopes = config.knots.iter().map(|&knot| FIRST_KNEE / (FIRST_KNEE + f64::from(knot)));
        let slopes: Vec<f64> = slopes.collect();
        let slopes = (0..config.filters).flat_map(|_| slopes.iter().copied());
        let weights = config.noise.iter().map(|sigma| (FIRST_WEIGHT * sigma * sigma).ln());
        let values = cosines.into_iter().chain(slopes).chain(weights).collect();
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

/// The products of cosines of lowest frequency but the constant, so scaled that the bank has a norm around 1.
fn cosines(kernel: [usize; 3], filters: usize) -> Vec<f64> {
    let [kx, ky, kz] = kernel;
    let taps = kx * ky * kz;
    let place = |n: usize| [n / (ky * kz), n / kz % ky, n % kz];
    let square =
        |n: &usize| (0..3).map(|a| (place(*n)[a] * place(*n)[a]) as f64 / (kernel[a] * kernel[a]) as f64).sum::<f64>();
    let mut orders: Vec<usize> = (1..taps).collect();
    orders.sort_by(|a, b| square(a).total_cmp(&square(b)));
    let wave = |order: usize, tap: usize| {
        let factor = |a: usize| (PI * place(order)[a] as f64 * (place(tap)[a] as f64 + 0.5) / kernel[a] as f64).cos();
        2.0 * factor(0) * factor(1) * factor(2) / taps as f64
    };
    // More filters than cosines: the same again, the other way round.
    let sign = |n: usize| if n < orders.len() { 1.0 } else { -0.5 };
    (0..filters)
        .flat_map(|n| (0..taps).map(move |tap| (n, tap)))
        .map(|(n, tap)| sign(n) * wave(orders[n % orders.len()], tap))
        .collect()
}
