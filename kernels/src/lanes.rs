//! A vector of floats per SIMD level, with the few operations the kernels need.
//!
//! Every method is `#[inline(always)]` without `target_feature`: it takes the features of the function it is inlined into,
//! and must only be reached from one that has them.

/// `COUNT` floats side by side.
pub(crate) trait Lanes: Copy {
    /// Number of floats.
    const COUNT: usize;
    /// Vectors of planes that a kernel keeps in registers.
    const VECTORS: usize;
    /// Lattice points per step above which moving registers along with the planes costs more than loads across cache lines;
    /// measured.
    const STEEP: f32;
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
    /// self · factor + term
    /// # Safety
    /// The machine has this level.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// How [`Lanes::load_at`] finds floats that lie across two vectors.
    type Shift: Copy;
    /// The shift by `by` <= COUNT floats.
    /// # Safety
    /// The machine has this level.
    unsafe fn shift(by: usize) -> Self::Shift;
    /// COUNT floats, the first of which lies `shift` behind `from`.
    /// # Safety
    /// The machine has this level; 2 COUNT floats at `from` may be read.
    unsafe fn load_at(from: *const f32, shift: Self::Shift) -> Self;
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
}

/// Plain arrays, which the compiler turns into SSE2 or NEON.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 4]);

impl Lanes for Portable {
    const COUNT: usize = 4;
    const VECTORS: usize = 12;
    const STEEP: f32 = 0.0;
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
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        // Not `f32::mul_add`: without the instruction it is a slow library call.
        Self(std::array::from_fn(|lane| self.0[lane] * factor.0[lane] + term.0[lane]))
    }
    type Shift = usize;
    #[inline(always)]
    unsafe fn shift(by: usize) -> usize {
        by
    }
    #[inline(always)]
    unsafe fn load_at(from: *const f32, shift: usize) -> Self {
        // SAFETY: COUNT floats behind the shift may be read (caller).
        unsafe { Self::load(from.add(shift)) }
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
        const STEEP: f32 = 0.6;
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
        unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
        }
        type Shift = __m512i;
        #[inline(always)]
        unsafe fn shift(by: usize) -> __m512i {
            // SAFETY: see above.
            unsafe {
                let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
                _mm512_add_epi32(lanes, _mm512_set1_epi32(by as i32))
            }
        }
        // Two loads on cache lines, which neighbouring vectors share, and a permutation: a load across two lines takes longer.
        #[inline(always)]
        unsafe fn load_at(from: *const f32, shift: __m512i) -> Self {
            // SAFETY: see above.
            unsafe { Self(_mm512_permutex2var_ps(_mm512_loadu_ps(from), shift, _mm512_loadu_ps(from.add(16)))) }
        }
        #[inline(always)]
        unsafe fn moved_up(self, below: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let (high, low) = (_mm512_castps_si512(self.0), _mm512_castps_si512(below.0));
                Self(_mm512_castsi512_ps(_mm512_alignr_epi32::<15>(high, low)))
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
        const STEEP: f32 = 0.0;
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
        unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, term.0) })
        }
        type Shift = usize;
        #[inline(always)]
        unsafe fn shift(by: usize) -> usize {
            by
        }
        #[inline(always)]
        unsafe fn load_at(from: *const f32, shift: usize) -> Self {
            // SAFETY: COUNT floats behind the shift may be read (caller).
            unsafe { Self::load(from.add(shift)) }
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
    }
}
