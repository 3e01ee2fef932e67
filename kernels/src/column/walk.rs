//! One transaxial line as steps along its principal axis.

use crate::joseph::Grid;
use std::ops::Range;

/// A transaxial axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Steps go along x.
    X,
    /// Steps go along y.
    Y,
}

/// The steps of one transaxial line: at step t (an index along the principal axis) it crosses the other axis at the
/// continuous voxel index `side_start + t · side_step` and has come the share `share_start + t · share_step` of its way
/// from detector A to B.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Principal axis.
    pub axis: Axis,
    /// First step that touches the image.
    pub first: usize,
    /// One past the last step that touches the image.
    pub end: usize,
    pub(super) side_start: f64,
    pub(super) side_step: f64,
    pub(super) share_start: f64,
    pub(super) share_step: f64,
    /// Transaxial length of the line in mm.
    pub(super) length_mm: f64,
    /// Voxel size along the principal axis over the line's extent along it: the share of the line per step.
    pub(super) share_per_step: f64,
}

impl Walk {
    /// The walk of the line from `a` to `b` (x, y in mm) through the grid.
    pub fn new(grid: &Grid, a: [f64; 2], b: [f64; 2]) -> Self {
        let direction = [b[0] - a[0], b[1] - a[1]];
        let (axis, main, side) =
            if direction[0].abs() >= direction[1].abs() { (Axis::X, 0, 1) } else { (Axis::Y, 1, 0) };
        let share_step = grid.voxel_mm[main] / direction[main];
        let share_start = (grid.origin_mm[main] - a[main]) / direction[main];
        let side_step = share_step * direction[side] / grid.voxel_mm[side];
        let side_start = (a[side] + share_start * direction[side] - grid.origin_mm[side]) / grid.voxel_mm[side];
        let mut walk = Self {
            axis,
            first: 0,
            end: 0,
            side_start,
            side_step,
            share_start,
            share_step,
            length_mm: (direction[0] * direction[0] + direction[1] * direction[1]).sqrt(),
            share_per_step: share_step.abs(),
        };
        (walk.first, walk.end) = walk.touching(grid.shape[main], grid.shape[side]);
        walk
    }

    /// Steps whose sample lies between the detectors and less than one voxel outside the image.
    fn touching(&self, steps: usize, side: usize) -> (usize, usize) {
        let inside = |step: usize| {
            let (share, at) = (self.share(step), self.side(step));
            (0.0..=1.0).contains(&share) && at > -1.0 && at < side as f64
        };
        let (mut low, mut high) = (0.0_f64, steps as f64);
        for (start, step, from, to) in
            [(self.share_start, self.share_step, 0.0, 1.0), (self.side_start, self.side_step, -1.0, side as f64)]
        {
            if step != 0.0 {
                let ends = [(from - start) / step, (to - start) / step];
                low = low.max(ends[0].min(ends[1]));
                high = high.min(ends[0].max(ends[1]) + 1.0);
            }
        }
        // The bounds are rounded outwards; the exact test decides at both ends.
        let mut first = low.floor().clamp(0.0, steps as f64) as usize;
        let mut end = high.ceil().clamp(0.0, steps as f64) as usize;
        while first < end && !inside(first) {
            first += 1;
        }
        while end > first && !inside(end - 1) {
            end -= 1;
        }
        (first, end.max(first))
    }

    /// Whether the line misses the image.
    pub(super) fn is_empty(&self) -> bool {
        self.first >= self.end
    }

    /// Those steps of a block, `from..to`, that touch the image.
    pub(super) fn within(&self, block: &Range<usize>) -> (usize, usize) {
        (self.first.max(block.start), self.end.min(block.end))
    }

    /// Share of the way from A to B at a step.
    #[inline(always)]
    pub(super) fn share(&self, step: usize) -> f64 {
        self.share_start + step as f64 * self.share_step
    }

    /// Continuous voxel index along the other axis at a step.
    pub(super) fn side(&self, step: usize) -> f64 {
        self.side_start + step as f64 * self.side_step
    }

    /// The two voxel columns of a step and the weight of the second: `(j, g)`, columns j and j + 1 weigh 1 − g and g.
    pub(super) fn columns(&self, step: usize) -> (isize, f32) {
        let at = self.side(step);
        let low = at.floor();
        (low as isize, (at - low) as f32)
    }

    /// Length in mm of a line that rises by `dz_mm` between its detectors.
    #[inline(always)]
    pub(super) fn length(&self, dz_mm: f64) -> f64 {
        (self.length_mm * self.length_mm + dz_mm * dz_mm).sqrt()
    }

    /// Length of line per step in mm for a line that rises by `dz_mm` between its detectors.
    #[inline(always)]
    pub(super) fn step_mm(&self, dz_mm: f64) -> f64 {
        self.share_per_step * self.length(dz_mm)
    }
}

/// The steps of all walks along one axis.
pub(super) fn span<'a>(walks: impl Iterator<Item = &'a Walk>, axis: Axis) -> Range<usize> {
    let walks = walks.filter(|walk| walk.axis == axis && !walk.is_empty());
    let (first, end) = walks.fold((usize::MAX, 0), |(first, end), walk| (first.min(walk.first), end.max(walk.end)));
    first.min(end)..end
}
