//! Separable Gaussian filter y = Kₓ K_y K_z x with its own width per axis.
//!
//! Images are `[x, y, z]`, z contiguous. Each K is a symmetric Toeplitz matrix: the taps are the Gaussian integrated over
//! a voxel, cut symmetrically where at most 1/2000 of its area lies outside, and scaled to sum to 1. Outside the image all
//! is zero, so that the filter is its own transpose: voxels near the border lose what flows out.
//!
//! One output plane of constant x needs only the input planes within reach of its taps: the x taps blend them into a
//! scratch plane, the y taps blend its rows into one zero-padded row, the z taps slide along that row. All three read
//! contiguous floats; nothing but the two scratch pieces is written before the result.

use crate::Level;
use std::ops::Range;

/// Share of the Gaussian that the taps may leave out.
const CUT: f64 = 5e-4;

/// Floats that are filtered side by side; the accumulators of one block stay in registers.
const BLOCK: usize = 32;

/// Taps of one axis, of odd length, symmetric, summing to 1. `sigma` is in voxels; 0 leaves the axis as it is.
pub fn gaussian_taps(sigma: f64) -> Vec<f32> {
    if sigma <= 0.0 {
        return vec![1.0];
    }
    let inside = |edge: f64| erf(edge / (sigma * std::f64::consts::SQRT_2));
    let reach = (0..).find(|&reach| 1.0 - inside(reach as f64 + 0.5) <= CUT).unwrap_or(0);
    let total = inside(reach as f64 + 0.5);
    let tap = |offset: i64| 0.5 * (inside(offset as f64 + 0.5) - inside(offset as f64 - 0.5)) / total;
    (-reach..=reach).map(|offset: i64| tap(offset.abs()) as f32).collect()
}

/// erf x = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, all terms of one sign.
fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * sum
}

/// A separable filter on images of one shape.
#[derive(Clone, Debug)]
pub struct SeparableFilter {
    shape: [usize; 3],
    taps: [Vec<f32>; 3],
}

impl SeparableFilter {
    /// `taps` of each axis must be symmetric and of odd length.
    pub fn new(shape: [usize; 3], taps: [Vec<f32>; 3]) -> Self {
        for axis in &taps {
            assert!(axis.len() % 2 == 1, "{} taps: their number must be odd", axis.len());
            assert!(axis.iter().eq(axis.iter().rev()), "taps are not symmetric: {axis:?}");
        }
        Self { shape, taps }
    }

    /// Shape `[x, y, z]` of the images.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Voxels on either side that the taps of an axis reach.
    pub fn reach(&self, axis: usize) -> usize {
        self.taps[axis].len() / 2
    }

    /// Floats of scratch that [`SeparableFilter::rows`] needs for `rows` rows.
    pub fn scratch_len(&self, rows: usize) -> usize {
        let [_, ny, nz] = self.shape;
        (rows + 2 * self.reach(1)).min(ny) * nz + nz + 2 * self.reach(2)
    }

    /// Filters the rows `[x, rows, ..]` of `image` into `result` (`[rows, z]`), overwriting it and `scratch`.
    pub fn rows(
        &self,
        level: Level,
        image: &[f32],
        x: usize,
        rows: Range<usize>,
        scratch: &mut [f32],
        result: &mut [f32],
    ) {
        let [nx, ny, nz] = self.shape;
        assert_eq!(image.len(), nx * ny * nz, "image of shape {:?}", self.shape);
        assert_eq!(result.len(), rows.len() * nz, "rows {rows:?} of shape {:?}", self.shape);
        assert!(x < nx && rows.end <= ny, "plane {x}, rows {rows:?} of shape {:?}", self.shape);
        let job = Job { filter: self, image, x, rows };
        match level {
            // SAFETY: these levels are only found on machines that have them.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { rows_avx512(job, scratch, result) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Level::Avx2 => unsafe { rows_avx2(job, scratch, result) },
            _ => job.run::<false>(scratch, result),
        }
    }
}

struct Job<'a> {
    filter: &'a SeparableFilter,
    image: &'a [f32],
    x: usize,
    rows: Range<usize>,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
fn rows_avx512(job: Job, scratch: &mut [f32], result: &mut [f32]) {
    job.run::<true>(scratch, result);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn rows_avx2(job: Job, scratch: &mut [f32], result: &mut [f32]) {
    job.run::<true>(scratch, result);
}

impl Job<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(&self, scratch: &mut [f32], result: &mut [f32]) {
        let [_, ny, nz] = self.filter.shape;
        let [_, along_y, along_z] = &self.filter.taps;
        let (reach_y, reach_z) = (self.filter.reach(1), self.filter.reach(2));
        let source = self.rows.start.saturating_sub(reach_y)..(self.rows.end + reach_y).min(ny);
        let (blend, rest) = scratch.split_at_mut(source.len() * nz);
        let padded = &mut rest[..nz + 2 * reach_z];
        self.blend_planes::<FMA>(source.clone(), blend);
        padded.fill(0.0);
        for (row, result) in self.rows.clone().zip(result.chunks_exact_mut(nz)) {
            let (near, taps) = in_reach(row, reach_y, ny, along_y);
            let rows = &blend[(near.start - source.start) * nz..(near.end - source.start) * nz];
            weighted_sum::<FMA>(taps, rows, nz, &mut padded[reach_z..reach_z + nz]);
            weighted_sum::<FMA>(along_z, padded, 1, result);
        }
    }

    /// Σ over the x taps, for the rows `source`.
    #[inline(always)]
    fn blend_planes<const FMA: bool>(&self, source: Range<usize>, blend: &mut [f32]) {
        let [nx, ny, nz] = self.filter.shape;
        let (planes, taps) = in_reach(self.x, self.filter.reach(0), nx, &self.filter.taps[0]);
        let first = (planes.start * ny + source.start) * nz;
        weighted_sum::<FMA>(taps, &self.image[first..], ny * nz, blend);
    }
}

/// The places within reach of `place` that lie in `0..count`, and their taps.
#[inline(always)]
fn in_reach(place: usize, reach: usize, count: usize, taps: &[f32]) -> (Range<usize>, &[f32]) {
    let near = place.saturating_sub(reach)..(place + reach + 1).min(count);
    let taps = &taps[near.start + reach - place..near.end + reach - place];
    (near, taps)
}

/// sum[i] = Σₖ taps[k] · from[i + k·stride]. Blocks of constant length; the last one overlaps the one before it.
#[inline(always)]
fn weighted_sum<const FMA: bool>(taps: &[f32], from: &[f32], stride: usize, sum: &mut [f32]) {
    let length = sum.len();
    assert!(from.len() >= length + (taps.len() - 1) * stride, "taps reach behind the floats they blend");
    let mut start = 0;
    while start + BLOCK <= length {
        block::<FMA, BLOCK>(taps, from, stride, start, sum);
        start += BLOCK;
    }
    if start < length && length >= BLOCK {
        block::<FMA, BLOCK>(taps, from, stride, length - BLOCK, sum);
        start = length;
    }
    for place in start..length {
        block::<FMA, 1>(taps, from, stride, place, sum);
    }
}

#[inline(always)]
fn block<const FMA: bool, const WIDTH: usize>(
    taps: &[f32],
    from: &[f32],
    stride: usize,
    start: usize,
    sum: &mut [f32],
) {
    let mut total = [0.0f32; WIDTH];
    for (k, &tap) in taps.iter().enumerate() {
        let floats: &[f32; WIDTH] = from[start + k * stride..].first_chunk().expect("checked by weighted_sum");
        for (total, &value) in total.iter_mut().zip(floats) {
            // Without the instruction `mul_add` is a slow library call.
            *total = if FMA { value.mul_add(tap, *total) } else { value * tap + *total };
        }
    }
    sum[start..start + WIDTH].copy_from_slice(&total);
}

#[cfg(test)]
mod tests;
