//! The network's own gradient, by libtorch.
//!
//! z = max(0, x + body(x, guides)) with all in units of the scale. libtorch takes no v for a transposed Jacobian: the
//! slope of the scalar φ = Σ z ⊙ v by x and θ is the same. Weights are `[out, in, x, y, z]`, as its convolutions have
//! them. Where all kernels are one voxel along z, slices are its batch; else the volume is one sample. Channels lie
//! together in memory, as its fastest convolutions have them. On a CPU z alone is made by the engine's own convolutions
//! in f32.
//!
//! libtorch convolves volumes with taps apart slowly. With taps d apart, voxels of one remainder modulo d along each
//! axis that the kernel reaches along see only each other: these volumes are a batch for kernels without gaps.

use super::layer::{Layer, Precision};
use super::weights::layered;
use crate::prior::network::{Architecture, Body};
use coincide_kernels::{Level, zeros};
use tch::{Device, Kind, Tensor};

/// A network whose gradient libtorch works out; on a GPU where it sees one.
pub struct TorchNetwork {
    architecture: Architecture,
    precision: Precision,
    device: Device,
    bodies: Vec<Vec<Vec<f32>>>,
    flat: bool,
}

impl TorchNetwork {
    /// A network of an architecture without anatomical image; its parameters are still to be set.
    pub fn new(architecture: Architecture, precision: Precision) -> Self {
        // libtorch's threads beside ours: as many, as only one side works at a time.
        tch::set_num_threads(rayon::current_num_threads() as i32);
        let flat = architecture.layers.iter().all(|layer| layer.kernel[2] == 1);
        let bodies = layered(&architecture, &vec![0.0; architecture.weights()]);
        Self { architecture, precision, device: Device::cuda_if_available(), bodies, flat }
    }

    /// N_θ by libtorch.
    pub fn by_libtorch(&self, stage: usize, shape: [usize; 3], x: &[f32], guides: &[&[f32]]) -> Vec<f32> {
        let weights = self.leaves(self.architecture.body_of(stage));
        tch::no_grad(|| self.image(&self.forward(&weights, &self.tensor(x, shape), &self.tensors(guides, shape))))
    }

    /// Weights of a body as leaves of a graph.
    fn leaves(&self, body: usize) -> Vec<Tensor> {
        let layers = self.architecture.layers.iter().zip(&self.bodies[body]);
        let leaf = |(layer, weights): (&crate::prior::network::Layer, &Vec<f32>)| {
            let shape = layer.weight_shape().map(|n| n as i64);
            let shape = if self.flat { &shape[..4] } else { &shape[..] };
            Tensor::from_slice(weights).view(shape).to_device(self.device).set_requires_grad(true)
        };
        layers.map(leaf).collect()
    }

    /// `[z, 1, x, y]`, or `[1, 1, x, y, z]`.
    fn tensor(&self, image: &[f32], shape: [usize; 3]) -> Tensor {
        let volume = Tensor::from_slice(image).view(shape.map(|n| n as i64));
        let laid = match self.flat {
            true => volume.permute([2, 0, 1]).unsqueeze(1).contiguous(),
            false => volume.unsqueeze(0).unsqueeze(0),
        };
        laid.to_device(self.device)
    }

    fn tensors(&self, images: &[&[f32]], shape: [usize; 3]) -> Vec<Tensor> {
        images.iter().map(|image| self.tensor(image, shape)).collect()
    }

    fn image(&self, tensor: &Tensor) -> Vec<f32> {
        let volume = match self.flat {
            true => tensor.squeeze_dim(1).permute([1, 2, 0]),
            false => tensor.squeeze_dim(0).squeeze_dim(0),
        };
        floats(&volume)
    }

    fn forward(&self, weights: &[Tensor], x: &Tensor, guides: &[Tensor]) -> Tensor {
        let inputs: Vec<&Tensor> = std::iter::once(x).chain(guides).collect();
        let features = Tensor::cat(&inputs, 1);
        let kind = match self.precision {
            Precision::Single => Kind::Float,
            Precision::Bfloat16 => Kind::BFloat16,
        };
        let mut features = channels_together(&features.to_kind(kind));
        for (place, (layer, weights)) in self.architecture.layers.iter().zip(weights).enumerate() {
            let (weights, padding) = (weights.to_kind(kind), layer.kernel.map(|side| side as i64 / 2));
            let apart = layer.dilation as i64;
            features = match (self.flat, apart) {
                (true, _) => {
                    let padding = padding.map(|side| side * apart);
                    features.conv2d(&weights, None::<&Tensor>, [1, 1], &padding[..2], [apart; 2], 1)
                }
                (false, 1) => features.conv3d(&weights, None::<&Tensor>, [1; 3], padding, [1; 3], 1),
                (false, _) => {
                    let apart = layer.kernel.map(|side| if side > 1 { apart } else { 1 });
                    let parts = folded(&features, apart);
                    let parts = parts.conv3d(&weights, None::<&Tensor>, [1; 3], padding, [1; 3], 1);
                    unfolded(&parts, apart, &features.size()[2..])
                }
            };
            if place + 1 < self.architecture.layers.len() {
                features = features.relu();
            }
        }
        (features.to_kind(Kind::Float) + x).relu()
    }
}

impl Layer for TorchNetwork {
    fn parameters(&self) -> usize {
        self.architecture.weights()
    }

    fn set(&mut self, parameters: &[f32]) {
        self.bodies = layered(&self.architecture, parameters);
    }

    fn apply(&mut self, stage: usize, shape: [usize; 3], x: &[f32], guides: &[&[f32]]) -> Vec<f32> {
        if self.device.is_cuda() || self.precision == Precision::Bfloat16 {
            return self.by_libtorch(stage, shape, x, guides);
        }
        let (mut z, body) = (zeros(x.len()), self.architecture.body_of(stage));
        let body = Body::new(&self.architecture.layers, &self.bodies[body], shape);
        body.denoise(Level::best(), 1.0, x, guides, &mut z);
        z
    }

    fn pull_back(
        &mut self,
        stage: usize,
        shape: [usize; 3],
        (x, guides): (&[f32], &[&[f32]]),
        v: &[f32],
        slope: &mut [f32],
    ) -> Vec<f32> {
        let body = self.architecture.body_of(stage);
        let (weights, v) = (self.leaves(body), self.tensor(v, shape));
        let x = self.tensor(x, shape).set_requires_grad(true);
        let along = (self.forward(&weights, &x, &self.tensors(guides, shape)) * v).sum(Kind::Float);
        let inputs: Vec<&Tensor> = std::iter::once(&x).chain(&weights).collect();
        let slopes = Tensor::run_backward(&[along], &inputs, false, false);
        let of_weights = slopes[1..].iter().flat_map(floats);
        let start = body * self.architecture.weights() / self.architecture.bodies();
        slope[start..].iter_mut().zip(of_weights).for_each(|(slope, new)| *slope += new);
        self.image(&slopes[0])
    }
}

/// The same values with the channels contiguous.
fn channels_together(features: &Tensor) -> Tensor {
    match features.dim() {
        4 => features.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]),
        _ => features.permute([0, 2, 3, 4, 1]).contiguous().permute([0, 4, 1, 2, 3]),
    }
}

/// `[1, channel, x, y, z]`, filled up with zeros to multiples of d along each axis, as `[dx·dy·dz, channel, x/dx, y/dy,
/// z/dz]`.
fn folded(volume: &Tensor, d: [i64; 3]) -> Tensor {
    let size = volume.size();
    let missing = [0, 1, 2].map(|axis| (d[axis] - size[axis + 2] % d[axis]) % d[axis]);
    let volume = volume.constant_pad_nd([0, missing[2], 0, missing[1], 0, missing[0]]);
    let [x, y, z] = [0, 1, 2].map(|axis| (size[axis + 2] + missing[axis]) / d[axis]);
    let parts = volume.permute([0, 2, 3, 4, 1]).reshape([x, d[0], y, d[1], z, d[2], size[1]]);
    let parts = parts.permute([1, 3, 5, 0, 2, 4, 6]).reshape([d.iter().product(), x, y, z, size[1]]);
    parts.permute([0, 4, 1, 2, 3])
}

/// The volume of a size that [`folded`] has made this of.
fn unfolded(parts: &Tensor, d: [i64; 3], size: &[i64]) -> Tensor {
    let [_, channels, x, y, z] = parts.size()[..] else { unreachable!("five axes") };
    let parts = parts.permute([0, 2, 3, 4, 1]).reshape([d[0], d[1], d[2], x, y, z, channels]);
    let volume = parts.permute([3, 0, 4, 1, 5, 2, 6]).reshape([1, x * d[0], y * d[1], z * d[2], channels]);
    let volume = volume.permute([0, 4, 1, 2, 3]);
    volume.narrow(2, 0, size[0]).narrow(3, 0, size[1]).narrow(4, 0, size[2])
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.to_device(Device::Cpu).contiguous().view(-1);
    let mut values = vec![0.0; tensor.numel()];
    let length = values.len();
    tensor.copy_data(&mut values, length);
    values
}
