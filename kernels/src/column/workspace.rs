//! Scratch memory of one thread.

use super::offsets::{Offsets, Slope};
use super::tof::TofKernel;
use super::widths::Widths;
use super::{Axis, Plan, Walk};
use crate::AlignedBuffer;
use std::ops::Range;

/// Scratch memory for one thread that projects with one [`Plan`].
pub struct Workspace {
    /// The plan that it is for.
    plan: u64,
    /// Rows of a block of steps, `[step][phase][point]`, zero margins included.
    pub(super) rows: AlignedBuffer,
    /// The same for back projection, whose margins are not kept at zero.
    pub(super) back_rows: AlignedBuffer,
    /// Offsets of each run along the steps at hand.
    pub(super) offsets: Vec<Offsets>,
    /// Slopes `[line][run]` of the lines at hand.
    slopes: Vec<Slope>,
    /// What time of flight needs.
    pub(super) timing: Timing,
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
            plan: plan.number,
            back_rows: rows.clone(),
            rows,
            offsets: vec![Offsets::with_capacity(plan.block); plan.runs.len()],
            slopes: Vec::new(),
            timing: Timing::new(plan),
            voxels: vec![0.0; plan.grid.shape[2] + 2],
            sums: AlignedBuffer::zeros(0),
            padded: AlignedBuffer::zeros(0),
        }
    }
}

impl Workspace {
    /// Panics unless it was made for this plan, whose kernels rely on its sizes, and all walks end in the plan's grid.
    pub(super) fn check<'a>(&self, plan: &Plan, mut walks: impl Iterator<Item = &'a Walk>) {
        assert_eq!(self.plan, plan.number, "the number of the plan that the workspace is for");
        let [nx, ny, _] = plan.grid.shape;
        let outside = walks.find(|walk| walk.end > if walk.axis == Axis::X { nx } else { ny });
        assert!(outside.is_none(), "{outside:?} through {nx} × {ny} voxels");
    }

    /// Works out the slopes of all runs of some lines, and makes room for as many lines.
    #[inline(always)]
    pub(super) fn prepare<'a>(&mut self, plan: &Plan, walks: impl Iterator<Item = &'a Walk>) {
        self.slopes.clear();
        self.slopes.extend(walks.flat_map(|walk| plan.runs.iter().map(|run| Slope::new(walk, run))));
        let lines = if plan.tof.is_some() { 0 } else { self.slopes.len() / plan.runs.len().max(1) };
        let length = lines * plan.regions.length;
        if self.sums.as_slice().len() < length {
            (self.sums, self.padded) = (AlignedBuffer::zeros(length), AlignedBuffer::zeros(length));
        }
    }

    /// Works out the offsets of all runs at the steps `from..to` of a line: before the first run passes, so that none
    /// waits for its own.
    #[inline(always)]
    pub(super) fn locate(&mut self, plan: &Plan, line: usize, from: usize, to: usize) {
        let slopes = &self.slopes[line * plan.runs.len()..];
        for (offsets, slope) in self.offsets.iter_mut().zip(slopes) {
            offsets.fill(slope, from, to);
            if plan.tof.is_some() || plan.lattice.phases > 1 {
                offsets.point(to - from, &plan.lattice);
            }
        }
    }

    /// The slope of a run along a line.
    #[inline(always)]
    pub(super) fn slope(&self, plan: &Plan, line: usize, run: usize) -> &Slope {
        &self.slopes[line * plan.runs.len() + run]
    }

    /// Those of the first `steps` steps at which planes of a run cross the rows, in the order of the offsets, and
    /// whether the last step has the lowest lattice index.
    #[inline(always)]
    pub(super) fn crossing(&self, plan: &Plan, line: usize, run: usize, steps: usize) -> (Range<usize>, bool) {
        let kept = self.offsets[run].crossing(steps, plan.runs[run].count, &plan.lattice);
        (kept, self.slope(plan, line, run).backwards())
    }
}

/// Scratch memory for time of flight.
pub(super) struct Timing {
    /// Sums of all bundles of a line, `[bundle][bin][lane]`.
    pub(super) bins: AlignedBuffer,
    /// Planes of a bundle at the steps of a block, `[step][lane]`.
    pub(super) values: AlignedBuffer,
    /// Floats from one step's values to the next.
    pub(super) stride: usize,
    /// Weights of the steps of a block, `[step][bin of its row]`.
    pub(super) weights: Vec<f32>,
    /// First bin of each step's row.
    pub(super) firsts: Vec<i32>,
    /// Whether the bins rise along the steps.
    pub(super) rising: bool,
    /// Whose weights these are.
    dz_mm: Option<f64>,
}

impl Timing {
    fn new(plan: &Plan) -> Self {
        let Widths { lanes, .. } = Widths::of(plan.level);
        let (tof, row) = plan.tof.as_ref().map_or((0, 0), |tof| (tof.bins(), tof.row()));
        // What a run stores behind its own lanes must not leave the step.
        let stride = plan.bundle_lanes + 2 * lanes;
        let steps = if tof > 0 { plan.block } else { 0 };
        Self {
            bins: AlignedBuffer::zeros(plan.bundles.len() * tof * plan.bundle_lanes),
            values: AlignedBuffer::zeros(steps * stride),
            stride,
            weights: vec![0.0; steps * row],
            firsts: vec![0; steps],
            rising: true,
            dz_mm: None,
        }
    }

    /// Forgets the weights of another block.
    pub(super) fn clear(&mut self) {
        self.dz_mm = None;
    }

    /// Works out the weights of the steps `from..to` of a bundle, unless the bundle before had the same tilt.
    #[inline(always)]
    pub(super) fn weigh(&mut self, tof: &TofKernel, walk: &Walk, dz_mm: f64, from: usize, to: usize) {
        if self.dz_mm == Some(dz_mm) {
            return;
        }
        let track = tof.track(walk, dz_mm);
        tof.check(track, from, to);
        let (steps, scale) = (to - from, walk.step_mm(dz_mm) as f32);
        let (rows, firsts) = (&mut self.weights[..steps * tof.row()], &mut self.firsts[..steps]);
        tof.fill(track, scale, from, rows, firsts);
        (self.dz_mm, self.rising) = (Some(dz_mm), track.step >= 0.0);
    }
}
