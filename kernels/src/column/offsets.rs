//! Where each step of a line reads the rows of a run: lattice index m and share f of the next point.

use super::lattice::Lattice;
use super::limits::MOST_STEPS;
use super::{Run, Walk};

/// How the lattice offset of one run's planes goes along one line: o(t) = `base` + `start` + t · `step`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slope {
    base: i32,
    start: f32,
    step: f32,
    /// Length of line per step in mm.
    pub(super) step_mm: f32,
}

impl Slope {
    #[inline(always)]
    pub(super) fn new(walk: &Walk, run: &Run) -> Self {
        let step = walk.share_step * run.tilt;
        let start = run.middle + (walk.share_start - 0.5) * run.tilt;
        // Positions are taken relative to the lattice point below step 0, so that f32 keeps its digits for the share.
        let base = start.floor();
        // Offsets are worked out for whole vectors of steps. Empty walks, which have none, may have any slope.
        let reach = start.abs() + step.abs() * (walk.end + TOGETHER) as f64;
        assert!(walk.is_empty() || reach <= MOST_STEPS as f64, "{walk:?} lies {reach} points beside the image");
        Self {
            base: base as i32,
            start: (start - base) as f32,
            step: step as f32,
            step_mm: walk.step_mm(run.dz_mm) as f32,
        }
    }

    /// Whether the offset falls along the line, so that its steps are taken from last to first.
    #[inline(always)]
    pub(super) fn backwards(&self) -> bool {
        self.step < 0.0
    }
}

/// Offsets of consecutive steps in the order in which m rises.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets {
    pub(super) index: Vec<i32>,
    pub(super) share: Vec<f32>,
    /// Positions of the points m and m + 1 in a row.
    pub(super) points: Vec<[i32; 2]>,
}

/// Largest f32 below 1. No share is larger anyway, but with this bound in the loop below the projections were measured
/// to be up to a fifth faster.
const LARGEST_SHARE: f32 = 1.0 - f32::EPSILON / 2.0;

/// Offsets are worked out in whole vectors of this many.
const TOGETHER: usize = 16;

impl Offsets {
    pub(super) fn with_capacity(steps: usize) -> Self {
        let steps = steps.next_multiple_of(TOGETHER);
        Self { index: vec![0; steps], share: vec![0.0; steps], points: vec![[0; 2]; steps] }
    }

    /// Fills in the offsets of the steps `from..to`.
    #[inline(always)]
    pub(super) fn fill(&mut self, slope: &Slope, from: usize, to: usize) {
        let (first, direction) = if slope.backwards() { (to as i32 - 1, -1) } else { (from as i32, 1) };
        let steps = (to - from).next_multiple_of(TOGETHER);
        let chunks = self.index[..steps].chunks_exact_mut(TOGETHER).zip(self.share[..steps].chunks_exact_mut(TOGETHER));
        for (chunk, (index, share)) in chunks.enumerate() {
            for s in 0..TOGETHER {
                let t = first + direction * (chunk * TOGETHER + s) as i32;
                let offset = slope.start + slope.step * t as f32;
                // SAFETY: |offset| is below 2²³, as the slope was checked at all steps up to the end of the walk.
                let whole = unsafe { offset.to_int_unchecked::<i32>() };
                let whole = whole - i32::from((whole as f32) > offset);
                index[s] = slope.base + whole;
                share[s] = (offset - whole as f32).min(LARGEST_SHARE);
            }
        }
    }

    /// Fills in the positions of the first `steps` points, which [`Offsets::fill`] has numbered.
    #[inline(always)]
    pub(super) fn point(&mut self, steps: usize, lattice: &Lattice) {
        let steps = steps.next_multiple_of(TOGETHER);
        let (phases, stride) = (lattice.phases as i32, lattice.phase_stride as i32);
        let per_phase = (phases as f32).recip();
        for ([low, high], &m) in self.points[..steps].iter_mut().zip(&self.index[..steps]) {
            // Numbers of points are at most 2²², so that the quotient is exact.
            let quotient = (m as f32 + 0.5) * per_phase;
            // SAFETY: the quotient is no larger than m.
            let whole = unsafe { quotient.to_int_unchecked::<i32>() };
            let whole = whole - i32::from((whole as f32) > quotient);
            let phase = m - whole * phases;
            *low = phase * stride + whole;
            *high = if phase + 1 == phases { whole + 1 } else { *low + stride };
        }
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
