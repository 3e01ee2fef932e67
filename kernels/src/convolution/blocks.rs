//! One row of a convolution, block by block: a few voxels along z × a few vectors of output channels stay in registers
//! while all taps and inputs pass. With one output channel the vectors run along the inputs instead.
//!
//! No closures, as those of `array::from_fn`: what they call would not be inlined with the caller's instruction set.

use crate::Level;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512};
use crate::lanes::{Lanes, Portable};

/// Output channels that lie side by side in the packed weights.
pub(super) const GROUP: usize = 16;

/// What the kernels read. Every plane that is there holds `rows` rows from `first` on.
pub(super) struct Input<'a> {
    pub planes: &'a [Option<&'a [f32]>],
    /// Of the row under the first tap along y.
    pub first: usize,
    /// Floats from the row of one tap to that of the next.
    pub row_stride: usize,
    /// Taps along y.
    pub rows: usize,
    /// Floats from a voxel to the next.
    pub stride: usize,
    /// Runs of contiguous floats that the taps along z read for one voxel, how far apart they begin, and how long they
    /// are.
    pub runs: usize,
    pub run_stride: usize,
    pub run: usize,
    /// Packed as [`super::Filter`] says.
    pub weights: &'a [f32],
}

/// Output voxels of a block: as many as leave registers for the weights and one input.
const fn positions(lanes: usize) -> usize {
    if lanes == 16 { 12 } else { 6 }
}

/// Makes a row whose voxels have `channels` floats.
pub(super) fn row(level: Level, input: &Input, channels: usize, relu: bool, out: &mut [f32]) {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this level is only found on machines that have it; the filter checked the sizes.
        Level::Avx512 => unsafe { row_avx512(input, channels, relu, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { row_avx2(input, channels, relu, out) },
        // SAFETY: as above; every machine has this level.
        _ => unsafe { row_of::<Portable>(input, channels, relu, out) },
    }
}

/// # Safety
/// As [`row_of`]; the machine has AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn row_avx512(input: &Input, channels: usize, relu: bool, out: &mut [f32]) {
    // SAFETY: the caller's.
    unsafe { row_of::<Avx512>(input, channels, relu, out) }
}

/// # Safety
/// As [`row_of`]; the machine has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn row_avx2(input: &Input, channels: usize, relu: bool, out: &mut [f32]) {
    // SAFETY: the caller's.
    unsafe { row_of::<Avx2>(input, channels, relu, out) }
}

/// # Safety
/// The machine has the level; the planes hold the rows, the weights are packed for `channels`, which divides the row.
#[inline(always)]
unsafe fn row_of<L: Lanes>(input: &Input, channels: usize, relu: bool, out: &mut [f32]) {
    let (voxels, most) = (out.len() / channels, positions(L::COUNT));
    // Blocks of equal size, or one less.
    let blocks = voxels.div_ceil(most);
    let mut z = 0;
    for block in 0..blocks {
        let count = (voxels - z) / (blocks - block);
        // SAFETY: the voxels z..z + count lie in the row.
        unsafe {
            let out = out.as_mut_ptr().add(z * channels);
            if channels == 1 {
                dots::<L>(input, z, count, relu, out)
            } else {
                sums::<L>(input, z, count, channels, relu, out)
            }
        }
        z += count;
    }
}

/// Calls a kernel whose number of voxels is a constant.
macro_rules! of_count {
    ($count:expr, $kernel:ident::<$lanes:ident $(, $vectors:literal)?>($($argument:expr),*)) => {
        match $count {
            1 => $kernel::<$lanes, $($vectors,)? 1>($($argument),*),
            2 => $kernel::<$lanes, $($vectors,)? 2>($($argument),*),
            3 => $kernel::<$lanes, $($vectors,)? 3>($($argument),*),
            4 => $kernel::<$lanes, $($vectors,)? 4>($($argument),*),
            5 => $kernel::<$lanes, $($vectors,)? 5>($($argument),*),
            6 => $kernel::<$lanes, $($vectors,)? 6>($($argument),*),
            7 if $lanes::COUNT == 16 => $kernel::<$lanes, $($vectors,)? 7>($($argument),*),
            8 if $lanes::COUNT == 16 => $kernel::<$lanes, $($vectors,)? 8>($($argument),*),
            9 if $lanes::COUNT == 16 => $kernel::<$lanes, $($vectors,)? 9>($($argument),*),
            10 if $lanes::COUNT == 16 => $kernel::<$lanes, $($vectors,)? 10>($($argument),*),
            11 if $lanes::COUNT == 16 => $kernel::<$lanes, $($vectors,)? 11>($($argument),*),
            12 if $lanes::COUNT == 16 => $kernel::<$lanes, $($vectors,)? 12>($($argument),*),
            count => unreachable!("a block of {count} voxels"),
        }
    };
}

/// `count` voxels from `z` on, all their channels.
///
/// # Safety
/// As [`row_of`]; the voxels lie in the row, `out` is where they begin.
#[inline(always)]
unsafe fn sums<L: Lanes>(input: &Input, z: usize, count: usize, channels: usize, relu: bool, out: *mut f32) {
    let group = input.planes.len() * input.rows * input.runs * input.run * GROUP;
    let mut channel = 0;
    while channel < channels {
        // SAFETY: both vectors lie within the channels and their packed weights.
        unsafe {
            let weights = input.weights.as_ptr().add(channel / GROUP * group + channel % GROUP);
            let out = out.add(channel);
            if L::COUNT < GROUP {
                of_count!(count, sums_of::<L, 2>(input, z, weights, L::COUNT, channels, relu, out));
                channel += 2 * L::COUNT;
            } else if channel + GROUP < channels {
                of_count!(count, sums_of::<L, 2>(input, z, weights, group, channels, relu, out));
                channel += 2 * GROUP;
            } else {
                of_count!(count, sums_of::<L, 1>(input, z, weights, group, channels, relu, out));
                channel += GROUP;
            }
        }
    }
}

/// V vectors of channels of P voxels. The weights of vector v lie `v · between` floats behind those of the first.
///
/// # Safety
/// As [`sums`].
#[inline(always)]
unsafe fn sums_of<L: Lanes, const V: usize, const P: usize>(
    input: &Input,
    z: usize,
    weights: *const f32,
    between: usize,
    channels: usize,
    relu: bool,
    out: *mut f32,
) {
    // SAFETY: the level and the sizes are the caller's.
    unsafe {
        let zero = L::splat(0.0);
        let mut sums = [[zero; V]; P];
        for (a, plane) in input.planes.iter().enumerate() {
            let Some(plane) = plane else { continue };
            for b in 0..input.rows {
                let from = plane.as_ptr().add(input.first + b * input.row_stride + z * input.stride);
                for c in 0..input.runs {
                    let from = from.add(c * input.run_stride);
                    let weights = weights.add(((a * input.rows + b) * input.runs + c) * input.run * GROUP);
                    for j in 0..input.run {
                        let mut weight = [zero; V];
                        for (v, weight) in weight.iter_mut().enumerate() {
                            *weight = L::load(weights.add(j * GROUP + v * between));
                        }
                        for (p, sums) in sums.iter_mut().enumerate() {
                            let value = L::splat(*from.add(p * input.stride + j));
                            for (sum, weight) in sums.iter_mut().zip(&weight) {
                                *sum = value.mul_add(*weight, *sum);
                            }
                        }
                    }
                }
            }
        }
        for (p, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                // In this order a NaN stays one.
                let sum = if relu { zero.max(*sum) } else { *sum };
                sum.store(out.add(p * channels + v * L::COUNT));
            }
        }
    }
}

/// `count` voxels from `z` on, of one channel.
///
/// # Safety
/// As [`row_of`]; the voxels lie in the row, `out` is where they begin.
#[inline(always)]
unsafe fn dots<L: Lanes>(input: &Input, z: usize, count: usize, relu: bool, out: *mut f32) {
    // SAFETY: the caller's.
    unsafe { of_count!(count, dots_of::<L>(input, z, relu, out)) }
}

/// Scalar products of the weights with the runs of P voxels.
///
/// # Safety
/// As [`dots`].
#[inline(always)]
unsafe fn dots_of<L: Lanes, const P: usize>(input: &Input, z: usize, relu: bool, out: *mut f32) {
    let (whole, rest) = (input.run / L::COUNT * L::COUNT, input.run % L::COUNT);
    // SAFETY: the level and the sizes are the caller's; nothing is read behind the last run.
    unsafe {
        let mut sums = [L::splat(0.0); P];
        for (a, plane) in input.planes.iter().enumerate() {
            let Some(plane) = plane else { continue };
            for b in 0..input.rows {
                let from = plane.as_ptr().add(input.first + b * input.row_stride + z * input.stride);
                let packed = (input.runs * input.run).next_multiple_of(GROUP);
                for c in 0..input.runs {
                    let from = from.add(c * input.run_stride);
                    let weights = input.weights.as_ptr().add((a * input.rows + b) * packed + c * input.run);
                    for j in (0..whole).step_by(L::COUNT) {
                        let weight = L::load(weights.add(j));
                        for (p, sum) in sums.iter_mut().enumerate() {
                            *sum = L::load(from.add(p * input.stride + j)).mul_add(weight, *sum);
                        }
                    }
                    if rest > 0 {
                        let weight = L::load_first(weights.add(whole), rest);
                        for (p, sum) in sums.iter_mut().enumerate() {
                            *sum = L::load_first(from.add(p * input.stride + whole), rest).mul_add(weight, *sum);
                        }
                    }
                }
            }
        }
        for (p, sum) in sums.iter().enumerate() {
            let sum = total(*sum);
            *out.add(p) = if relu && sum < 0.0 { 0.0 } else { sum };
        }
    }
}

/// Sum of all lanes, halves upon halves.
///
/// # Safety
/// The machine has the level.
#[inline(always)]
unsafe fn total<L: Lanes>(vector: L) -> f32 {
    let mut lanes = [0.0_f32; GROUP];
    // SAFETY: no level has more lanes.
    unsafe { vector.store(lanes.as_mut_ptr()) };
    let mut half = L::COUNT / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}
