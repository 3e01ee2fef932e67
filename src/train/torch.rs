//! The network's own gradient, by libtorch.
//!
//! z = max(0, x + body(x \[, ν\])) with x in units of its scale. libtorch takes no v for a transposed Jacobian: the slope of the scalar
//! φ = Σ z ⊙ v by x and θ is the same. Weights are `[out, in, x, y, z]`, as its convolutions have them. Where all kernels
//! are one voxel along z, slices are its batch; else the volume is one sample. On a CPU z alone is made by the engine's own
//! convolutions, which are faster.

use super::layer::Layer;
use super::weights::layered;
use crate::prior::network::{Architecture, Body};
use coincide_kernels::{Level, zeros};
use tch::{Device, Kind, Tensor};

/// A network whose gradient libtorch works out; on a GPU where it sees one.
pub struct TorchNetwork {
    architecture: Architecture,
    device: Device,
    bodies: Vec<Vec<Vec<f32>>>,
    flat: bool,
}

impl TorchNetwork {
    /// A network of an architecture without anatomical image; its parameters are still to be set.
    pub fn new(architecture: Architecture) -> Self {
        // libtorch's threads beside ours: as many, as only one side works at a time.
        tch::set_num_threads(rayon::current_num_threads() as i32);
        let flat = architecture.layers.iter().all(|layer| layer.kernel[2] == 1);
        let bodies = layered(&architecture, &vec![0.0; architecture.weights()]);
        Self { architecture, device: Device::cuda_if_available(), bodies, flat }
    }

    /// N_θ(x, ν) by libtorch.
    pub fn by_libtorch(&self, stage: usize, shape: [usize; 3], x: &[f32], noise: &[f32]) -> Vec<f32> {
        let weights = self.leaves(self.architecture.body_of(stage));
        tch::no_grad(|| self.image(&self.forward(&weights, &self.tensor(x, shape), &self.tensor(noise, shape))))
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

    fn image(&self, tensor: &Tensor) -> Vec<f32> {
        let volume = match self.flat {
            true => tensor.squeeze_dim(1).permute([1, 2, 0]),
            false => tensor.squeeze_dim(0).squeeze_dim(0),
        };
        floats(&volume)
    }

    fn forward(&self, weights: &[Tensor], x: &Tensor, noise: &Tensor) -> Tensor {
        let mut features = if self.architecture.noise { Tensor::cat(&[x, noise], 1) } else { x.shallow_clone() };
        for (place, (layer, weights)) in self.architecture.layers.iter().zip(weights).enumerate() {
            let dilation = [layer.dilation as i64; 3];
            let padding = layer.kernel.map(|side| (side / 2 * layer.dilation) as i64);
            features = match self.flat {
                true => features.conv2d(weights, None::<&Tensor>, [1, 1], &padding[..2], &dilation[..2], 1),
                false => features.conv3d(weights, None::<&Tensor>, [1, 1, 1], padding, dilation, 1),
            };
            if place + 1 < self.architecture.layers.len() {
                features = features.relu();
            }
        }
        (features + x).relu()
    }
}

impl Layer for TorchNetwork {
    fn parameters(&self) -> usize {
        self.architecture.weights()
    }

    fn set(&mut self, parameters: &[f32]) {
        self.bodies = layered(&self.architecture, parameters);
    }

    fn apply(&mut self, stage: usize, shape: [usize; 3], x: &[f32], noise: &[f32]) -> Vec<f32> {
        if self.device.is_cuda() {
            return self.by_libtorch(stage, shape, x, noise);
        }
        let (mut z, body) = (zeros(x.len()), self.architecture.body_of(stage));
        let body = Body::new(&self.architecture.layers, &self.bodies[body], shape);
        let guides = if self.architecture.noise { &[noise][..] } else { &[] };
        body.denoise(Level::best(), 1.0, x, guides, &mut z);
        z
    }

    fn pull_back(
        &mut self,
        stage: usize,
        shape: [usize; 3],
        images: [&[f32]; 2],
        v: &[f32],
        slope: &mut [f32],
    ) -> Vec<f32> {
        let body = self.architecture.body_of(stage);
        let (weights, v) = (self.leaves(body), self.tensor(v, shape));
        let [x, noise] = images.map(|image| self.tensor(image, shape));
        let x = x.set_requires_grad(true);
        let along = (self.forward(&weights, &x, &noise) * v).sum(Kind::Float);
        let inputs: Vec<&Tensor> = std::iter::once(&x).chain(&weights).collect();
        let slopes = Tensor::run_backward(&[along], &inputs, false, false);
        let of_weights = slopes[1..].iter().flat_map(floats);
        let start = body * self.architecture.weights() / self.architecture.bodies();
        slope[start..].iter_mut().zip(of_weights).for_each(|(slope, new)| *slope += new);
        self.image(&slopes[0])
    }
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.to_device(Device::Cpu).contiguous().view(-1);
    let mut values = vec![0.0; tensor.numel()];
    let length = values.len();
    tensor.copy_data(&mut values, length);
    values
}
