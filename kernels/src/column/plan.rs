//! What all transaxial lines of a sinogram share: lattice, runs, SIMD level.

use super::bundles::{Bundle, bundles};
use super::groups::{PlaneLine, groups};
use super::lattice::Lattice;
use super::limits::check;
use super::regions::Regions;
use super::runs::{Run, runs};
use super::tof::TofKernel;
use super::widths::Widths;
use crate::Level;
use crate::joseph::Grid;
use std::sync::atomic::{AtomicU64, Ordering};

/// Everything the kernels need besides the line itself.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which plan this is, and all copies of it.
    pub(super) number: u64,
    pub(super) grid: Grid,
    pub(super) level: Level,
    pub(super) lattice: Lattice,
    pub(super) runs: Vec<Run>,
    pub(super) regions: Regions,
    /// With TOF: runs that go together, and the lanes that they have.
    pub(super) bundles: Vec<Bundle>,
    pub(super) bundle_lanes: usize,
    pub(super) planes: usize,
    pub(super) tof: Option<TofKernel>,
    /// Steps whose rows are kept in the first-level cache while all runs pass.
    pub(super) block: usize,
    /// Lines whose sums are kept in the second-level cache while their blocks pass.
    pub(super) together: usize,
}

impl Plan {
    /// Plans the projection of `planes` through `grid` at a SIMD level.
    ///
    /// # Panics
    /// Where the numbers are not finite, lengths are not positive, or the rows of the grid have more points than can be
    /// counted with: the grid is very much finer than the planes are apart, or the other way round.
    pub fn new(grid: Grid, planes: &[PlaneLine], tof: Option<TofKernel>, level: Level) -> Self {
        static PLANS: AtomicU64 = AtomicU64::new(0);
        check(&grid, planes);
        let Widths { lanes, vectors, bundle } = Widths::of(level);
        let most = if tof.is_some() { bundle } else { vectors - 1 };
        let groups = groups(planes);
        let longest = groups.iter().map(|group| group.count).max().unwrap_or(1).min(most * lanes);
        let lattice = Lattice::new(&grid, &groups, lanes, (longest.div_ceil(lanes) + 2) * lanes);
        let runs = runs(&groups, planes, &lattice, most * lanes);
        let steps = grid.shape[0].max(grid.shape[1]);
        let block = (BLOCK_FLOATS / (lattice.length * lattice.phases)).clamp(8, steps.max(8));
        let regions = Regions::new(&runs, level);
        let together = (SUM_FLOATS / regions.length.max(1)).max(1);
        let bundles = if tof.is_some() { bundles(&runs, bundle * lanes) } else { Vec::new() };
        Self {
            number: PLANS.fetch_add(1, Ordering::Relaxed),
            grid,
            level,
            lattice,
            runs,
            regions,
            bundles,
            bundle_lanes: bundle * lanes,
            planes: planes.len(),
            tof,
            block,
            together,
        }
    }

    /// Number of planes.
    pub fn planes(&self) -> usize {
        self.planes
    }

    /// Number of TOF bins, 1 without TOF.
    pub fn tof_bins(&self) -> usize {
        self.tof.as_ref().map_or(1, TofKernel::bins)
    }

    /// Voxels `[x, y, z]`.
    pub fn shape(&self) -> [usize; 3] {
        self.grid.shape
    }

    /// The runs, for inspection.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// SIMD level of the kernels.
    pub fn level(&self) -> Level {
        self.level
    }
}

/// Floats of a block of rows: 12 KiB of the 32 to 48 KiB of a first-level cache, as their voxels pass through it too.
const BLOCK_FLOATS: usize = 3072;

/// Floats of the sums of lines that go together: half of the 2 MiB of a second-level cache.
const SUM_FLOATS: usize = 1 << 18;
