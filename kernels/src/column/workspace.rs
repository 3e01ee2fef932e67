//! Scratch memory of one thread.

use super::Plan;
use super::offsets::Offsets;
use super::plan::widest;
use crate::AlignedBuffer;

/// Scratch memory for one thread that projects with one [`Plan`].
pub struct Workspace {
    /// Rows of a block of steps, `[step][phase][point]`, zero margins included.
    pub(super) rows: AlignedBuffer,
    /// The same for back projection, whose margins are not kept at zero.
    pub(super) back_rows: AlignedBuffer,
    pub(super) offsets: Offsets,
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
            weights: vec![0.0; plan.block],
            voxels: vec![0.0; plan.grid.shape[2] + 2],
            sums: AlignedBuffer::zeros(lanes * vectors),
            padded: AlignedBuffer::zeros(3 * padding(lanes, vectors)),
        }
    }
}

/// Zeros on each side of the planes of a run; no fewer than its planes.
pub(super) fn padding(lanes: usize, vectors: usize) -> usize {
    lanes * (vectors + 1)
}
