//! How many planes a kernel takes.

use crate::Level;
use crate::lanes::Lanes;

/// What a level's kernels keep in registers.
pub(super) struct Widths {
    /// Lanes of a vector.
    pub lanes: usize,
    /// The most vectors of planes without TOF.
    pub vectors: usize,
    /// Vectors of planes of a bundle with TOF.
    pub bundle: usize,
}

impl Widths {
    pub(super) fn of(level: Level) -> Self {
        fn of<L: Lanes>() -> Widths {
            Widths { lanes: L::COUNT, vectors: L::VECTORS, bundle: L::BUNDLE }
        }
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => of::<crate::lanes::Avx512>(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => of::<crate::lanes::Avx2>(),
            _ => of::<crate::lanes::Portable>(),
        }
    }
}
