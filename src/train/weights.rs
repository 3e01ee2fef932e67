//! Weights of a network as one list, as training sees them, and body by body, as files have them.

use crate::prior::network::{Architecture, Layer};
use crate::simulate::{Purpose, stream};
use rand_distr::{Distribution, StandardNormal};

/// First weights: normal with variance 2 / fan-in (He et al. 2015, arXiv 1502.01852), zero in the last layer of each
/// body, so that z = x at the start.
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

/// Weights for kernels that reach farther along z, and for a network that sees more companions: those of a smaller one,
/// zeros around and behind them, so that both networks do the same. `None` where the architectures differ in more than
/// that.
pub fn widened(from: &Architecture, bodies: &[Vec<Vec<f32>>], to: &Architecture) -> Option<Vec<f32>> {
    let flat = |layer: &Layer| Layer { kernel: [layer.kernel[0], layer.kernel[1], 1], inputs: 0, ..*layer };
    let fits = |(from, to): (&Layer, &Layer)| flat(from) == flat(to) && from.kernel[2] <= to.kernel[2];
    let more = to.companions.len().saturating_sub(from.companions.len());
    // New inputs come last.
    let same = from.layers.len() == to.layers.len()
        && from.noise == to.noise
        && from.anatomical == to.anatomical
        && to.companions.starts_with(&from.companions)
        && (more == 0 || !to.anatomical);
    if !same || bodies.len() != to.bodies() || !from.layers.iter().zip(&to.layers).all(fits) {
        return None;
    }
    let layers = bodies.iter().flat_map(|body| body.iter().zip(from.layers.iter().zip(&to.layers)));
    let wide = |(weights, (from, to)): (&Vec<f32>, (&Layer, &Layer))| {
        let longer = in_the_middle(weights, from.kernel[2], to.kernel[2]);
        with_inputs(&longer, longer.len() / from.outputs, to.weights() / to.outputs)
    };
    Some(layers.flat_map(wide).collect())
}

/// Weights of every output, with zeros behind.
fn with_inputs(weights: &[f32], few: usize, many: usize) -> Vec<f32> {
    let mut wide = vec![0.0; weights.len() / few * many];
    wide.chunks_exact_mut(many)
        .zip(weights.chunks_exact(few))
        .for_each(|(wide, few)| wide[..few.len()].copy_from_slice(few));
    wide
}

fn in_the_middle(weights: &[f32], short: usize, long: usize) -> Vec<f32> {
    let mut wide = vec![0.0; weights.len() / short * long];
    for (wide, weights) in wide.chunks_exact_mut(long).zip(weights.chunks_exact(short)) {
        wide[(long - short) / 2..][..short].copy_from_slice(weights);
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::network::Body;
    use coincide_kernels::{Level, zeros};

    #[test]
    fn a_widened_network_does_the_same() {
        let plain = |first, other| Architecture::plain(3, 5, first, other, false);
        let (from, to) = (plain([3, 3, 1], [3, 3, 1]), plain([3, 3, 5], [3, 3, 3]));
        let weights: Vec<f32> = (0..from.weights()).map(|n| (n as f32 * 0.7).sin() * 0.2).collect();
        let bodies = layered(&from, &weights);
        let wide = layered(&to, &widened(&from, &bodies, &to).unwrap());
        let shape = [6, 7, 8];
        let x: Vec<f32> = (0..336).map(|n| 1.0 + (n as f32 * 1.3).cos()).collect();
        let image = |architecture: &Architecture, weights: &[Vec<f32>]| {
            let mut z = zeros(x.len());
            Body::new(&architecture.layers, weights, shape).denoise(Level::best(), 1.0, &x, &[], &mut z);
            z
        };
        let (flat, wide) = (image(&from, &bodies[0]), image(&to, &wide[0]));
        assert!(flat.iter().zip(&wide).all(|(a, b)| (a - b).abs() < 1e-5));
        assert!(flat.iter().zip(&x).any(|(z, x)| (z - x).abs() > 0.05), "the network does something");
        assert!(widened(&to, &wide_list(&to), &from).is_none());
    }

    #[test]
    fn a_network_that_sees_more_does_the_same_at_first() {
        use crate::prior::network::Companion;
        let seeing = |companions: &[Companion]| {
            let mut seeing = Architecture::plain(3, 5, [3; 3], [3; 3], false);
            (seeing.companions, seeing.layers[0].inputs) = (companions.to_vec(), 1 + companions.len());
            seeing
        };
        let from = seeing(&[Companion::Weak]);
        let to = seeing(&[Companion::Weak, Companion::WeakByAnatomy]);
        let weights: Vec<f32> = (0..from.weights()).map(|n| (n as f32 * 0.7).sin() * 0.2).collect();
        let bodies = layered(&from, &weights);
        let wide = layered(&to, &widened(&from, &bodies, &to).unwrap());
        let image = |by: f32| -> Vec<f32> { (0..336).map(|n| 1.0 + (n as f32 * by).cos()).collect() };
        let (x, weak, averaged) = (image(1.3), image(0.9), image(0.3));
        let denoised = |architecture: &Architecture, weights: &[Vec<f32>], guides: &[&[f32]]| {
            let mut z = zeros(x.len());
            Body::new(&architecture.layers, weights, [6, 7, 8]).denoise(Level::best(), 1.0, &x, guides, &mut z);
            z
        };
        let (few, many) = (denoised(&from, &bodies[0], &[&weak]), denoised(&to, &wide[0], &[&weak, &averaged]));
        assert!(few.iter().zip(&many).all(|(a, b)| (a - b).abs() < 1e-5));
        let other = seeing(&[Companion::Osem, Companion::WeakByAnatomy]);
        assert!(widened(&from, &bodies, &other).is_none(), "another companion in the first place");
        assert!(widened(&to, &wide_list(&to), &from).is_none(), "fewer");
    }

    fn wide_list(architecture: &Architecture) -> Vec<Vec<Vec<f32>>> {
        layered(architecture, &vec![0.0; architecture.weights()])
    }
}
