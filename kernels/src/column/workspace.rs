//! Scratch memory of one thread.

use super::Plan;
use super::offsets::{Offsets, Slope};
use super::plan::widest;
use super::tof::TofKernel;
use super::{Run, Walk};
use crate::{AlignedBuffer, Level};
use std::ops::Range;

/// Scratch memory for one thread that projects with one [`Plan`].
pub struct Workspace {
    /// Rows of a block of steps, `[step][phase][point]`, zero margins included.
    pub(super) rows: AlignedBuffer,
    /// The same for back projection, whose margins are not kept at zero.
    pub(super) back_rows: AlignedBuffer,
    /// Offsets of each run along the steps at hand.
    pub(super) offsets: Vec<Offsets>,
    /// Slopes `[line][run]` of the lines at hand.
    slopes: Vec<Slope>,
    /// TOF weights of the steps of a block.
    pub(super) weighed: Weights,
    /// One column of voxels with a zero at both ends, for resampling.
    pub(super) voxels: Vec<f32>,
    /// Sums of each line's runs before they go to its planes (forward), in the plan's regions.
    pub(super) sums: AlignedBuffer,
    /// Planes of each line's runs between zeros (back), in the plan's regions.
    pub(super) padded: AlignedBuffer,
}

impl Workspace {
    /// Scratch memory for `plan`.
    pub fn new(plan: &Plan) -> Self {
        let rows = AlignedBuffer::zeros(plan.lattice.margin + plan.block * plan.lattice.row_stride);
        Self {
            back_rows: rows.clone(),
            rows,
            offsets: vec![Offsets::with_capacity(plan.block); plan.runs.len()],
            slopes: Vec::new(),
            weighed: Weights::new(plan.tof.as_ref().map_or(0, TofKernel::bins), plan.block),
            voxels: vec![0.0; plan.grid.shape[2] + 2],
            sums: AlignedBuffer::zeros(0),
            padded: AlignedBuffer::zeros(0),
        }
    }
}

impl Workspace {
    /// Works out the slopes of all runs of some lines, and makes room for as many lines.
    pub(super) fn prepare<'a>(&mut self, plan: &Plan, walks: impl Iterator<Item = &'a Walk>) {
        self.slopes.clear();
        self.slopes.extend(walks.flat_map(|walk| plan.runs.iter().map(|run| Slope::new(walk, run))));
        let length = self.slopes.len() / plan.runs.len().max(1) * plan.regions.length;
        if self.sums.as_slice().len() < length {
            (self.sums, self.padded) = (AlignedBuffer::zeros(length), AlignedBuffer::zeros(length));
        }
    }

    /// Works out the offsets of all runs at the steps `from..to` of a line: before the first run passes, so that none waits
    /// for its own.
    #[inline(always)]
    pub(super) fn locate(&mut self, plan: &Plan, line: usize, from: usize, to: usize) {
        let slopes = &self.slopes[line * plan.runs.len()..];
        for (offsets, slope) in self.offsets.iter_mut().zip(slopes) {
            offsets.fill(slope, from, to);
        }
    }

    /// The slope of a run along a line.
    #[inline(always)]
    pub(super) fn slope(&self, plan: &Plan, line: usize, run: usize) -> &Slope {
        &self.slopes[line * plan.runs.len() + run]
    }
}

impl Workspace {
    /// Works out the TOF weights of the steps `from..to`, unless the run before had the same tilt.
    #[inline(always)]
    pub(super) fn weigh(&mut self, tof: &TofKernel, walk: &Walk, run: &Run, from: usize, to: usize) {
        if self.weighed.tilt_mm != Some(run.dz_mm) {
            self.weighed.fill(tof, walk, run, from, to);
        }
    }
}

/// TOF weights of the steps of a block, in the order of the offsets, for all runs of one tilt.
pub(super) struct Weights {
    tilt_mm: Option<f64>,
    /// `[bin][step]`
    weights: Vec<f32>,
    /// The steps that reach a bin.
    steps: Vec<Range<usize>>,
    block: usize,
}

impl Weights {
    fn new(bins: usize, block: usize) -> Self {
        Self { tilt_mm: None, weights: vec![0.0; bins * block], steps: vec![0..0; bins], block }
    }

    /// Forgets the weights of another block.
    pub(super) fn clear(&mut self) {
        self.tilt_mm = None;
    }

    // Kept out of the kernels, which are a tenth slower around it.
    #[inline(never)]
    fn fill(&mut self, tof: &TofKernel, walk: &Walk, run: &Run, from: usize, to: usize) {
        self.tilt_mm = Some(run.dz_mm);
        let (track, backwards) = (tof.track(walk, run), walk.share_step * run.tilt < 0.0);
        for (bin, (steps, weights)) in self.steps.iter_mut().zip(self.weights.chunks_mut(self.block)).enumerate() {
            let near = tof.steps(bin, track, from, to);
            *steps = if backwards { to - near.end..to - near.start } else { near.start - from..near.end - from };
            if !near.is_empty() {
                tof.fill(bin, track, near.start, backwards, &mut weights[steps.clone()]);
            }
        }
    }

    /// Those of the `kept` steps that reach a bin.
    #[inline(always)]
    pub(super) fn steps(&self, bin: usize, kept: &Range<usize>) -> Range<usize> {
        let Range { start, end } = self.steps[bin];
        start.max(kept.start)..end.min(kept.end)
    }

    /// The weights of some steps for a bin.
    #[inline(always)]
    pub(super) fn weights(&self, bin: usize, steps: &Range<usize>) -> &[f32] {
        &self.weights[bin * self.block..][steps.clone()]
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
        let (lanes, _) = widest(level);
        let (mut planes, mut at) = (Vec::new(), 0);
        for run in runs {
            // A window starts less than a vector before plane 0 and ends less than two behind the last.
            at = (at + lanes).next_multiple_of(16) + 16;
            planes.push(at);
            at += run.count + 2 * lanes;
        }
        let at = at.next_multiple_of(16);
        Self { planes, length: at }
    }

    /// Position of plane 0 of a line's run.
    #[inline(always)]
    pub(super) fn planes(&self, line: usize, run: usize) -> usize {
        line * self.length + self.planes[run]
    }
}
