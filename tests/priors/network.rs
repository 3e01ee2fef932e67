//! Networks: against PyTorch, against the definition, and what they must keep: scale, place, bits.

use coincide::prior::network::{Architecture, Body, Layer, Model, unit_range};
use coincide_kernels::Level;
use coincide_kernels::convolution::convolve;
use serde::Deserialize;
use std::path::Path;

/// Numbers in −1..1 that are the same everywhere.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// An image of activities from 0 to 15.
fn image(shape: [usize; 3], seed: u32) -> Vec<f32> {
    noise(shape.iter().product(), seed).iter().map(|value| 7.5 * (1.0 + value)).collect()
}

/// Layer i of noise with seed i + 1, scaled so that the variance of the channels stays.
fn weights(layers: &[Layer]) -> Vec<Vec<f32>> {
    let of_layer = |(i, layer): (usize, &Layer)| {
        let fan: usize = layer.inputs * layer.kernel.iter().product::<usize>();
        let factor = (3.0 / fan as f64).sqrt() as f32;
        noise(layer.weights(), i as u32 + 1).iter().map(|value| factor * value).collect()
    };
    layers.iter().enumerate().map(of_layer).collect()
}

fn denoised(layers: &[Layer], shape: [usize; 3], scale: f32, x: &[f32], anatomy: Option<&[f32]>) -> Vec<f32> {
    at_level(Level::best(), layers, shape, scale, x, anatomy)
}

fn at_level(
    level: Level,
    layers: &[Layer],
    shape: [usize; 3],
    scale: f32,
    x: &[f32],
    anatomy: Option<&[f32]>,
) -> Vec<f32> {
    let mut out = vec![f32::NAN; x.len()];
    Body::new(layers, &weights(layers), shape).denoise(level, scale, x, anatomy.as_slice(), &mut out);
    out
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn largest(a: &[f32]) -> f32 {
    a.iter().fold(0.0, |most, value| most.max(value.abs()))
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    shape: [usize; 3],
    scale: f32,
    guided: bool,
    layers: Vec<Layer>,
    z: Vec<f32>,
}

/// `tests/priors/network/golden.py` wrote them with PyTorch 2.11.0: weights and images are those of `weights` and
/// `image` here, the anatomical image is `image` with seed 12, from 0 to 1.
fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("network/golden.json")).unwrap()
}

#[test]
fn networks_are_those_of_pytorch() {
    assert!(golden().iter().filter(|case| case.z.contains(&0.0)).count() >= 3, "both sides of the last ReLU");
    for case in golden() {
        let x = image(case.shape, 11);
        let anatomy = case.guided.then(|| unit_range(&image(case.shape, 12)));
        for level in Level::available() {
            let found = at_level(level, &case.layers, case.shape, case.scale, &x, anatomy.as_deref());
            let error = worst(&found, &case.z) / largest(&case.z);
            println!("{}, {}: {error:.1e} of the largest value", case.name, level.name());
            assert!(error <= 1e-6, "{} {level:?}: {error}", case.name);
        }
    }
}

/// The file that PyTorch's own safetensors library wrote.
#[test]
fn a_file_of_pytorch_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/priors/network/torch.safetensors");
    let model = Model::read(&path).unwrap();
    let case = golden().pop().unwrap();
    assert_eq!(model.card.architecture.layers, case.layers);
    assert_eq!(model.weights.gamma, [0.05]);
    assert!(worst(&model.weights.bodies[0].concat(), &weights(&case.layers).concat()) < 1e-7);
}

/// The definition, layer by layer on whole volumes.
fn defined(layers: &[Layer], shape: [usize; 3], scale: f32, x: &[f32], anatomy: Option<&[f32]>) -> Vec<f32> {
    let voxels = x.len();
    let mut values: Vec<f32> =
        (0..voxels).flat_map(|j| std::iter::once(x[j] / scale).chain(anatomy.map(|anatomy| anatomy[j]))).collect();
    for (i, (layer, weights)) in layers.iter().zip(weights(layers)).enumerate() {
        let mut out = vec![0.0; voxels * layer.outputs];
        convolve(shape, layer.kernel, [layer.dilation; 3], [layer.inputs, layer.outputs], &weights, &values, &mut out);
        if i + 1 < layers.len() {
            out.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        values = out;
    }
    x.iter().zip(values).map(|(x, y)| (x + scale * y).max(0.0)).collect()
}

fn plain(depth: usize, width: usize, first: [usize; 3], other: [usize; 3], anatomical: bool) -> Vec<Layer> {
    Architecture::plain(depth, width, first, other, anatomical).layers
}

/// Layer l with its taps 1 + l voxels apart.
fn apart(mut layers: Vec<Layer>) -> Vec<Layer> {
    layers.iter_mut().enumerate().for_each(|(l, layer)| layer.dilation = 1 + l);
    layers
}

/// Shapes thinner than the kernels' reach, longer than a step, single slices and lines.
#[test]
fn networks_are_the_definition_on_odd_shapes_at_every_level() {
    let cases = [
        ([3, 2, 5], plain(5, 8, [3, 3, 3], [3, 3, 3], false)),
        ([70, 1, 13], plain(4, 16, [3, 3, 3], [3, 3, 3], false)),
        ([1, 1, 1], plain(3, 4, [3, 3, 5], [3, 3, 1], true)),
        ([131, 3, 1], plain(4, 6, [3, 3, 3], [3, 3, 3], false)),
        ([7, 66, 4], plain(3, 33, [5, 3, 5], [3, 5, 1], true)),
        ([20, 30, 7], plain(1, 1, [7, 3, 5], [1, 1, 1], true)),
        ([6, 5, 31], plain(2, 2, [1, 1, 1], [1, 1, 1], false)),
        ([75, 4, 9], apart(plain(5, 16, [3, 3, 1], [3, 3, 1], false))),
        ([9, 70, 1], apart(plain(4, 8, [3, 3, 3], [3, 3, 3], true))),
        ([8, 7, 12], apart(plain(4, 8, [3, 3, 3], [3, 3, 3], false))),
    ];
    for (shape, layers) in cases {
        let x = image(shape, 3);
        let anatomy = (layers[0].inputs == 2).then(|| unit_range(&image(shape, 4)));
        let expected = defined(&layers, shape, 4.0, &x, anatomy.as_deref());
        for level in Level::available() {
            let found = at_level(level, &layers, shape, 4.0, &x, anatomy.as_deref());
            let error = worst(&found, &expected) / largest(&expected);
            assert!(error <= 2e-6, "{shape:?} {level:?}: {error}");
        }
    }
}

#[test]
fn what_scales_the_image_scales_the_result() {
    let (shape, layers) = ([9, 8, 15], plain(4, 16, [3, 3, 5], [3, 3, 1], true));
    let (x, anatomy) = (image(shape, 5), unit_range(&image(shape, 6)));
    let z = denoised(&layers, shape, 5.0, &x, Some(&anatomy));
    for factor in [1024.0, 1.7e-4_f32] {
        let scaled: Vec<f32> = x.iter().map(|x| factor * x).collect();
        let found = denoised(&layers, shape, factor * 5.0, &scaled, Some(&anatomy));
        let expected: Vec<f32> = z.iter().map(|z| factor * z).collect();
        let bound = if factor == 1024.0 { 0.0 } else { 1e-6 * largest(&expected) };
        assert!(worst(&found, &expected) <= bound, "{factor}: {}", worst(&found, &expected));
    }
}

/// An object in empty surroundings that is wider than the network sees.
#[test]
fn what_moves_the_image_moves_the_result() {
    let (shape, layers) = ([20, 21, 22], plain(3, 8, [3, 3, 3], [3, 3, 3], false));
    let at = |[x, y, z]: [usize; 3]| (x * shape[1] + y) * shape[2] + z;
    let object = image([4, 4, 4], 8);
    let with_object_at = |[x, y, z]: [usize; 3]| {
        let mut image = vec![0.0; shape.iter().product()];
        for (n, value) in object.iter().enumerate() {
            image[at([x + n / 16, y + n / 4 % 4, z + n % 4])] = *value;
        }
        denoised(&layers, shape, 5.0, &image, None)
    };
    let (here, there) = (with_object_at([5, 5, 5]), with_object_at([10, 8, 11]));
    for n in 0..11 * 11 * 11 {
        let place = [n / 121, n / 11 % 11, n % 11];
        let (a, b) = ([place[0] + 1, place[1] + 1, place[2] + 1], [place[0] + 6, place[1] + 4, place[2] + 7]);
        assert_eq!(here[at(a)].to_bits(), there[at(b)].to_bits(), "{place:?}");
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for shape in [[11, 70, 25], [40, 33, 1]] {
        let (layers, x) = (plain(4, 16, [3, 3, 3], [3, 3, 3], false), image(shape, 9));
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| denoised(&layers, shape, 5.0, &x, None))
        };
        let one = with(1);
        for threads in [2, 3, 7] {
            assert!(with(threads).iter().zip(&one).all(|(a, b)| a.to_bits() == b.to_bits()), "{threads} threads");
        }
    }
}

/// A last layer of zeros leaves the image as it is: so training begins at OSEM.
#[test]
fn a_last_layer_of_zeros_changes_nothing() {
    let (shape, layers) = ([5, 6, 7], plain(3, 8, [3, 3, 3], [3, 3, 3], false));
    let (mut weights, x) = (weights(&layers), image(shape, 2));
    weights[2].fill(0.0);
    let mut out = vec![f32::NAN; x.len()];
    Body::new(&layers, &weights, shape).denoise(Level::best(), 3.0, &x, &[], &mut out);
    assert_eq!(out, x);
}
