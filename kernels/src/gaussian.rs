//! Separable Gaussian filter y = Kₓ K_y K_z x with its own width per axis.
//!
//! Images are `[x, y, z]`, z contiguous. Each K is a symmetric Toeplitz matrix: the taps are a Gaussian integrated over
//! the voxels, cut symmetrically where at most 1/2000 of the one that was asked for lies outside, and scaled to
//! sum to 1. Its width is such that the taps, as they stand, have the second moment that was asked for. Outside the
//! image all is zero, so that the filter is its own transpose: voxels near the border lose what flows out.
//!
//! One output plane of constant x needs only the input planes within reach of its taps: the x taps blend them into a
//! scratch plane, the y taps blend its rows into a few zero-padded rows, the z taps slide along those. All three read
//! contiguous floats; nothing but the two scratch pieces is written before the result.

use crate::Level;
use std::ops::Range;

/// Share of the Gaussian that the taps may leave out.
const CUT: f64 = 5e-4;

/// Halvings of the interval in which a width is looked for: to 1e-10 of it, far below a float's.
const BISECTIONS: usize = 34;

/// Floats that are filtered side by side; the accumulators of one block stay in registers.
const BLOCK: usize = 64;

/// Rows between the y and the z pass: a load that straddles stores just made would wait for them.
const ROWS: usize = 8;

/// Widest Gaussian in voxels.
const WIDEST: f64 = 1e6;

/// Taps of one axis, of odd length, symmetric, summing to 1, whose second moment is `sigma`², in voxels; 0 leaves the
/// axis as it is.
///
/// # Panics
/// Where `sigma` is more than a million voxels or no number.
pub fn gaussian_taps(sigma: f64) -> Vec<f32> {
    assert!(sigma <= WIDEST, "a Gaussian of {sigma} voxels");
    if sigma <= 0.0 {
        return vec![1.0];
    }
    let cut = |reach: &usize| 1.0 - inside(sigma, *reach as f64 + 0.5) <= CUT;
    let reach = (1..).find(cut).unwrap_or(1);
    let half = half_taps(width_of(sigma, reach), reach);
    half[1..].iter().rev().chain(&half).map(|&tap| tap as f32).collect()
}

/// The standard deviation of the Gaussian whose taps have the second moment `sigma`². Integrating over voxels widens a
/// Gaussian by 1/12, and cutting it narrows it.
fn width_of(sigma: f64, reach: usize) -> f64 {
    // A wider Gaussian has wider taps, up to equal ones, and those are wider than any that are cut at this reach.
    let (mut low, mut high) = (0.0, 2.0 * sigma + 1.0);
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        let wider = second_moment(&half_taps(middle, reach)) > sigma * sigma;
        (low, high) = if wider { (low, middle) } else { (middle, high) };
    }
    0.5 * (low + high)
}

/// The taps at 0, 1, … `reach` of a Gaussian of standard deviation `width`.
fn half_taps(width: f64, reach: usize) -> Vec<f64> {
    let edges: Vec<f64> = (0..=reach).map(|offset| inside(width, offset as f64 + 0.5)).collect();
    let total = edges[reach];
    let beside = edges.windows(2).map(|edge| 0.5 * (edge[1] - edge[0]) / total);
    std::iter::once(edges[0] / total).chain(beside).collect()
}

fn second_moment(half: &[f64]) -> f64 {
    half.iter().enumerate().map(|(offset, tap)| 2.0 * tap * (offset * offset) as f64).sum()
}

/// Share of a Gaussian between −edge and edge.
fn inside(sigma: f64, edge: f64) -> f64 {
    libm::erf(edge / (sigma * std::f64::consts::SQRT_2))
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

    /// Floats of scratch that [`SeparableFilter::plane`] needs.
    pub fn scratch_len(&self) -> usize {
        let [_, ny, nz] = self.shape;
        ny * nz + ROWS * (nz + 2 * self.reach(2))
    }

    /// Filters the plane `x` of `image` into `result` (`[y, z]`), overwriting it and `scratch`.
    pub fn plane(&self, level: Level, image: &[f32], x: usize, scratch: &mut [f32], result: &mut [f32]) {
        let [nx, ny, nz] = self.shape;
        assert_eq!(image.len(), nx * ny * nz, "image of shape {:?}", self.shape);
        assert_eq!(result.len(), ny * nz, "a plane of shape {:?}", self.shape);
        assert!(x < nx, "plane {x} of shape {:?}", self.shape);
        assert!(scratch.len() >= self.scratch_len(), "scratch for shape {:?}", self.shape);
        match level {
            // SAFETY: these levels are only found on machines that have them.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { plane_avx512(self, image, x, scratch, result) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Level::Avx2 => unsafe { plane_avx2(self, image, x, scratch, result) },
            _ => self.plane_with::<false>(image, x, scratch, result),
        }
    }

    #[inline(always)]
    fn plane_with<const FMA: bool>(&self, image: &[f32], x: usize, scratch: &mut [f32], result: &mut [f32]) {
        let [nx, ny, nz] = self.shape;
        let [along_x, along_y, along_z] = &self.taps;
        let (reach_y, reach_z) = (self.reach(1), self.reach(2));
        let (blend, padded) = scratch.split_at_mut(ny * nz);
        let stride = nz + 2 * reach_z;
        let padded = &mut padded[..ROWS * stride];
        padded.fill(0.0);

        let (planes, taps) = in_reach(x, self.reach(0), nx, along_x);
        weighted_sum::<FMA>(taps, &image[planes.start * ny * nz..], ny * nz, blend);
        for (group, result) in result.chunks_mut(ROWS * nz).enumerate() {
            let rows = padded.chunks_exact_mut(stride).take(result.len() / nz);
            for (row, padded) in (group * ROWS..).zip(rows) {
                let (near, taps) = in_reach(row, reach_y, ny, along_y);
                weighted_sum::<FMA>(taps, &blend[near.start * nz..], nz, &mut padded[reach_z..reach_z + nz]);
            }
            for (padded, result) in padded.chunks_exact(stride).zip(result.chunks_exact_mut(nz)) {
                weighted_sum::<FMA>(along_z, padded, 1, result);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
fn plane_avx512(filter: &SeparableFilter, image: &[f32], x: usize, scratch: &mut [f32], result: &mut [f32]) {
    filter.plane_with::<true>(image, x, scratch, result);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn plane_avx2(filter: &SeparableFilter, image: &[f32], x: usize, scratch: &mut [f32], result: &mut [f32]) {
    filter.plane_with::<true>(image, x, scratch, result);
}

/// The places within reach of `place` that lie in `0..count`, and their taps.
#[inline(always)]
fn in_reach(place: usize, reach: usize, count: usize, taps: &[f32]) -> (Range<usize>, &[f32]) {
    let near = place.saturating_sub(reach)..(place + reach + 1).min(count);
    let taps = &taps[near.start + reach - place..near.end + reach - place];
    (near, taps)
}

/// sum[i] = Σₖ taps[k] · from[i + k·stride].
#[inline(always)]
fn weighted_sum<const FMA: bool>(taps: &[f32], from: &[f32], stride: usize, sum: &mut [f32]) {
    assert!(from.len() >= sum.len() + (taps.len() - 1) * stride, "taps reach behind the floats they blend");
    match sum.len() {
        BLOCK.. => blocks::<FMA, BLOCK>(taps, from, stride, sum),
        8.. => blocks::<FMA, 8>(taps, from, stride, sum),
        _ => blocks::<FMA, 1>(taps, from, stride, sum),
    }
}

/// Blocks of constant length; the last one overlaps the one before it. Needs at least one block of floats.
#[inline(always)]
fn blocks<const FMA: bool, const WIDTH: usize>(taps: &[f32], from: &[f32], stride: usize, sum: &mut [f32]) {
    let whole = sum.len() - sum.len() % WIDTH;
    for start in (0..whole).step_by(WIDTH) {
        block::<FMA, WIDTH>(taps, from, stride, start, sum);
    }
    if whole < sum.len() {
        block::<FMA, WIDTH>(taps, from, stride, sum.len() - WIDTH, sum);
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
