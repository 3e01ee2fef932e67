//! Forward projection of neighbouring transaxial lines.

use super::offsets::Offsets;
use super::rows::Rows;
use super::timed::Block;
use super::walk::span;
use super::{Axis, Plan, Run, Walk, Workspace, rows, timed};
use crate::Level;
use crate::lanes::{Lanes, Portable};
use std::ops::Range;

/// Projects the image along all planes and TOF bins of some lines: writes each line's `y[tof][plane]`, line integrals
/// in mm times the image's unit. `image` is `[x, y, z]` with the plan's shape.
///
/// A block of steps is done for all lines before the next: neighbouring lines cross the same voxels, which then come
/// from the caches. What is written for a line does not depend on the others.
pub fn forward(plan: &Plan, work: &mut Workspace, image: &[f32], lines: &mut [(Walk, &mut [f32])]) {
    let shape = plan.grid.shape;
    assert_eq!(image.len(), shape.iter().product::<usize>(), "image does not have the shape {shape:?}");
    work.check(plan, lines.iter().map(|(walk, _)| walk));
    for (_, y) in lines.iter() {
        assert_eq!(y.len(), plan.planes * plan.tof_bins(), "column does not have {} planes", plan.planes);
    }
    for lines in lines.chunks_mut(plan.together) {
        // SAFETY: levels are those that the machine has; the sizes were checked above.
        unsafe {
            match plan.level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => forward_avx512(plan, work, image, lines),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => forward_avx2(plan, work, image, lines),
                _ => columns::<Portable>(plan, work, image, lines),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn forward_avx512(plan: &Plan, work: &mut Workspace, image: &[f32], lines: &mut [(Walk, &mut [f32])]) {
    // SAFETY: the features are those of the lanes; sizes were checked by the caller.
    unsafe { columns::<crate::lanes::Avx512>(plan, work, image, lines) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn forward_avx2(plan: &Plan, work: &mut Workspace, image: &[f32], lines: &mut [(Walk, &mut [f32])]) {
    // SAFETY: the features are those of the lanes; sizes were checked by the caller.
    unsafe { columns::<crate::lanes::Avx2>(plan, work, image, lines) }
}

#[inline(always)]
unsafe fn columns<L: Lanes>(plan: &Plan, work: &mut Workspace, image: &[f32], lines: &mut [(Walk, &mut [f32])]) {
    work.prepare(plan, lines.iter().map(|(walk, _)| walk));
    // Lines beside the image, or none at all (a radial bin outside the ring), are zero.
    lines.iter_mut().filter(|(walk, _)| walk.is_empty()).for_each(|(_, y)| y.fill(0.0));
    if plan.tof.is_some() {
        // SAFETY: as for this function.
        return unsafe { timed_columns::<L>(plan, work, image, lines) };
    }
    for axis in [Axis::X, Axis::Y] {
        let steps = span(lines.iter().map(|(walk, _)| walk), axis);
        // Blocks lie where they would for any other lines: the sums of a line are always cut at the same steps.
        let start = steps.start / plan.block * plan.block;
        for start in (start..steps.end).step_by(plan.block) {
            let block = start..start + plan.block;
            for (line, (walk, _)) in lines.iter().enumerate() {
                let (from, to) = walk.within(&block);
                if walk.axis != axis || from >= to {
                    continue;
                }
                // Planes of much tilt may read a margin before the first row.
                let rows = work.rows.as_mut_slice()[plan.lattice.margin..].as_mut_ptr();
                // SAFETY: the workspace holds a block of rows; the image has the plan's shape.
                unsafe { rows::blend::<L>(plan, image, walk, from, to, rows, &mut work.voxels) };
                work.locate(plan, line, from, to);
                for run in 0..plan.runs.len() {
                    // SAFETY: rows 0..to − from are filled.
                    unsafe { pass::<L>(plan, work, line, run, to - from) };
                }
            }
        }
    }
    for (line, (_, y)) in lines.iter_mut().enumerate().filter(|(_, (walk, _))| !walk.is_empty()) {
        (0..plan.runs.len()).for_each(|run| hand_over(plan, work, line, run, y));
    }
}

/// With TOF, line by line: the bins of one line fill the second-level cache.
#[inline(always)]
unsafe fn timed_columns<L: Lanes>(plan: &Plan, work: &mut Workspace, image: &[f32], lines: &mut [(Walk, &mut [f32])]) {
    for (line, (walk, y)) in lines.iter_mut().enumerate().filter(|(_, (walk, _))| !walk.is_empty()) {
        work.timing.bins.as_mut_slice().fill(0.0);
        for start in (walk.first / plan.block * plan.block..walk.end).step_by(plan.block) {
            let (from, to) = walk.within(&(start..start + plan.block));
            // SAFETY: as for this function.
            unsafe { timed::forward::<L>(plan, work, image, &Block { walk, line, from, to }) };
        }
        // SAFETY: as for this function.
        unsafe { timed::hand_over::<L>(plan, &work.timing, y) };
    }
}

/// Moves the sums of a run to its planes.
#[inline(always)]
fn hand_over(plan: &Plan, work: &mut Workspace, line: usize, run: usize, planes: &mut [f32]) {
    let (scale, region) = (work.slope(plan, line, run).step_mm, plan.regions.planes(line, run));
    let run = &plan.runs[run];
    let sums = &mut work.sums.as_mut_slice()[region..region + run.count];
    if run.stride == 1 {
        for (plane, sum) in planes[run.first..run.first + run.count].iter_mut().zip(sums) {
            *plane = scale * *sum;
            *sum = 0.0;
        }
    } else {
        for (plane, sum) in planes[run.first..].iter_mut().step_by(run.stride).zip(sums) {
            *plane = scale * *sum;
            *sum = 0.0;
        }
    }
}

/// Adds the first `steps` rows to the planes of one run.
#[inline(always)]
unsafe fn pass<L: Lanes>(plan: &Plan, work: &mut Workspace, line: usize, number: usize, steps: usize) {
    let (lattice, run) = (&plan.lattice, &plan.runs[number]);
    let (kept, backwards) = work.crossing(plan, line, number, steps);
    if kept.is_empty() {
        return;
    }
    // SAFETY: the block holds the rows of its steps; the region holds the planes and the lanes beside them that a
    // kernel may touch.
    unsafe {
        let rows = work.rows.as_slice().as_ptr().add(lattice.margin);
        let rows = Rows::<*const f32>::new(rows, lattice.row_stride, steps, backwards);
        let sums = work.sums.as_mut_slice().as_mut_ptr().add(plan.regions.planes(line, number));
        sum::<L>(&Input::new(plan, &work.offsets[number], rows, kept), run, sums);
    }
}

/// What a kernel sums: steps of rising lattice index.
struct Input<'a> {
    row: *const f32,
    row_stride: isize,
    phases: usize,
    index: &'a [i32],
    share: &'a [f32],
    /// Of rows of several phases.
    points: &'a [[i32; 2]],
}

impl<'a> Input<'a> {
    /// The given steps, in the order of the offsets; there is at least one.
    #[inline(always)]
    fn new(plan: &Plan, offsets: &'a Offsets, rows: Rows<*const f32>, steps: Range<usize>) -> Self {
        Self {
            row: rows.first.wrapping_offset(steps.start as isize * rows.stride),
            row_stride: rows.stride,
            phases: plan.lattice.phases,
            points: &offsets.points[steps.clone()],
            index: &offsets.index[steps.clone()],
            share: &offsets.share[steps],
        }
    }
}

/// Adds the sums of a run's steps to `sums`, where plane 0 is. Dispatches on the number of vectors that hold the run.
///
/// # Safety
/// The machine has the level of `L`; the rows have a margin behind their last point; `sums` lies in a region of the
/// run.
#[inline(always)]
unsafe fn sum<L: Lanes>(input: &Input, run: &Run, sums: *mut f32) {
    let count = run.count;
    macro_rules! dispatch {
        ($kernel:ident, $lanes:expr) => {
            match ($lanes as usize).div_ceil(L::COUNT) {
                1 => $kernel::<L, 1>(input, sums),
                2 => $kernel::<L, 2>(input, sums),
                3 => $kernel::<L, 3>(input, sums),
                4 => $kernel::<L, 4>(input, sums),
                5 => $kernel::<L, 5>(input, sums),
                6 => $kernel::<L, 6>(input, sums),
                7 => $kernel::<L, 7>(input, sums),
                8 => $kernel::<L, 8>(input, sums),
                9 => $kernel::<L, 9>(input, sums),
                10 if L::COUNT < 16 => $kernel::<L, 10>(input, sums),
                11 if L::COUNT < 16 => $kernel::<L, 11>(input, sums),
                12 if L::COUNT < 16 => $kernel::<L, 12>(input, sums),
                vectors => unreachable!("a run takes {vectors} vectors"),
            }
        };
    }
    // SAFETY: as for this function; a run has at most COUNT · (vectors − 1) planes.
    unsafe {
        if input.phases > 1 && count <= L::Narrow::COUNT {
            sum_phases::<L::Narrow, 1>(input, sums);
        } else if input.phases > 1 {
            dispatch!(sum_phases, count)
        } else if run.tilt == 0.0 && input.share[0] == 0.0 {
            let into = input.index[0] - window::<L>(input.index[0]);
            dispatch!(sum_level, count as i32 + into)
        } else {
            dispatch!(sum_tilted, count + 1)
        }
    }
}

/// First point of the register window at lattice index `index`: whole vectors, in the margin where the index is
/// negative.
#[inline(always)]
pub(super) fn window<L: Lanes>(index: i32) -> i32 {
    index & !(L::COUNT as i32 - 1)
}

/// Planes without tilt on lattice points: the plain sum of the rows.
#[inline(always)]
unsafe fn sum_level<L: Lanes, const V: usize>(input: &Input, sums: *mut f32) {
    let base = window::<L>(input.index[0]);
    // SAFETY: the window lies in the rows and their margin; `sums` holds V vectors.
    unsafe {
        let mut total = [L::splat(0.0); V];
        for s in 0..input.index.len() {
            let row = input.row.offset(s as isize * input.row_stride + base as isize);
            for (v, total) in total.iter_mut().enumerate() {
                *total = total.add(L::load(row.add(v * L::COUNT)));
            }
        }
        add(total, sums.offset((base - input.index[0]) as isize));
    }
}

/// Planes of any tilt, one phase: one load per step and no branch, though most loads lie across two cache lines. `here`
/// sums the points at the index of each step, one lane per plane, and `above` those shares of them that belong to the
/// plane below: the plane's own share is what remains. No step weighs more in `above` than in `here`, and rounding
/// keeps the order of sums: what remains is never negative where the image is not.
#[inline(always)]
unsafe fn sum_tilted<L: Lanes, const V: usize>(input: &Input, sums: *mut f32) {
    // SAFETY: V vectors from a kept index on lie in the rows and their margins; `sums` holds V vectors.
    unsafe {
        let zero = L::splat(0.0);
        let (mut here, mut above) = ([zero; V], [zero; V]);
        let mut row = input.row;
        for s in 0..input.index.len() {
            let upper = L::splat(*input.share.get_unchecked(s));
            let from = row.offset(*input.index.get_unchecked(s) as isize);
            for v in 0..V {
                let points = L::load(from.add(v * L::COUNT));
                here[v] = points.add(here[v]);
                above[v] = points.mul_add(upper, above[v]);
            }
            row = row.wrapping_offset(input.row_stride);
        }
        // Not `array::from_fn`: what its closure calls would not be inlined, and lanes must not go through memory here.
        for v in 0..V {
            let next = if v + 1 < V { above[v + 1] } else { zero };
            here[v] = here[v].sub(above[v]).add(above[v].moved_down(next));
        }
        add(here, sums);
    }
}

/// Planes of any tilt, several phases: neighbouring points lie in neighbouring phases.
#[inline(always)]
unsafe fn sum_phases<L: Lanes, const V: usize>(input: &Input, sums: *mut f32) {
    // SAFETY: V vectors from a kept point on lie in the rows and their margins; `sums` holds V vectors.
    unsafe {
        let zero = [L::splat(0.0); V];
        // Sums of their own for both points, and for every other step where there is room: else each would wait for the
        // one before.
        let mut totals = [[zero; 2]; 2];
        let (mut row, steps) = (input.row, input.index.len());
        let mut step = |s: usize, [low, high]: &mut [[L; V]; 2]| {
            let upper = L::splat(*input.share.get_unchecked(s));
            let lower = L::splat(1.0).sub(upper);
            let from = input.points.get_unchecked(s).map(|point| row.offset(point as isize));
            for v in 0..V {
                low[v] = L::load(from[0].add(v * L::COUNT)).mul_add(lower, low[v]);
                high[v] = L::load(from[1].add(v * L::COUNT)).mul_add(upper, high[v]);
            }
            row = row.wrapping_offset(input.row_stride);
        };
        let [even, odd] = &mut totals;
        if V <= 2 {
            for s in 0..steps / 2 {
                step(2 * s, even);
                step(2 * s + 1, odd);
            }
            if steps % 2 == 1 {
                step(steps - 1, even);
            }
        } else {
            (0..steps).for_each(|s| step(s, even));
        }
        let [[mut total, high], odd] = totals;
        for v in 0..V {
            total[v] = total[v].add(high[v]).add(odd[0][v].add(odd[1][v]));
        }
        add(total, sums);
    }
}

#[inline(always)]
unsafe fn add<L: Lanes, const V: usize>(vectors: [L; V], to: *mut f32) {
    for (v, vector) in vectors.into_iter().enumerate() {
        // SAFETY: V vectors at `to` lie in the region of a run (caller).
        unsafe { vector.add(L::load(to.add(v * L::COUNT))).store(to.add(v * L::COUNT)) }
    }
}
