//! Where each step of a line reads the rows of a run: lattice index m and share f of the next point.

use super::lattice::Lattice;
use super::{Run, Walk};

/// Offsets of consecutive steps in the order in which m rises.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets {
    pub(super) index: Vec<i32>,
    pub(super) share: Vec<f32>,
}

/// Keeps 1 − f well above the rounding error of a sum of rows, so that no sum of non-negative rows turns out negative.
const LARGEST_SHARE: f32 = 1.0 - 1.0 / 32768.0;

impl Offsets {
    pub(super) fn with_capacity(steps: usize) -> Self {
        Self { index: vec![0; steps], share: vec![0.0; steps] }
    }

    /// Fills in the offsets of the steps `from..to`; returns whether m rises from the last step to the first.
    #[inline(always)]
    pub(super) fn fill(&mut self, walk: &Walk, run: &Run, from: usize, to: usize) -> bool {
        let step = walk.share_step * run.tilt;
        let start = run.middle + (walk.share_start - 0.5) * run.tilt;
        let backwards = step < 0.0;
        // Positions are taken relative to the lattice point below step 0, so that f32 keeps its digits for the share.
        let base = start.floor();
        let (start, step) = ((start - base) as f32, step as f32);
        let base = base as i32;
        let (steps, last) = (to - from, to as i32 - 1);
        let (index, share) = (&mut self.index[..steps], &mut self.share[..steps]);
        for (s, (index, share)) in index.iter_mut().zip(share).enumerate() {
            let t = if backwards { last - s as i32 } else { from as i32 + s as i32 };
            let offset = start + step * t as f32;
            // SAFETY: |offset| is far below 2³¹: a line crosses at most some thousand lattice points.
            let whole = unsafe { offset.to_int_unchecked::<i32>() };
            let whole = whole - i32::from((whole as f32) > offset);
            *index = base + whole;
            *share = (offset - whole as f32).min(LARGEST_SHARE);
        }
        backwards
    }

    /// The steps (of those filled in) at which a run of `count` planes touches the rows.
    #[inline(always)]
    pub(super) fn crossing(&self, steps: usize, count: usize, lattice: &Lattice) -> std::ops::Range<usize> {
        let (phases, index) = (lattice.phases as i32, &self.index[..steps]);
        let (lowest, end) = (-(count as i32) * phases, lattice.length as i32 * phases);
        if index[0] >= lowest && index[steps - 1] < end {
            return 0..steps;
        }
        let from = index.partition_point(|&m| m < lowest);
        from..index.partition_point(|&m| m < end).max(from)
    }
}
