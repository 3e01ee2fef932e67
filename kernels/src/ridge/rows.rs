//! Filters and their transpose, one row along z at a time.

use super::{CHANNELS, Filters, LANES};
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512};
use crate::lanes::{Lanes, Portable};
use crate::{Level, product};

/// Filters over planes of some shape. Planes are padded: rows of [`FilterRows::stride`] floats that begin with their
/// voxels. A row of responses holds all channels, each with zeros before and behind, so that the transpose needs no
/// borders.
#[derive(Clone, Debug)]
pub struct FilterRows<'a> {
    filters: &'a Filters,
    /// Rows (voxels along y) and voxels along z.
    plane: [usize; 2],
}

impl<'a> FilterRows<'a> {
    /// Filters over planes `[y, z]`.
    pub fn new(filters: &'a Filters, plane: [usize; 2]) -> Self {
        assert!(plane[0] >= filters.shape[1] && plane[1] >= filters.shape[2], "filters of {filters:?} on {plane:?}");
        // Neither a plane nor a row of responses is longer than can be counted.
        let longest = product(&[4, plane[1].max(LANES), plane[0].max(filters.channels)]);
        assert!(longest <= isize::MAX as usize / size_of::<f32>(), "planes {plane:?}");
        Self { filters, plane }
    }

    /// Places of the filter along y and z.
    pub fn places(&self) -> [usize; 2] {
        [self.plane[0] + 1 - self.filters.shape[1], self.plane[1] + 1 - self.filters.shape[2]]
    }

    /// Planes that a filter covers along x.
    pub fn reach(&self) -> usize {
        self.filters.shape[0]
    }

    /// Voxels of a plane.
    pub fn voxels_of_plane(&self) -> usize {
        self.plane[0] * self.plane[1]
    }

    /// Floats from one row of a padded plane to the next.
    pub fn stride(&self) -> usize {
        self.plane[1].next_multiple_of(LANES) + (self.filters.shape[2] - 1).next_multiple_of(LANES)
    }

    /// Floats of a padded plane.
    pub fn plane_len(&self) -> usize {
        self.plane[0] * self.stride()
    }

    /// Floats of the responses of one row.
    pub fn responses_len(&self) -> usize {
        self.filters.channels * self.stride()
    }

    /// The responses of one channel in a row of them.
    pub fn channel<'r>(&self, responses: &'r mut [f32], channel: usize) -> &'r mut [f32] {
        let start = channel * self.stride() + self.lead();
        &mut responses[start..start + self.places()[1]]
    }

    /// Sets all that is no response to zero.
    pub fn clear_borders(&self, responses: &mut [f32]) {
        let end = self.lead() + self.places()[1];
        for row in responses.chunks_exact_mut(self.stride()) {
            row[..self.lead()].fill(0.0);
            row[end..].fill(0.0);
        }
    }

    /// Copies a plane `[y, z]` to a padded one; the pads stay as they are.
    pub fn fill(&self, plane: &[f32], padded: &mut [f32]) {
        for (row, padded) in plane.chunks_exact(self.plane[1]).zip(padded.chunks_exact_mut(self.stride())) {
            padded[..row.len()].copy_from_slice(row);
        }
    }

    /// out += weight · the voxels of a padded plane.
    pub fn add_voxels(&self, weight: f32, padded: &[f32], out: &mut [f32]) {
        for (out, row) in out.chunks_exact_mut(self.plane[1]).zip(padded.chunks_exact(self.stride())) {
            out.iter_mut().zip(row).for_each(|(out, value)| *out += weight * value);
        }
    }

    /// v of the places at row `y`: `planes` are the padded planes that the filter covers along x. The borders of the
    /// responses are left with anything.
    pub fn responses(&self, level: Level, planes: &[&[f32]], y: usize, responses: &mut [f32]) {
        assert!(y < self.places()[0] && responses.len() == self.responses_len(), "row {y} of {:?}", self.plane);
        assert_eq!(planes.len(), self.filters.shape[0], "planes under the filter");
        assert!(planes.iter().all(|plane| plane.len() == self.plane_len()), "padded planes of {:?}", self.plane);
        match level {
            // SAFETY: levels are those that the machine has; the sizes were checked above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { responses_avx512(self, planes, y, responses) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Level::Avx2 => unsafe { responses_avx2(self, planes, y, responses) },
            // SAFETY: every machine has this level; the sizes were checked above.
            _ => unsafe { responses_at::<Portable, 1>(self, planes, y, responses) },
        }
    }

    /// out(r + t) += Σ_c w_{c,t} u_c(r) of the places r at row `y`, for the plane that lies at tap `dx` of the filter.
    pub fn add_transpose(&self, level: Level, responses: &[f32], dx: usize, y: usize, out: &mut [f32]) {
        assert!(y < self.places()[0] && responses.len() == self.responses_len(), "row {y} of {:?}", self.plane);
        assert!(dx < self.filters.shape[0] && out.len() == self.plane_len(), "a padded plane of {:?}", self.plane);
        match level {
            // SAFETY: levels are those that the machine has; the sizes were checked above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { transpose_avx512(self, responses, dx, y, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Level::Avx2 => unsafe { transpose_avx2(self, responses, dx, y, out) },
            // SAFETY: every machine has this level; the sizes were checked above.
            _ => unsafe { transpose_at::<Portable>(self, responses, dx, y, out) },
        }
    }

    /// Zeros before the responses of a channel.
    fn lead(&self) -> usize {
        (self.filters.shape[2] - 1).next_multiple_of(LANES)
    }

    /// Voxels along z in whole vectors.
    fn row_len(&self) -> usize {
        self.plane[1].next_multiple_of(LANES)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn responses_avx512(rows: &FilterRows, planes: &[&[f32]], y: usize, responses: &mut [f32]) {
    // SAFETY: the level is this function's own, the sizes are the caller's promise.
    unsafe { responses_at::<Avx512, 2>(rows, planes, y, responses) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn responses_avx2(rows: &FilterRows, planes: &[&[f32]], y: usize, responses: &mut [f32]) {
    // SAFETY: as above.
    unsafe { responses_at::<Avx2, 1>(rows, planes, y, responses) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_avx512(rows: &FilterRows, responses: &[f32], dx: usize, y: usize, out: &mut [f32]) {
    // SAFETY: as above.
    unsafe { transpose_at::<Avx512>(rows, responses, dx, y, out) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn transpose_avx2(rows: &FilterRows, responses: &[f32], dx: usize, y: usize, out: &mut [f32]) {
    // SAFETY: as above.
    unsafe { transpose_at::<Avx2>(rows, responses, dx, y, out) }
}

/// # Safety
/// The machine has the level of `L`; sizes and `y` as [`FilterRows::responses`] checks them.
#[inline(always)]
unsafe fn responses_at<L: Lanes, const V: usize>(
    rows: &FilterRows,
    planes: &[&[f32]],
    y: usize,
    responses: &mut [f32],
) {
    let (stride, lead, end) = (rows.stride(), rows.lead(), rows.row_len());
    for channel in (0..rows.filters.channels).step_by(CHANNELS) {
        let mut z = 0;
        while z < end {
            let start = responses[channel * stride + lead + z..].as_mut_ptr();
            // SAFETY: rows of a padded plane are whole vectors with room behind for the taps along z; so are responses.
            unsafe {
                if z + V * L::COUNT <= end {
                    store(responses_block::<L, V>(rows, planes, [y, z], channel), start, stride);
                    z += V * L::COUNT;
                } else {
                    store(responses_block::<L, 1>(rows, planes, [y, z], channel), start, stride);
                    z += L::COUNT;
                }
            }
        }
    }
}

/// V vectors of responses of some channels.
///
/// # Safety
/// As [`responses_at`]; `z` plus V vectors is at most the length of a row in whole vectors.
#[inline(always)]
unsafe fn responses_block<L: Lanes, const V: usize>(
    rows: &FilterRows,
    planes: &[&[f32]],
    [y, z]: [usize; 2],
    channel: usize,
) -> [[L; V]; CHANNELS] {
    let [kx, ky, kz] = rows.filters.shape;
    let (stride, channels) = (rows.stride(), rows.filters.channels);
    // SAFETY: places lie inside the volume, so all taps do; whole vectors end inside the padded row.
    unsafe {
        let middle = planes[kx / 2].as_ptr().add((y + ky / 2) * stride + z + kz / 2);
        let middle: [L; V] = std::array::from_fn(|v| L::load(middle.add(v * L::COUNT)));
        let mut sums = [[L::splat(0.0); V]; CHANNELS];
        let mut weights = rows.filters.taps.as_ptr().add(channel);
        for plane in planes {
            for dy in 0..ky {
                let row = plane.as_ptr().add((y + dy) * stride + z);
                for dz in 0..kz {
                    let x: [L; V] = std::array::from_fn(|v| L::load(row.add(dz + v * L::COUNT)).sub(middle[v]));
                    for (c, sums) in sums.iter_mut().enumerate() {
                        let weight = L::splat(*weights.add(c));
                        for (sum, x) in sums.iter_mut().zip(x) {
                            *sum = sum.add(weight.mul(x));
                        }
                    }
                    weights = weights.wrapping_add(channels);
                }
            }
        }
        sums
    }
}

/// # Safety
/// As [`responses_at`]; `to` points at V vectors in each of the rows `stride` floats apart.
#[inline(always)]
unsafe fn store<L: Lanes, const V: usize>(sums: [[L; V]; CHANNELS], to: *mut f32, stride: usize) {
    for (c, sums) in sums.into_iter().enumerate() {
        for (v, sum) in sums.into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { sum.store(to.add(c * stride + v * L::COUNT)) }
        }
    }
}

/// # Safety
/// The machine has the level of `L`; sizes, `dx` and `y` as [`FilterRows::add_transpose`] checks them.
#[inline(always)]
unsafe fn transpose_at<L: Lanes>(rows: &FilterRows, responses: &[f32], dx: usize, y: usize, out: &mut [f32]) {
    let end = rows.row_len();
    for dy in 0..rows.filters.shape[1] {
        let mut z = 0;
        while z < end {
            // SAFETY: rows are whole vectors.
            unsafe {
                if z + 4 * L::COUNT <= end {
                    transpose_block::<L, 4>(rows, responses, [dx, dy], [y, z], out);
                    z += 4 * L::COUNT;
                } else {
                    transpose_block::<L, 1>(rows, responses, [dx, dy], [y, z], out);
                    z += L::COUNT;
                }
            }
        }
    }
}

/// V vectors of one row.
///
/// # Safety
/// As [`transpose_at`]; `z` plus V vectors is at most the length of a row in whole vectors.
#[inline(always)]
unsafe fn transpose_block<L: Lanes, const V: usize>(
    rows: &FilterRows,
    responses: &[f32],
    [dx, dy]: [usize; 2],
    [y, z]: [usize; 2],
    out: &mut [f32],
) {
    let [_, ky, kz] = rows.filters.shape;
    let (stride, channels) = (rows.stride(), rows.filters.channels);
    // SAFETY: y + dy is a row of the plane; responses have `lead` ≥ kz − 1 floats before them.
    unsafe {
        let row = out.as_mut_ptr().add((y + dy) * stride + z);
        let mut sums: [L; V] = std::array::from_fn(|v| L::load(row.add(v * L::COUNT)));
        for dz in 0..kz {
            let weights = rows.filters.taps.as_ptr().add(((dx * ky + dy) * kz + dz) * channels);
            let mut from = responses.as_ptr().add(rows.lead() + z - dz);
            for c in 0..channels {
                let weight = L::splat(*weights.add(c));
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add(weight.mul(L::load(from.add(v * L::COUNT))));
                }
                from = from.wrapping_add(stride);
            }
        }
        for (v, sum) in sums.into_iter().enumerate() {
            sum.store(row.add(v * L::COUNT));
        }
    }
}
