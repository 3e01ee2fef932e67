//! Scratch memory of one thread.

use super::Plan;
use super::offsets::{Offsets, Slope};
use super::plan::widest;
use super::{Run, Walk};
use crate::{AlignedBuffer, Level};

/// Scratch memory for one thread that projects with one [`Plan`].
pub struct Workspace {
    /// Rows of a block of steps, `[step][phase][point]`, zero margins included.
    pub(super) rows: AlignedBuffer,
    /// The same for back projection, whose margins are not kept at zero.
    pub(super) back_rows: AlignedBuffer,
    /// Offsets of one run.
    pub(super) offsets: Offsets,
    /// One slope per run, for the line at hand.
    pub(super) slopes: Vec<Slope>,
    /// TOF weights of the steps of one run and bin.
    pub(super) weights: Vec<f32>,
    /// One column of voxels with a zero at both ends, for resampling.
    pub(super) voxels: Vec<f32>,
    /// Sums of each run before they go to its planes (forward), in the plan's regions.
    pub(super) sums: AlignedBuffer,
    /// Planes of each run between zeros (back), in the plan's regions.
    pub(super) padded: AlignedBuffer,
}

impl Workspace {
    /// Scratch memory for `plan`.
    pub fn new(plan: &Plan) -> Self {
        let rows = AlignedBuffer::zeros(plan.block * plan.lattice.row_stride);
        Self {
            back_rows: rows.clone(),
            rows,
            offsets: Offsets::with_capacity(plan.block),
            slopes: vec![Slope::default(); plan.runs.len()],
            weights: vec![0.0; plan.block],
            voxels: vec![0.0; plan.grid.shape[2] + 2],
            sums: AlignedBuffer::zeros(plan.regions.length),
            padded: AlignedBuffer::zeros(plan.regions.length),
        }
    }
}

impl Workspace {
    /// Works out the slopes of all runs for a line.
    pub(super) fn prepare(&mut self, runs: &[Run], walk: &Walk) {
        for (slope, run) in self.slopes.iter_mut().zip(runs) {
            *slope = Slope::new(walk, run);
        }
    }
}

/// Where the planes of each run lie in an array that keeps room for whole vectors on both sides of them.
#[derive(Clone, Debug)]
pub(super) struct Regions {
    planes: Vec<usize>,
    length: usize,
}

impl Regions {
    pub(super) fn new(runs: &[Run], level: Level) -> Self {
        let (lanes, vectors) = widest(level);
        let (mut planes, mut at) = (Vec::new(), 0);
        for run in runs {
            // A window starts less than a vector before plane 0 and ends, where the run enters the image from below,
            // a run's length behind its last plane.
            at = (at + lanes + 1).next_multiple_of(16);
            planes.push(at);
            at += 2 * run.count + lanes * (vectors + 1);
        }
        Self { planes, length: at }
    }

    /// Position of plane 0 of a run.
    #[inline(always)]
    pub(super) fn planes(&self, run: usize) -> usize {
        self.planes[run]
    }
}
