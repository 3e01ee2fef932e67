//! Scratch memory of one thread.

use super::Plan;
use super::offsets::{Offsets, Slope};
use super::plan::widest;
use super::{Run, Walk};
use crate::AlignedBuffer;

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
    /// Sums of one run before they go to its planes (forward).
    pub(super) sums: AlignedBuffer,
    /// Planes of one run between zeros (back).
    pub(super) padded: AlignedBuffer,
}

impl Workspace {
    /// Scratch memory for `plan`.
    pub fn new(plan: &Plan) -> Self {
        let (lanes, vectors) = widest(plan.level);
        let rows = AlignedBuffer::zeros(plan.block * plan.lattice.row_stride);
        Self {
            back_rows: rows.clone(),
            rows,
            offsets: Offsets::with_capacity(plan.block),
            slopes: vec![Slope::default(); plan.runs.len()],
            weights: vec![0.0; plan.block],
            voxels: vec![0.0; plan.grid.shape[2] + 2],
            sums: AlignedBuffer::zeros(lanes * vectors),
            padded: AlignedBuffer::zeros(3 * padding(lanes, vectors)),
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

/// Zeros on each side of the planes of a run; no fewer than its planes.
pub(super) fn padding(lanes: usize, vectors: usize) -> usize {
    lanes * (vectors + 1)
}
