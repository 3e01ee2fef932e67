//! Forward projection of one transaxial line.

use super::offsets::Slope;
use super::plan::widest;
use super::{Plan, Run, Walk, Workspace, rows};
use crate::Level;
use crate::lanes::{Lanes, Portable};

/// Projects the image along all planes and TOF bins of one line: writes `y[tof][plane]`, the line integrals in mm times the
/// image's unit. `image` is `[x, y, z]` with the plan's shape.
pub fn forward(plan: &Plan, work: &mut Workspace, image: &[f32], walk: &Walk, y: &mut [f32]) {
    let shape = plan.grid.shape;
    assert_eq!(image.len(), shape.iter().product::<usize>(), "image does not have the shape {shape:?}");
    assert_eq!(y.len(), plan.planes * plan.tof_bins(), "column does not have {} planes", plan.planes);
    // SAFETY: a plan's level is one the machine has; the sizes were checked above.
    unsafe {
        match plan.level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => forward_avx512(plan, work, image, walk, y),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => forward_avx2(plan, work, image, walk, y),
            _ => column::<Portable>(plan, work, image, walk, y),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn forward_avx512(plan: &Plan, work: &mut Workspace, image: &[f32], walk: &Walk, y: &mut [f32]) {
    // SAFETY: the features are those of the lanes; sizes were checked by the caller.
    unsafe { column::<crate::lanes::Avx512>(plan, work, image, walk, y) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn forward_avx2(plan: &Plan, work: &mut Workspace, image: &[f32], walk: &Walk, y: &mut [f32]) {
    // SAFETY: the features are those of the lanes; sizes were checked by the caller.
    unsafe { column::<crate::lanes::Avx2>(plan, work, image, walk, y) }
}

#[inline(always)]
unsafe fn column<L: Lanes>(plan: &Plan, work: &mut Workspace, image: &[f32], walk: &Walk, y: &mut [f32]) {
    y.fill(0.0);
    work.prepare(&plan.runs, walk);
    for from in (walk.first..walk.end).step_by(plan.block) {
        let to = walk.end.min(from + plan.block);
        let rows = work.rows.as_mut_slice().as_mut_ptr();
        // SAFETY: the workspace holds a block of rows; the image has the plan's shape.
        unsafe { rows::blend::<L>(plan, image, walk, from, to, rows, &mut work.voxels) };
        for run in 0..plan.runs.len() {
            // SAFETY: rows 0..to − from are filled.
            unsafe { pass::<L>(plan, work, walk, run, from, to, y) };
        }
    }
}

/// Adds the steps `from..to` of one run to its planes in all TOF bins.
#[inline(always)]
unsafe fn pass<L: Lanes>(
    plan: &Plan,
    work: &mut Workspace,
    walk: &Walk,
    run: usize,
    from: usize,
    to: usize,
    y: &mut [f32],
) {
    let (lattice, steps) = (&plan.lattice, to - from);
    let (run, slope) = (&plan.runs[run], work.slopes[run]);
    let backwards = slope.backwards();
    work.offsets.fill(&slope, from, to);
    let kept = work.offsets.crossing(steps, run.count, lattice);
    let rows = Rows::new(work.rows.as_slice().as_ptr(), lattice.row_stride, steps, backwards);
    let mut part = Part { work, run, slope, plan, rows };
    let Some(tof) = &plan.tof else {
        // SAFETY: the kept steps lie in the block.
        return unsafe { part.add::<L>(kept, false, y) };
    };
    let track = tof.track(walk, run);
    for bin in tof.reached(track, from, to) {
        let near = tof.steps(bin, track, from, to);
        // In the order of the offsets.
        let order = if backwards { to - near.end..to - near.start } else { near.start - from..near.end - from };
        let reached = order.start.max(kept.start)..order.end.min(kept.end);
        if !reached.is_empty() {
            let first = if backwards { to - reached.end } else { from + reached.start };
            tof.fill(bin, track, first, backwards, &mut part.work.weights[..reached.len()]);
            let planes = &mut y[bin * plan.planes..][..plan.planes];
            // SAFETY: the reached steps lie in the block.
            unsafe { part.add::<L>(reached, true, planes) };
        }
    }
}

/// Rows of a block in the order of rising lattice index.
#[derive(Clone, Copy)]
pub(super) struct Rows<P> {
    first: P,
    stride: isize,
}

impl Rows<*const f32> {
    fn new(rows: *const f32, stride: usize, steps: usize, backwards: bool) -> Self {
        let last = (steps - 1) * stride;
        let stride = stride as isize;
        // SAFETY: the block holds `steps` rows.
        let first = if backwards { unsafe { rows.add(last) } } else { rows };
        Self { first, stride: if backwards { -stride } else { stride } }
    }
}

struct Part<'a> {
    work: &'a mut Workspace,
    run: &'a Run,
    slope: Slope,
    plan: &'a Plan,
    rows: Rows<*const f32>,
}

impl Part<'_> {
    /// Sums the given steps (in the order of the offsets) and adds them to the planes.
    #[inline(always)]
    unsafe fn add<L: Lanes>(&mut self, steps: std::ops::Range<usize>, weighted: bool, planes: &mut [f32]) {
        if steps.is_empty() {
            return;
        }
        let lattice = &self.plan.lattice;
        let input = Input {
            // SAFETY: the step lies in the block.
            row: unsafe { self.rows.first.offset(steps.start as isize * self.rows.stride) },
            row_stride: self.rows.stride,
            phase_stride: lattice.phase_stride,
            phases: lattice.phases as i32,
            stay: self.slope.stay,
            index: &self.work.offsets.index[steps.clone()],
            share: &self.work.offsets.share[steps.clone()],
            weights: weighted.then(|| &self.work.weights[..steps.len()]),
        };
        let count = self.run.count;
        let sums = self.work.sums.as_mut_slice().as_mut_ptr();
        // SAFETY: `sums` holds the most vectors a kernel writes; rows have a margin behind their last point.
        let below = unsafe { sum::<L>(&input, count, self.run.tilt == 0.0, sums) };
        // Lane j of the sums is plane j − below.
        let from = (-below).max(0) as usize;
        let length = L::COUNT * widest(self.plan.level).1;
        let to = (count as i64).min(length as i64 - below as i64).max(from as i64) as usize;
        if from == to {
            return;
        }
        let sums = &self.work.sums.as_slice()[(from as i32 + below) as usize..(to as i32 + below) as usize];
        let scale = self.slope.step_mm;
        let (first, stride) = (self.run.first + from * self.run.stride, self.run.stride);
        if stride == 1 {
            for (plane, &sum) in planes[first..first + sums.len()].iter_mut().zip(sums) {
                *plane += scale * sum;
            }
        } else {
            for (plane, &sum) in planes[first..].iter_mut().step_by(stride).zip(sums) {
                *plane += scale * sum;
            }
        }
    }
}

/// What a kernel sums: steps of rising lattice index.
struct Input<'a> {
    row: *const f32,
    row_stride: isize,
    phase_stride: usize,
    phases: i32,
    stay: usize,
    index: &'a [i32],
    share: &'a [f32],
    weights: Option<&'a [f32]>,
}

/// Dispatches on the number of vectors that hold a run; returns the lane of plane 0 in the sums.
#[inline(always)]
unsafe fn sum<L: Lanes>(input: &Input, count: usize, level_run: bool, sums: *mut f32) -> i32 {
    macro_rules! dispatch {
        ($kernel:ident, $lanes:expr) => {
            match ($lanes as usize).div_ceil(L::COUNT) {
                1 => $kernel::<L, 1>(input, sums),
                2 => $kernel::<L, 2>(input, sums),
                3 => $kernel::<L, 3>(input, sums),
                4 => $kernel::<L, 4>(input, sums),
                5 if L::COUNT == 16 => $kernel::<L, 5>(input, sums),
                6 if L::COUNT == 16 => $kernel::<L, 6>(input, sums),
                7 if L::COUNT == 16 => $kernel::<L, 7>(input, sums),
                8 if L::COUNT == 16 => $kernel::<L, 8>(input, sums),
                9 if L::COUNT == 16 => $kernel::<L, 9>(input, sums),
                vectors => unreachable!("a run takes {vectors} vectors"),
            }
        };
    }
    // SAFETY: as for this function; a run has at most COUNT · (vectors − 1) planes.
    unsafe {
        if input.weights.is_some() || input.phases > 1 {
            dispatch!(sum_weighted, count + L::COUNT)
        } else if level_run && input.share[0] == 0.0 {
            let into = input.index[0] - window::<L>(input.index[0]);
            dispatch!(sum_level, count as i32 + into.max(0))
        } else {
            dispatch!(sum_tilted, count + L::COUNT)
        }
    }
}

/// First point of the register window at lattice index `index`: whole vectors, never before the row.
#[inline(always)]
pub(super) fn window<L: Lanes>(index: i32) -> i32 {
    index.max(0) & !(L::COUNT as i32 - 1)
}

/// Planes without tilt on lattice points: the plain sum of the rows.
#[inline(always)]
unsafe fn sum_level<L: Lanes, const V: usize>(input: &Input, sums: *mut f32) -> i32 {
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
        store(total, sums);
    }
    input.index[0] - base
}

/// Tilted planes, one phase. While the index stays, `total` sums the rows and `upper` the share of the next plane position;
/// `done` holds what was summed before, one lane per plane.
#[inline(always)]
unsafe fn sum_tilted<L: Lanes, const V: usize>(input: &Input, sums: *mut f32) -> i32 {
    let steps = input.index.len();
    let mut index = input.index[0];
    let mut base = window::<L>(index);
    // SAFETY: the window lies in the rows and their margin; `sums` holds V vectors.
    unsafe {
        let zero = L::splat(0.0);
        let mut done = [zero; V];
        let (mut s, stay) = (0, input.stay);
        while s < steps {
            let (mut total, mut upper) = ([zero; V], [zero; V]);
            macro_rules! take {
                ($s:expr) => {
                    let share = L::splat(*input.share.get_unchecked($s));
                    let from = input.row.offset($s as isize * input.row_stride + base as isize);
                    for v in 0..V {
                        let points = L::load(from.add(v * L::COUNT));
                        total[v] = total[v].add(points);
                        upper[v] = points.mul_add(share, upper[v]);
                    }
                };
            }
            let at = |s: usize| *input.index.get_unchecked(s);
            if s + stay + 1 < steps && at(s + stay - 1) == index && at(s + stay + 1) != index {
                // As nearly always: `stay` steps, and one more or not. The processor could not guess which, so the
                // last step is always taken, with weight one or zero.
                for s in s..s + stay {
                    take!(s);
                }
                s += stay;
                let more = at(s) == index;
                let weight = if more { 1.0 } else { 0.0 };
                let share = L::splat(*input.share.get_unchecked(s) * weight);
                let weight = L::splat(weight);
                let from = input.row.offset(s as isize * input.row_stride + base as isize);
                for v in 0..V {
                    let points = L::load(from.add(v * L::COUNT));
                    total[v] = points.mul_add(weight, total[v]);
                    upper[v] = points.mul_add(share, upper[v]);
                }
                s += usize::from(more);
            } else {
                while s < steps && at(s) == index {
                    take!(s);
                    s += 1;
                }
            }
            // What was done moves up one lane; the upper share becomes the lower plane position.
            let lower: [L; V] = std::array::from_fn(|v| done[v].add(total[v].sub(upper[v])));
            done = std::array::from_fn(|v| upper[v].add(moved_up(&lower, v)));
            index += 1;
            let next = if s < steps { *input.index.get_unchecked(s) } else { index };
            while index < next {
                index += 1;
                if window::<L>(index - 1) != base {
                    base = window::<L>(index - 1);
                    done = slid(done);
                }
                done = std::array::from_fn(|v| moved_up(&done, v));
            }
            if window::<L>(index) != base {
                base = window::<L>(index);
                done = slid(done);
            }
        }
        store(done, sums);
    }
    index - base
}

/// Any number of phases, with or without weights.
#[inline(always)]
unsafe fn sum_weighted<L: Lanes, const V: usize>(input: &Input, sums: *mut f32) -> i32 {
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
            for (v, here) in here.iter_mut().enumerate() {
                *here = L::load(from.add(v * L::COUNT)).mul_add(lower, *here);
            }
            let last = phase + 1 == phases;
            let from = if last { row } else { from.add(input.phase_stride) };
            let target = if last { &mut above } else { &mut here };
            for (v, target) in target.iter_mut().enumerate() {
                *target = L::load(from.add(v * L::COUNT)).mul_add(upper, *target);
            }
        }
        store(here, sums);
    }
    point - base
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
unsafe fn store<L: Lanes, const V: usize>(vectors: [L; V], to: *mut f32) {
    for (v, vector) in vectors.into_iter().enumerate() {
        // SAFETY: `to` holds V vectors (caller).
        unsafe { vector.store(to.add(v * L::COUNT)) }
    }
}
