//! Forward projection of neighbouring transaxial lines.

use super::offsets::Offsets;
use super::walk::span;
use super::{Axis, Plan, Run, Walk, Workspace, rows};
use crate::Level;
use crate::lanes::{Lanes, Portable};
use std::ops::Range;

/// Projects the image along all planes and TOF bins of some lines: writes each line's `y[tof][plane]`, line integrals in mm
/// times the image's unit. `image` is `[x, y, z]` with the plan's shape.
///
/// A block of steps is done for all lines before the next: neighbouring lines cross the same voxels, which then come from
/// the caches. What is written for a line does not depend on the others.
pub fn forward(plan: &Plan, work: &mut Workspace, image: &[f32], lines: &mut [(Walk, &mut [f32])]) {
    let shape = plan.grid.shape;
    assert_eq!(image.len(), shape.iter().product::<usize>(), "image does not have the shape {shape:?}");
    for (_, y) in lines.iter() {
        assert_eq!(y.len(), plan.planes * plan.tof_bins(), "column does not have {} planes", plan.planes);
    }
    // SAFETY: a plan's level is one the machine has; the sizes were checked above.
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
    for (walk, y) in lines.iter_mut() {
        // Lines beside the image, or none at all (a radial bin outside the ring), stay at zero; so do bins that no step reaches.
        if plan.tof.is_some() || walk.is_empty() {
            y.fill(0.0);
        }
    }
    for axis in [Axis::X, Axis::Y] {
        let steps = span(lines.iter().map(|(walk, _)| walk), axis);
        // Blocks lie where they would for any other lines: the sums of a line are always cut at the same steps.
        let start = steps.start / plan.block * plan.block;
        for start in (start..steps.end).step_by(plan.block) {
            let block = start..start + plan.block;
            for (line, (walk, y)) in lines.iter_mut().enumerate() {
                let (from, to) = walk.within(&block);
                if walk.axis != axis || from >= to {
                    continue;
                }
                // Planes of much tilt may read a margin before the first row.
                let rows = work.rows.as_mut_slice()[plan.lattice.margin..].as_mut_ptr();
                work.weighed.clear();
                // SAFETY: the workspace holds a block of rows; the image has the plan's shape.
                unsafe { rows::blend::<L>(plan, image, walk, from, to, rows, &mut work.voxels) };
                work.locate(plan, line, from, to);
                for run in 0..plan.runs.len() {
                    // SAFETY: rows 0..to − from are filled.
                    unsafe { pass::<L>(plan, work, walk, line, run, from..to, y) };
                }
            }
        }
    }
    if plan.tof.is_none() {
        for (line, (_, y)) in lines.iter_mut().enumerate().filter(|(_, (walk, _))| !walk.is_empty()) {
            (0..plan.runs.len()).for_each(|run| hand_over(plan, work, line, run, y));
        }
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

/// Adds the steps `from..to` of one run to its planes in all TOF bins.
#[inline(always)]
unsafe fn pass<L: Lanes>(
    plan: &Plan,
    work: &mut Workspace,
    walk: &Walk,
    line: usize,
    number: usize,
    steps: Range<usize>,
    y: &mut [f32],
) {
    let (lattice, Range { start: from, end: to }) = (&plan.lattice, steps);
    let steps = to - from;
    let (run, backwards) = (&plan.runs[number], work.slope(plan, line, number).backwards());
    let kept = work.offsets[number].crossing(steps, run.count, lattice);
    // SAFETY: the block holds the rows of its steps.
    let rows = unsafe {
        Rows::<*const f32>::new(work.rows.as_slice().as_ptr().add(lattice.margin), lattice.row_stride, steps, backwards)
    };
    // SAFETY: the region holds the planes and the lanes beside them that a kernel may touch.
    let sums = unsafe { work.sums.as_mut_slice().as_mut_ptr().add(plan.regions.planes(line, number)) };
    let Some(tof) = &plan.tof else {
        if !kept.is_empty() {
            // SAFETY: the kept steps lie in the block.
            unsafe { sum::<L>(&Input::new(plan, &work.offsets[number], rows, kept, None), run, sums) };
        }
        return;
    };
    work.weigh(tof, walk, run, from, to);
    for bin in 0..tof.bins() {
        let steps = work.weighed.steps(bin, &kept);
        if !steps.is_empty() {
            let weights = work.weighed.weights(bin, &steps);
            // SAFETY: the steps lie in the block.
            unsafe { sum::<L>(&Input::new(plan, &work.offsets[number], rows, steps, Some(weights)), run, sums) };
            hand_over(plan, work, line, number, &mut y[bin * plan.planes..][..plan.planes]);
        }
    }
}

/// Rows of a block in the order of rising lattice index.
#[derive(Clone, Copy)]
pub(super) struct Rows<P> {
    pub(super) first: P,
    pub(super) stride: isize,
}

macro_rules! rows {
    ($pointer:ty) => {
        impl Rows<$pointer> {
            /// # Safety
            /// `steps` > 0 rows of `stride` floats lie at `rows`.
            pub(super) unsafe fn new(rows: $pointer, stride: usize, steps: usize, backwards: bool) -> Self {
                let (last, stride) = ((steps - 1) * stride, stride as isize);
                // SAFETY: the last row lies in the block (caller).
                let first = if backwards { unsafe { rows.add(last) } } else { rows };
                Self { first, stride: if backwards { -stride } else { stride } }
            }
        }
    };
}

rows!(*const f32);
rows!(*mut f32);

/// What a kernel sums: steps of rising lattice index.
struct Input<'a> {
    row: *const f32,
    row_stride: isize,
    phase_stride: usize,
    phases: i32,
    index: &'a [i32],
    share: &'a [f32],
    weights: Option<&'a [f32]>,
}

impl<'a> Input<'a> {
    /// The given steps, in the order of the offsets; there is at least one.
    #[inline(always)]
    fn new(
        plan: &Plan,
        offsets: &'a Offsets,
        rows: Rows<*const f32>,
        steps: Range<usize>,
        weights: Option<&'a [f32]>,
    ) -> Self {
        Self {
            row: rows.first.wrapping_offset(steps.start as isize * rows.stride),
            row_stride: rows.stride,
            phase_stride: plan.lattice.phase_stride,
            phases: plan.lattice.phases as i32,
            index: &offsets.index[steps.clone()],
            share: &offsets.share[steps],
            weights,
        }
    }
}

/// Adds the sums of a run's steps to `sums`, where plane 0 is. Dispatches on the number of vectors that hold the run.
///
/// # Safety
/// The machine has the level of `L`; the rows have a margin behind their last point; `sums` lies in a region of the run.
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
        if input.weights.is_some() || input.phases > 1 {
            dispatch!(sum_weighted, count + L::COUNT)
        } else if run.tilt == 0.0 && input.share[0] == 0.0 {
            let into = input.index[0] - window::<L>(input.index[0]);
            dispatch!(sum_level, count as i32 + into)
        } else {
            dispatch!(sum_tilted, count + 1)
        }
    }
}

/// First point of the register window at lattice index `index`: whole vectors, in the margin where the index is negative.
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

/// Planes of any tilt, one phase: one load per step and no branch, though most loads lie across two cache lines. `here` sums
/// the points at the index of each step, one lane per plane, and `above` those shares of them that belong to the plane below:
/// the plane's own share is what remains. No step weighs more in `above` than in `here`, and rounding keeps the order of
/// sums: what remains is never negative where the image is not.
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

/// Any number of phases, with or without weights.
#[inline(always)]
unsafe fn sum_weighted<L: Lanes, const V: usize>(input: &Input, sums: *mut f32) {
    let (steps, phases) = (input.index.len(), input.phases);
    let mut index = input.index[0];
    let (mut point, mut phase) = (index.div_euclid(phases), index.rem_euclid(phases));
    let mut base = window::<L>(point);
    // SAFETY: the window lies in each phase and its margin; `sums` holds V vectors.
    unsafe {
        let zero = L::splat(0.0);
        let (mut here, mut above) = ([zero; V], [zero; V]);
        for s in 0..=steps {
            let next = if s < steps { *input.index.get_unchecked(s) } else { index + phases - phase };
            while index < next {
                index += 1;
                phase += 1;
                if phase < phases {
                    continue;
                }
                phase = 0;
                point += 1;
                here = std::array::from_fn(|v| above[v].add(moved_up(&here, v)));
                above = [zero; V];
                if window::<L>(point) != base {
                    base = window::<L>(point);
                    here = slid(here);
                }
            }
            if s == steps {
                break;
            }
            let weight = input.weights.map_or(1.0, |weights| *weights.get_unchecked(s));
            let share = *input.share.get_unchecked(s) * weight;
            let (lower, upper) = (L::splat(weight - share), L::splat(share));
            let row = input.row.offset(s as isize * input.row_stride + base as isize);
            let from = row.add(phase as usize * input.phase_stride);
            if phase + 1 == phases {
                for v in 0..V {
                    here[v] = L::load(from.add(v * L::COUNT)).mul_add(lower, here[v]);
                    above[v] = L::load(row.add(v * L::COUNT)).mul_add(upper, above[v]);
                }
            } else {
                let next = from.add(input.phase_stride);
                for (v, here) in here.iter_mut().enumerate() {
                    let sum = L::load(from.add(v * L::COUNT)).mul_add(lower, *here);
                    *here = L::load(next.add(v * L::COUNT)).mul_add(upper, sum);
                }
            }
        }
        add(here, sums.offset((base - point) as isize));
    }
}

/// Vector `v` with its lanes moved up by one.
#[inline(always)]
unsafe fn moved_up<L: Lanes, const V: usize>(vectors: &[L; V], v: usize) -> L {
    // SAFETY: as for the caller.
    unsafe { vectors[v].moved_up(if v == 0 { L::splat(0.0) } else { vectors[v - 1] }) }
}

/// The window moved on by one vector.
#[inline(always)]
unsafe fn slid<L: Lanes, const V: usize>(vectors: [L; V]) -> [L; V] {
    // SAFETY: as for the caller.
    std::array::from_fn(|v| if v + 1 < V { vectors[v + 1] } else { unsafe { L::splat(0.0) } })
}

#[inline(always)]
unsafe fn add<L: Lanes, const V: usize>(vectors: [L; V], to: *mut f32) {
    for (v, vector) in vectors.into_iter().enumerate() {
        // SAFETY: V vectors at `to` lie in the region of a run (caller).
        unsafe { vector.add(L::load(to.add(v * L::COUNT))).store(to.add(v * L::COUNT)) }
    }
}
