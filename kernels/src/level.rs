//! SIMD levels, found once at run time. The environment variable `COINCIDE_LEVEL` can only lower the level.

use std::sync::OnceLock;

/// Instruction sets the kernels are compiled for, in rising order.
///
/// What a value names the machine has: those above [`Level::Portable`] come from [`Level::available`] and
/// [`Level::best`] alone, which have looked.
///
/// ```compile_fail
/// let level = coincide_kernels::Level::Avx512;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever the target guarantees (SSE2 on x86-64, NEON on aarch64).
    Portable,
    /// 8 lanes with fused multiply-add.
    #[non_exhaustive]
    Avx2,
    /// 16 lanes.
    #[non_exhaustive]
    Avx512,
}

impl Level {
    /// All levels this machine has, lowest first.
    pub fn available() -> impl Iterator<Item = Level> {
        let best = detected();
        [Self::Portable, Self::Avx2, Self::Avx512].into_iter().filter(move |&level| level <= best)
    }

    /// The level to use: the machine's best, or less where `COINCIDE_LEVEL` (`portable`, `avx2`, `avx512`) says so.
    pub fn best() -> Level {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        *LEVEL.get_or_init(|| {
            let name = std::env::var("COINCIDE_LEVEL").unwrap_or_default();
            let asked = [Self::Portable, Self::Avx2, Self::Avx512].into_iter().find(|level| level.name() == name);
            asked.map_or(detected(), |level| level.min(detected()))
        })
    }

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

impl Level {
    /// Runs `work`, whose loops the compiler turns into vectors of this level. What `work` calls must be inlined into
    /// it.
    #[inline(always)]
    pub fn vectorised<R>(self, work: impl FnOnce() -> R) -> R {
        match self {
            // SAFETY: these levels are only found on machines that have them.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { with_avx512(work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 => unsafe { with_avx2(work) },
            _ => work(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

fn detected() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        let narrower = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        if narrower && is_x86_feature_detected!("avx512f") {
            return Level::Avx512;
        }
        if narrower {
            return Level::Avx2;
        }
    }
    Level::Portable
}
