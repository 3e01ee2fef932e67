//! A vector of floats per SIMD level, with the few operations the kernels need.
//!
//! Every method is `#[inline(always)]` without `target_feature`: it takes the features of the function it is inlined
//! into, and must only be reached from one that has them.

/// `COUNT` floats side by side.
pub(crate) trait Lanes: Copy {
    /// Number of floats.
    const COUNT: usize;
    /// Vectors of planes that a kernel keeps in registers.
    const VECTORS: usize;
    /// Vectors of planes that a kernel keeps in registers for each of eight TOF bins.
    const BUNDLE: usize;
    /// Fewer lanes of the same level, for what is short: a narrow vector seldom lies across two cache lines.
    type Narrow: Lanes;
    /// # Safety
    /// The machine has this level.
    unsafe fn splat(value: f32) -> Self;
    /// # Safety
    /// The machine has this level; `COUNT` floats at `from` may be read.
    unsafe fn load(from: *const f32) -> Self;
    /// # Safety
    /// The machine has this level; `COUNT` floats at `to` may be written.
    unsafe fn store(self, to: *mut f32);
    /// The first `count` < COUNT floats, zeros behind them.
    /// # Safety
    /// The machine has this level; `count` floats at `from` may be read.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    /// # Safety
    /// The machine has this level; `count` < COUNT floats at `to` may be written.
    unsafe fn store_first(self, to: *mut f32, count: usize);
    /// # Safety
    /// The machine has this level.
    unsafe fn add(self, other: Self) -> Self;
    /// # Safety
    /// The machine has this level.
    unsafe fn sub(self, other: Self) -> Self;
    /// # Safety
    /// The machine has this level.
    unsafe fn mul(self, other: Self) -> Self;
    /// The bits that both have.
    /// # Safety
    /// The machine has this level.
    unsafe fn and(self, other: Self) -> Self;
    /// self · factor + term
    /// # Safety
    /// The machine has this level.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// The smaller of each pair of lanes.
    /// # Safety
    /// The machine has this level.
    unsafe fn min(self, other: Self) -> Self;
    /// The greater of each pair of lanes.
    /// # Safety
    /// The machine has this level.
    unsafe fn max(self, other: Self) -> Self;
    /// Lanes moved up by one; lane 0 becomes the last lane of `below`.
    /// # Safety
    /// The machine has this level.
    unsafe fn moved_up(self, below: Self) -> Self;
    /// Lanes moved down by one; the last lane becomes lane 0 of `above`.
    /// # Safety
    /// The machine has this level.
    unsafe fn moved_down(self, above: Self) -> Self;
}

/// All bits of the first `count` lanes, none of the others; of all lanes where there are fewer.
///
/// # Safety
/// The machine has this level.
#[inline(always)]
pub(crate) unsafe fn first_lanes<L: Lanes>(count: usize) -> L {
    const MOST: usize = 16;
    const BITS: [u32; 2 * MOST] = {
        let mut bits = [0; 2 * MOST];
        let mut n = 0;
        while n < MOST {
            bits[n] = u32::MAX;
            n += 1;
        }
        bits
    };
    // SAFETY: a vector has at most 16 lanes, so that it ends within the table.
    unsafe { L::load(BITS.as_ptr().add(MOST - count.min(MOST)).cast()) }
}

/// Plain arrays, which the compiler turns into SSE2 or NEON.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 4]);

impl Lanes for Portable {
    const COUNT: usize = 4;
    const VECTORS: usize = 12;
    const BUNDLE: usize = 1;
    type Narrow = Self;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: four floats may be read (caller); unaligned reads are allowed.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: four floats may be written (caller).
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: only the first `count` floats are read.
        Self(std::array::from_fn(|lane| if lane < count { unsafe { *from.add(lane) } } else { 0.0 }))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        for (lane, value) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: `count` floats may be written (caller).
            unsafe { *to.add(lane) = value }
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * other.0[lane]))
    }
    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| f32::from_bits(self.0[lane].to_bits() & other.0[lane].to_bits())))
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        // Not `f32::mul_add`: without the instruction it is a slow library call.
        Self(std::array::from_fn(|lane| self.0[lane] * factor.0[lane] + term.0[lane]))
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // Not `f32::min`, which treats NaN in another way than the instruction does.
        Self(std::array::from_fn(|lane| if self.0[lane] < other.0[lane] { self.0[lane] } else { other.0[lane] }))
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| if self.0[lane] > other.0[lane] { self.0[lane] } else { other.0[lane] }))
    }
    #[inline(always)]
    unsafe fn moved_up(self, below: Self) -> Self {
        Self([below.0[3], self.0[0], self.0[1], self.0[2]])
    }
    #[inline(always)]
    unsafe fn moved_down(self, above: Self) -> Self {
        Self([self.0[1], self.0[2], self.0[3], above.0[0]])
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64::*;

    /// 16 lanes.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512);

    // SAFETY of every block below: the caller vouches for the level (avx512f) and for the memory (trait contract).
    impl Lanes for Avx512 {
        const COUNT: usize = 16;
        const VECTORS: usize = 9;
        const BUNDLE: usize = 2;
        type Narrow = Avx2;
        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_set1_ps(value) })
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: see above.
            unsafe { _mm512_storeu_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self {
            // SAFETY: see above; masked-off lanes are not touched.
            Self(unsafe { _mm512_maskz_loadu_ps((1u16 << count) - 1, from) })
        }
        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            // SAFETY: see above; masked-off lanes are not touched.
            unsafe { _mm512_mask_storeu_ps(to, (1u16 << count) - 1, self.0) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_sub_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_mul_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn min(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_min_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn max(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_max_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn and(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let bits = _mm512_and_si512(_mm512_castps_si512(self.0), _mm512_castps_si512(other.0));
                Self(_mm512_castsi512_ps(bits))
            }
        }
        #[inline(always)]
        unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
        }
        #[inline(always)]
        unsafe fn moved_up(self, below: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let (high, low) = (_mm512_castps_si512(self.0), _mm512_castps_si512(below.0));
                Self(_mm512_castsi512_ps(_mm512_alignr_epi32::<15>(high, low)))
            }
        }
        #[inline(always)]
        unsafe fn moved_down(self, above: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let (high, low) = (_mm512_castps_si512(above.0), _mm512_castps_si512(self.0));
                Self(_mm512_castsi512_ps(_mm512_alignr_epi32::<1>(high, low)))
            }
        }
    }

    /// 8 lanes with fused multiply-add.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256);

    #[inline(always)]
    unsafe fn first_mask(count: usize) -> __m256i {
        const MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        // SAFETY: count <= 8, so eight entries from 8 − count lie inside the table.
        unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - count).cast()) }
    }

    // SAFETY of every block below: the caller vouches for the level (avx2, fma) and for the memory (trait contract).
    impl Lanes for Avx2 {
        const COUNT: usize = 8;
        const VECTORS: usize = 12;
        const BUNDLE: usize = 1;
        type Narrow = super::Portable;
        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_set1_ps(value) })
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: see above.
            unsafe { _mm256_storeu_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self {
            // SAFETY: see above; masked-off lanes are not touched.
            Self(unsafe { _mm256_maskload_ps(from, first_mask(count)) })
        }
        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            // SAFETY: see above; masked-off lanes are not touched.
            unsafe { _mm256_maskstore_ps(to, first_mask(count), self.0) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_sub_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_mul_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn min(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_min_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn max(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_max_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn and(self, other: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_and_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, term.0) })
        }
        #[inline(always)]
        unsafe fn moved_up(self, below: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let (high, low) = (_mm256_castps_si256(self.0), _mm256_castps_si256(below.0));
                let middle = _mm256_permute2x128_si256::<0x21>(low, high);
                Self(_mm256_castsi256_ps(_mm256_alignr_epi8::<12>(high, middle)))
            }
        }
        #[inline(always)]
        unsafe fn moved_down(self, above: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let (high, low) = (_mm256_castps_si256(above.0), _mm256_castps_si256(self.0));
                let middle = _mm256_permute2x128_si256::<0x21>(low, high);
                Self(_mm256_castsi256_ps(_mm256_alignr_epi8::<4>(middle, low)))
            }
        }
    }
}
