//! A convolution with its weights in the order in which they are read.

use super::blocks::{GROUP, Input, row};
use crate::{AlignedBuffer, Level, product};

/// A convolution, ready to make rows.
///
/// Its input are *padded planes*: `[d_y (ky − 1) + rows, d_z (kz − 1) + voxels, stride]` floats of one x, with zeros
/// around the volume.
#[derive(Clone)]
pub struct Filter {
    kernel: [usize; 3],
    dilation: [usize; 3],
    /// Floats from a voxel of the input to the next.
    stride: usize,
    outputs: usize,
    /// One output: `[kx, ky, run]`, the run filled up with zeros; more: `[group, kx, ky, run, GROUP]`.
    weights: AlignedBuffer,
}

impl Filter {
    /// The convolution with weights `[out, in, kx, ky, kz]`, taps `dilation` voxels apart, of an input whose voxels are
    /// `stride` floats apart.
    pub fn new(
        kernel: [usize; 3],
        dilation: [usize; 3],
        [inputs, outputs]: [usize; 2],
        stride: usize,
        weights: &[f32],
    ) -> Self {
        let [kx, ky, kz] = kernel;
        assert!(kernel.iter().all(|side| side % 2 == 1), "kernels have odd sides, not {kernel:?}");
        assert!(dilation.iter().all(|apart| *apart > 0), "taps {dilation:?} voxels apart");
        assert!((1..=stride).contains(&inputs) && outputs > 0, "{inputs} channels of {stride}, {outputs} outputs");
        // With outputs and inputs filled up to whole groups, too.
        product(&[2, outputs.max(GROUP), 2, stride.max(GROUP), kx, ky, kz]);
        assert_eq!(weights.len(), outputs * inputs * kx * ky * kz, "weights of {outputs} × {inputs} × {kernel:?}");
        let mut filter = Self { kernel, dilation, stride, outputs, weights: AlignedBuffer::zeros(0) };
        let groups = if outputs == 1 { filter.padded_run() } else { outputs.div_ceil(GROUP) * filter.run() * GROUP };
        filter.weights = AlignedBuffer::zeros(groups * kx * ky);
        let packed = filter.weights.as_mut_slice();
        for (n, weight) in weights.iter().enumerate() {
            let (o, i, tap) = (n / (inputs * kx * ky * kz), n / (kx * ky * kz) % inputs, n % (kx * ky * kz));
            let (row, j) = (tap / kz, tap % kz * stride + i);
            packed[match outputs {
                1 => row * (kz * stride).next_multiple_of(GROUP) + j,
                _ => ((o / GROUP * kx * ky + row) * kz * stride + j) * GROUP + o % GROUP,
            }] = *weight;
        }
        filter
    }

    /// Taps along x, y, z.
    pub fn kernel(&self) -> [usize; 3] {
        self.kernel
    }

    /// Voxels from one tap to the next along x, y, z.
    pub fn dilation(&self) -> [usize; 3] {
        self.dilation
    }

    /// Voxels from the middle of the kernel to its last tap along x, y, z.
    pub fn reach(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.dilation[axis] * (self.kernel[axis] / 2))
    }

    /// Floats from a voxel of the output to the next: 1 for one channel, else whole groups of 16.
    pub fn output_stride(&self) -> usize {
        Self::stride_of(self.outputs)
    }

    /// Floats from a voxel to the next in what a filter of so many outputs makes.
    pub fn stride_of(outputs: usize) -> usize {
        if outputs == 1 { 1 } else { outputs.next_multiple_of(GROUP) }
    }

    /// Floats of a row of a padded plane of the input.
    pub fn padded_row(&self, voxels: usize) -> usize {
        let beside = product(&[self.dilation[2], self.kernel[2] - 1]);
        product(&[voxels.checked_add(beside).expect("voxels that can be counted"), self.stride])
    }

    /// Floats of a padded plane of the input.
    pub fn padded_plane(&self, rows: usize, voxels: usize) -> usize {
        (rows + 2 * self.reach()[1]) * self.padded_row(voxels)
    }

    /// Where the voxels themselves lie in a row of a padded plane.
    pub fn inside_row(&self, voxels: usize) -> std::ops::Range<usize> {
        let start = self.reach()[2] * self.stride;
        start..start + voxels * self.stride
    }

    /// Row `y` of the output, `[z, channel]` with [`Filter::output_stride`]; below zero there is zero where `relu`.
    /// `planes` are the kx padded planes that its taps read, `None` outside the volume.
    pub fn row(&self, level: Level, planes: &[Option<&[f32]>], y: usize, relu: bool, out: &mut [f32]) {
        let ([kx, ky, kz], [_, dy, dz], stride) = (self.kernel, self.dilation, self.output_stride());
        assert!(out.len().is_multiple_of(stride), "{} floats for voxels of {stride}", out.len());
        let voxels = out.len() / stride;
        let row_stride = self.padded_row(voxels);
        let needed = product(&[dy, ky - 1]).checked_add(y).and_then(|row| row.checked_add(1));
        let needed = product(&[needed.expect("a row that can be counted"), row_stride]);
        assert_eq!(planes.len(), kx, "planes of a kernel of {:?}", self.kernel);
        let enough = |plane: &&[f32]| plane.len() >= needed;
        assert!(planes.iter().flatten().all(enough), "row {y} lies outside a plane of rows of {row_stride} floats");
        // Taps that lie side by side are one long run.
        let (runs, run) = if dz == 1 { (1, kz * self.stride) } else { (kz, self.stride) };
        let input = Input {
            planes,
            first: y * row_stride,
            row_stride: dy * row_stride,
            rows: ky,
            stride: self.stride,
            runs,
            run_stride: dz * self.stride,
            run,
            weights: self.weights.as_slice(),
        };
        row(level, &input, stride, relu, out);
    }

    /// Floats that the taps along z read for one voxel.
    fn run(&self) -> usize {
        self.kernel[2] * self.stride
    }

    fn padded_run(&self) -> usize {
        self.run().next_multiple_of(GROUP)
    }
}
