//! Median of 3 × 3 × 3 voxels, a vector of z at a time.
//!
//! Forgetful selection: of 15 values neither the least nor the greatest can be the median of 27, so both are dropped
//! and one of those still unseen comes in, until 3 are left. Every step is a minimum and a maximum of whole vectors.

use crate::Level;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512};
use crate::lanes::{Lanes, Portable};
use crate::pairs::PaddedRows;

/// Values that the median of 27 is sought among at first.
const FIRST: usize = 15;

/// Medians of one plane. `planes` are the padded planes at x − 1, x, x + 1, whose pads of one voxel repeat the edges,
/// as rows outside the plane do.
pub fn median_plane(level: Level, shape: PaddedRows, planes: [&[f32]; 3], out: &mut [f32]) {
    assert_eq!(out.len(), shape.rows * shape.voxels, "a plane of {shape:?}");
    assert!(shape.pad == 1 && planes.iter().all(|plane| plane.len() == shape.len()), "padded planes of {shape:?}");
    match level {
        // SAFETY: these levels are only found on machines that have them; the planes were measured above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { plane_avx512(shape, planes, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { plane_avx2(shape, planes, out) },
        // SAFETY: every machine has this level; the planes were measured above.
        _ => unsafe { plane::<Portable>(shape, planes, out) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn plane_avx512(shape: PaddedRows, planes: [&[f32]; 3], out: &mut [f32]) {
    // SAFETY: the level is this function's own, the planes are the caller's promise.
    unsafe { plane::<Avx512>(shape, planes, out) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn plane_avx2(shape: PaddedRows, planes: [&[f32]; 3], out: &mut [f32]) {
    // SAFETY: the level is this function's own, the planes are the caller's promise.
    unsafe { plane::<Avx2>(shape, planes, out) }
}

/// # Safety
/// The machine has the level of `L`; the planes have the padded shape.
#[inline(always)]
unsafe fn plane<L: Lanes>(shape: PaddedRows, planes: [&[f32]; 3], out: &mut [f32]) {
    for (row, out) in out.chunks_exact_mut(shape.voxels).enumerate() {
        let rows = [row.saturating_sub(1), row, (row + 1).min(shape.rows - 1)];
        let starts = rows.map(|row| row * shape.stride());
        for (block, out) in out.chunks_mut(L::COUNT).enumerate() {
            let starts = starts.map(|start| start + block * L::COUNT);
            // SAFETY: rows are filled up to whole blocks, which whole vectors divide, and one voxel to either side.
            unsafe {
                let median = median::<L>(|n| L::load(planes[n / 9].as_ptr().add(starts[n / 3 % 3] + n % 3)));
                match out.len() == L::COUNT {
                    true => median.store(out.as_mut_ptr()),
                    false => median.store_first(out.as_mut_ptr(), out.len()),
                }
            }
        }
    }
}

/// The median of 27 vectors.
///
/// # Safety
/// The machine has the level of `L`.
#[inline(always)]
unsafe fn median<L: Lanes>(load: impl Fn(usize) -> L) -> L {
    let mut seen: [L; FIRST] = std::array::from_fn(&load);
    // SAFETY: the level is there (caller).
    unsafe {
        // The least of the first N is at the front then, and makes room for a new one; the greatest is at place N − 1.
        macro_rules! forget {
            ($($n:literal)*) => {$(
                extremes_to_ends::<L, $n>(&mut seen);
                seen[0] = load(2 * FIRST - $n);
            )*};
        }
        forget!(15 14 13 12 11 10 9 8 7 6 5 4);
        extremes_to_ends::<L, 3>(&mut seen);
    }
    seen[1]
}

/// Moves the least of the first N to the front and the greatest to place N − 1.
///
/// # Safety
/// The machine has the level of `L`.
#[inline(always)]
unsafe fn extremes_to_ends<L: Lanes, const N: usize>(values: &mut [L; FIRST]) {
    // SAFETY: the level is there (caller).
    unsafe {
        for i in 0..N / 2 {
            order(values, i, N - 1 - i);
        }
        // The smaller ones are in the front half now; the middle of an odd number belongs to both.
        for i in 1..=(N - 1) / 2 {
            order(values, 0, i);
        }
        for i in N / 2..N - 1 {
            order(values, i, N - 1);
        }
    }
}

#[inline(always)]
unsafe fn order<L: Lanes>(values: &mut [L; FIRST], low: usize, high: usize) {
    // SAFETY: the level is there (caller).
    unsafe { (values[low], values[high]) = (values[low].min(values[high]), values[low].max(values[high])) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_finds_the_middle_of_27() {
        let shape = PaddedRows { rows: 5, voxels: 39, pad: 1 };
        let mut state = 3_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as f32
        };
        let planes: [Vec<f32>; 3] = std::array::from_fn(|_| {
            let plane: Vec<f32> = std::iter::repeat_with(&mut next).take(5 * 39).collect();
            let mut padded = vec![0.0; shape.len()];
            shape.fill(&plane, &mut padded);
            shape.repeat_edges(&mut padded);
            padded
        });
        let expected: Vec<f32> = (0..5 * 39)
            .map(|j| {
                let (y, z) = (j / 39, j % 39);
                let row = |n: usize| (y + n / 3 % 3).saturating_sub(1).min(4) * shape.stride();
                let mut all: Vec<f32> = (0..27).map(|n| planes[n / 9][row(n) + z + n % 3]).collect();
                all.sort_by(f32::total_cmp);
                all[13]
            })
            .collect();
        for level in Level::available() {
            let mut out = vec![f32::NAN; 5 * 39];
            median_plane(level, shape, [&planes[0], &planes[1], &planes[2]], &mut out);
            assert_eq!(out, expected, "{level:?}");
        }
    }
}
