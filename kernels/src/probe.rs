//! What one core of the machine can do: fused multiply-adds per second, and bytes per second read from each level of
//! memory.
//!
//! The figures stand beside the projector's throughput in `coincide bench`, so that it can be judged as a share of the
//! limit.

use crate::lanes::{Lanes, Portable};
use crate::{AlignedBuffer, Level};
use std::hint::black_box;
use std::time::Instant;

/// Multiply-adds (of single floats) per second, best of several short runs.
pub fn multiply_adds_per_second(level: Level) -> f64 {
    const ROUNDS: usize = 4_000_000;
    let lanes = lanes(level);
    best(|| {
        // SAFETY: `level` is one the machine has (caller asks for `Level::best()` or one of `Level::available()`).
        black_box(unsafe { at_level(level, Work::MultiplyAdd(ROUNDS)) });
        (ROUNDS * CHAINS * lanes) as f64
    })
}

/// Bytes per second read from a buffer of `bytes` bytes, best of several runs: 16 KiB for the first level of cache, 256
/// KiB for the second, far above the last level for memory.
pub fn bytes_read_per_second(level: Level, bytes: usize) -> f64 {
    let buffer = AlignedBuffer::zeros((bytes / 4).next_multiple_of(CHAINS * 16));
    let floats = buffer.as_slice();
    let rounds = (256usize << 20).div_ceil(bytes).max(1);
    best(|| {
        for _ in 0..rounds {
            // SAFETY: as above.
            black_box(unsafe { at_level(level, Work::Read(black_box(floats))) });
        }
        (rounds * floats.len() * 4) as f64
    })
}

/// Independent chains, enough to hide the latency of a multiply-add.
const CHAINS: usize = 12;

fn best(mut run: impl FnMut() -> f64) -> f64 {
    let rate = |run: &mut dyn FnMut() -> f64| {
        let start = Instant::now();
        let done = run();
        done / start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| rate(&mut run)).fold(0.0, f64::max)
}

fn lanes(level: Level) -> usize {
    match level {
        Level::Portable => 4,
        Level::Avx2 => 8,
        Level::Avx512 => 16,
    }
}

enum Work<'a> {
    MultiplyAdd(usize),
    Read(&'a [f32]),
}

unsafe fn at_level(level: Level, work: Work) -> f32 {
    // SAFETY: the machine has `level` (caller).
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => at_avx512(work),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => at_avx2(work),
            _ => perform::<Portable>(work),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn at_avx512(work: Work) -> f32 {
    // SAFETY: the features are those of the lanes.
    unsafe { perform::<crate::lanes::Avx512>(work) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn at_avx2(work: Work) -> f32 {
    // SAFETY: the features are those of the lanes.
    unsafe { perform::<crate::lanes::Avx2>(work) }
}

#[inline(always)]
unsafe fn perform<L: Lanes>(work: Work) -> f32 {
    // SAFETY: the machine has the level of `L` (caller); reads stay inside the slice.
    unsafe {
        let mut sums = [L::splat(1.0); CHAINS];
        match work {
            Work::MultiplyAdd(rounds) => {
                let (factor, term) = (L::splat(black_box(0.999)), L::splat(black_box(0.001)));
                for _ in 0..rounds {
                    for sum in &mut sums {
                        *sum = sum.mul_add(factor, term);
                    }
                }
            }
            Work::Read(floats) => {
                for chunk in floats.chunks_exact(CHAINS * L::COUNT) {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = sum.add(L::load(chunk.as_ptr().add(v * L::COUNT)));
                    }
                }
            }
        }
        let mut out = [0.0; 16];
        for sum in sums {
            sum.add(L::load(out.as_ptr())).store(out.as_mut_ptr());
        }
        out[0]
    }
}
