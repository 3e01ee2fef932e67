//! The body of a network on a volume: layer after layer, a few planes at a time.
//!
//! A layer of 32 channels on 128 × 128 × 127 voxels would take 266 MB; here each layer keeps only the planes along x
//! that the next one still needs. In each step the image delivers a few planes, and each layer makes as many, as far
//! behind its input as its kernel reaches ahead. Rows are shared out over the threads; every value is summed by one of
//! them, in one order.

use super::architecture::{Layer, WIDEST_KERNEL};
use coincide_kernels::convolution::Filter;
use coincide_kernels::{AlignedBuffer, Level};
use rayon::prelude::*;
use std::ops::Range;

/// Rows that a layer makes in a step at least, to be shared out.
const ROWS: usize = 64;

/// Convolutions with ReLU between them, on volumes of one shape.
pub struct Body {
    layers: Vec<Filter>,
    inputs: usize,
    shape: [usize; 3],
}

/// The padded planes that a layer's input keeps; plane x lies at x modulo their number.
struct Ring(Vec<AlignedBuffer>);

impl Body {
    /// The body with `weights[i]`, `[out, in, x, y, z]`, in layer i, for images of `shape`.
    pub fn new(layers: &[Layer], weights: &[Vec<f32>], shape: [usize; 3]) -> Self {
        assert!(!layers.is_empty() && layers.len() == weights.len(), "{} layers, {}", layers.len(), weights.len());
        // A single slice lies in memory as its rows would along z, where several voxels are taken at a time.
        let flat = shape[2] == 1;
        let (mut filters, mut stride) = (Vec::new(), layers[0].inputs);
        for (layer, weights) in layers.iter().zip(weights) {
            let (channels, dilation) = ([layer.inputs, layer.outputs], [layer.dilation; 3]);
            let filter = match flat {
                true => {
                    let weights = middle_slice(layer.kernel[2], weights);
                    Filter::new(flat_kernel(layer.kernel), dilation, channels, stride, &weights)
                }
                false => Filter::new(layer.kernel, dilation, channels, stride, weights),
            };
            stride = filter.output_stride();
            filters.push(filter);
        }
        assert_eq!(stride, 1, "one channel comes out");
        Self { layers: filters, inputs: layers[0].inputs, shape: if flat { [shape[0], 1, shape[1]] } else { shape } }
    }

    /// out = max(0, x + c · body(x / c, guides)), c > 0 the scale; the guides are the images of all inputs but the
    /// first.
    pub fn denoise(&self, level: Level, scale: f32, x: &[f32], guides: &[&[f32]], out: &mut [f32]) {
        let [nx, ny, nz] = self.shape;
        assert_eq!([x.len(), out.len()], [nx * ny * nz; 2], "images of shape {:?}", self.shape);
        assert!(guides.iter().all(|guide| guide.len() == x.len()), "a guide of another shape");
        assert_eq!(self.inputs, 1 + guides.len(), "images that go in");
        let step = self.step();
        let ring = |layer: &Filter| Ring::new(step + 2 * layer.reach()[0], layer.padded_plane(ny, nz));
        let mut rings: Vec<Ring> = self.layers.iter().map(ring).collect();
        for start in (0..nx + self.behind(self.layers.len() - 1)).step_by(step) {
            self.load(start..nx.min(start + step), scale, x, guides, &mut rings[0]);
            for l in 0..self.layers.len() {
                let behind = self.behind(l);
                let planes = start.saturating_sub(behind)..nx.min((start + step).saturating_sub(behind));
                let (made, to_make) = rings.split_at_mut(l + 1);
                match to_make.first_mut() {
                    Some(ring) => self.hidden(level, l, planes, &made[l], ring),
                    None => self.last(level, planes, &made[l], scale, x, out),
                }
            }
        }
    }

    /// Bytes that [`Body::denoise`] takes besides its images.
    pub fn work_bytes(&self) -> usize {
        let [_, ny, nz] = self.shape;
        let planes = |layer: &Filter| (self.step() + 2 * layer.reach()[0]) * layer.padded_plane(ny, nz);
        self.layers.iter().map(planes).sum::<usize>() * size_of::<f32>()
    }

    /// Planes of a step.
    fn step(&self) -> usize {
        ROWS.div_ceil(self.shape[1])
    }

    /// Planes by which layer l lies behind the image.
    fn behind(&self, l: usize) -> usize {
        self.layers[..=l].iter().map(|layer| layer.reach()[0]).sum()
    }

    /// Planes x / c, with the guides as further channels.
    fn load(&self, planes: Range<usize>, scale: f32, x: &[f32], guides: &[&[f32]], ring: &mut Ring) {
        let [_, ny, nz] = self.shape;
        ring.for_each_row(&self.layers[0], [ny, nz], planes, |plane, y, row| {
            let voxels = (plane * ny + y) * nz..(plane * ny + y + 1) * nz;
            for (values, x) in row.chunks_exact_mut(self.inputs).zip(&x[voxels.clone()]) {
                values[0] = x / scale;
            }
            for (channel, guide) in (1..).zip(guides) {
                for (values, guide) in row.chunks_exact_mut(self.inputs).zip(&guide[voxels.clone()]) {
                    values[channel] = *guide;
                }
            }
        });
    }

    /// Planes of a layer that another one follows.
    fn hidden(&self, level: Level, l: usize, planes: Range<usize>, input: &Ring, ring: &mut Ring) {
        let ([nx, ny, nz], layer) = (self.shape, &self.layers[l]);
        let (kx, dx) = (layer.kernel()[0], layer.dilation()[0]);
        ring.for_each_row(&self.layers[l + 1], [ny, nz], planes, |plane, y, row| {
            layer.row(level, &input.around(plane, [kx, dx], nx)[..kx], y, true, row);
        });
    }

    /// Planes of the image that comes out.
    fn last(&self, level: Level, planes: Range<usize>, input: &Ring, scale: f32, x: &[f32], out: &mut [f32]) {
        if planes.is_empty() {
            return;
        }
        let ([nx, ny, nz], layer) = (self.shape, &self.layers[self.layers.len() - 1]);
        let (kx, dx) = (layer.kernel()[0], layer.dilation()[0]);
        let voxels = planes.start * ny * nz..planes.end * ny * nz;
        let rows = out[voxels.clone()].par_chunks_mut(nz).zip(x[voxels].par_chunks(nz)).enumerate();
        rows.for_each(|(n, (out, x))| {
            layer.row(level, &input.around(planes.start + n / ny, [kx, dx], nx)[..kx], n % ny, false, out);
            for (out, x) in out.iter_mut().zip(x) {
                let z = x + scale * *out;
                *out = if z < 0.0 { 0.0 } else { z };
            }
        });
    }
}

impl Ring {
    fn new(planes: usize, floats: usize) -> Self {
        Self((0..planes).map(|_| AlignedBuffer::zeros(floats)).collect())
    }

    /// The `kx` planes around one of `nx`, `dx` apart.
    fn around(&self, plane: usize, [kx, dx]: [usize; 2], nx: usize) -> [Option<&[f32]>; WIDEST_KERNEL] {
        let mut around = [None; WIDEST_KERNEL];
        for (a, found) in around[..kx].iter_mut().enumerate() {
            let place = (plane + dx * a).checked_sub(dx * (kx / 2)).filter(|place| *place < nx);
            *found = place.map(|place| self.0[place % self.0.len()].as_slice());
        }
        around
    }

    /// Calls `make(x, y, row)` for the rows of some planes in the place of older ones; `reader` is the layer that reads
    /// them.
    fn for_each_row(
        &mut self,
        reader: &Filter,
        [rows, voxels]: [usize; 2],
        planes: Range<usize>,
        make: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) {
        let (count, padded, inside) = (self.0.len(), reader.padded_row(voxels), reader.inside_row(voxels));
        self.0.par_iter_mut().enumerate().for_each(|(place, buffer)| {
            let plane = planes.start + (place + count - planes.start % count) % count;
            if plane < planes.end {
                let rows = buffer.as_mut_slice().par_chunks_mut(padded).skip(reader.reach()[1]).take(rows);
                rows.enumerate().for_each(|(y, row)| make(plane, y, &mut row[inside.clone()]));
            }
        });
    }
}

/// The kernel of a single slice whose rows lie along z.
fn flat_kernel([kx, ky, _]: [usize; 3]) -> [usize; 3] {
    [kx, 1, ky]
}

/// The weights of the middle tap along z; all others meet zeros only.
fn middle_slice(kz: usize, weights: &[f32]) -> Vec<f32> {
    weights.iter().skip(kz / 2).step_by(kz).copied().collect()
}
