//! Weights of a network as one list, as training sees them, and body by body, as files have them.

use crate::prior::network::Architecture;
use crate::simulate::{Purpose, stream};
use rand_distr::{Distribution, StandardNormal};

/// First weights: normal with variance 2 / fan-in (He et al. 2015, arXiv 1502.01852), zero in the last layer of each body, so that
/// z = x at the start.
pub fn first_weights(architecture: &Architecture, seed: u64) -> Vec<f32> {
    let mut random = stream(seed, Purpose::Weights, 0);
    let mut weights = Vec::with_capacity(architecture.weights());
    for _ in 0..architecture.bodies() {
        for (place, layer) in architecture.layers.iter().enumerate() {
            let fan_in = layer.weights() / layer.outputs;
            let last = place + 1 == architecture.layers.len();
            let deviation = if last { 0.0 } else { (2.0 / fan_in as f64).sqrt() };
            weights.extend((0..layer.weights()).map(|_| {
                let normal: f64 = StandardNormal.sample(&mut random);
                (deviation * normal) as f32
            }));
        }
    }
    weights
}

/// `[body][layer]` of a list.
pub fn layered(architecture: &Architecture, weights: &[f32]) -> Vec<Vec<Vec<f32>>> {
    assert_eq!(weights.len(), architecture.weights(), "weights of another architecture");
    let mut rest = weights;
    let mut take = |count: usize| {
        let (first, others) = rest.split_at(count);
        rest = others;
        first.to_vec()
    };
    (0..architecture.bodies())
        .map(|_| architecture.layers.iter().map(|layer| take(layer.weights())).collect())
        .collect()
}

/// The list of `[body][layer]`.
pub fn flat(bodies: &[Vec<Vec<f32>>]) -> Vec<f32> {
    bodies.iter().flatten().flatten().copied().collect()
}
