//! Back projection of neighbouring transaxial lines: the exact transpose of the forward projection.

use super::forward::window;
use super::rows::Rows;
use super::timed::Block;
use super::walk::span;
use super::{ImageRows, Plan, Walk, Workspace, rows, timed};
use crate::Level;
use crate::lanes::{Lanes, Portable};
use std::ops::Range;

/// Adds the back projection of some lines' `y[tof][plane]` to those rows of the image that `image` holds, which all of
/// them must touch. A voxel takes its lines in their order.
pub fn back(plan: &Plan, work: &mut Workspace, lines: &[(Walk, &[f32])], image: &mut ImageRows) {
    work.check(plan, lines.iter().map(|(walk, _)| walk));
    assert_eq!(image.shape(), plan.grid.shape, "rows of an image of another shape");
    for (walk, y) in lines {
        assert_eq!(y.len(), plan.planes * plan.tof_bins(), "column does not have {} planes", plan.planes);
        assert!(image.touched_by(walk), "a line that does not touch the rows {:?}", image.range());
    }
    for lines in lines.chunks(plan.together) {
        // SAFETY: levels are those that the machine has; sizes were checked above and when the rows were split.
        unsafe {
            match plan.level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => back_avx512(plan, work, lines, image),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => back_avx2(plan, work, lines, image),
                _ => columns::<Portable>(plan, work, lines, image),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn back_avx512(plan: &Plan, work: &mut Workspace, lines: &[(Walk, &[f32])], image: &mut ImageRows) {
    // SAFETY: the features are those of the lanes; sizes were checked by the caller.
    unsafe { columns::<crate::lanes::Avx512>(plan, work, lines, image) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn back_avx2(plan: &Plan, work: &mut Workspace, lines: &[(Walk, &[f32])], image: &mut ImageRows) {
    // SAFETY: the features are those of the lanes; sizes were checked by the caller.
    unsafe { columns::<crate::lanes::Avx2>(plan, work, lines, image) }
}

#[inline(always)]
unsafe fn columns<L: Lanes>(plan: &Plan, work: &mut Workspace, lines: &[(Walk, &[f32])], image: &mut ImageRows) {
    work.prepare(plan, lines.iter().map(|(walk, _)| walk));
    if plan.tof.is_some() {
        // SAFETY: as for this function.
        return unsafe { timed_columns::<L>(plan, work, lines, image) };
    }
    for (line, (_, y)) in lines.iter().enumerate() {
        (0..plan.runs.len()).for_each(|run| take_over(plan, work, line, run, y));
    }
    let own = image.range();
    let steps = span(lines.iter().map(|(walk, _)| walk), image.axis());
    for start in (steps.start.max(own.start)..steps.end.min(own.end)).step_by(plan.block) {
        let block = start..own.end.min(start + plan.block);
        for (line, (walk, _)) in lines.iter().enumerate() {
            let (from, to) = walk.within(&block);
            if from >= to {
                continue;
            }
            work.locate(plan, line, from, to);
            for run in 0..plan.runs.len() {
                // SAFETY: the workspace holds a block of rows.
                unsafe { pass::<L>(plan, work, line, run, to - from) };
            }
            let rows = work.back_rows.as_mut_slice()[plan.lattice.margin..].as_mut_ptr();
            // SAFETY: rows 0..to − from are filled; the steps lie in `image`.
            unsafe { rows::unblend::<L>(plan, image, walk, from, to, rows, &mut work.voxels) };
        }
    }
}

/// With TOF, line by line: the bins of one line fill the second-level cache.
#[inline(always)]
unsafe fn timed_columns<L: Lanes>(plan: &Plan, work: &mut Workspace, lines: &[(Walk, &[f32])], image: &mut ImageRows) {
    let own = image.range();
    for (line, (walk, y)) in lines.iter().enumerate() {
        let (first, end) = walk.within(&own);
        // SAFETY: as for this function.
        unsafe { timed::take_over::<L>(plan, &mut work.timing, y, walk, first..end) };
        for from in (first..end).step_by(plan.block) {
            let to = end.min(from + plan.block);
            // SAFETY: the steps lie in `image`.
            unsafe { timed::back::<L>(plan, work, image, &Block { walk, line, from, to }) };
        }
    }
}

/// Puts the planes of a run between zeros.
#[inline(always)]
fn take_over(plan: &Plan, work: &mut Workspace, line: usize, run: usize, planes: &[f32]) {
    let (scale, region) = (work.slope(plan, line, run).step_mm, plan.regions.planes(line, run));
    let run = &plan.runs[run];
    let padded = &mut work.padded.as_mut_slice()[region..region + run.count];
    if run.stride == 1 {
        for (to, from) in padded.iter_mut().zip(&planes[run.first..run.first + run.count]) {
            *to = scale * from;
        }
    } else {
        for (to, from) in padded.iter_mut().zip(planes[run.first..].iter().step_by(run.stride)) {
            *to = scale * from;
        }
    }
}

/// Adds the planes of one run to the first `steps` rows.
#[inline(always)]
unsafe fn pass<L: Lanes>(plan: &Plan, work: &mut Workspace, line: usize, number: usize, steps: usize) {
    let (lattice, run) = (&plan.lattice, &plan.runs[number]);
    let (kept, backwards) = work.crossing(plan, line, number, steps);
    if kept.is_empty() {
        return;
    }
    // SAFETY: the block holds the last step's row, and the kept steps lie in the block.
    unsafe {
        let rows = work.back_rows.as_mut_slice().as_mut_ptr().add(lattice.margin);
        let rows = Rows::<*mut f32>::new(rows, lattice.row_stride, steps, backwards);
        spread::<L>(&Output::new(plan, work, line, number, rows, kept), run.count);
    }
}

/// Where a kernel spreads planes to: steps of rising lattice index.
struct Output<'a> {
    row: *mut f32,
    row_stride: isize,
    phases: usize,
    index: &'a [i32],
    share: &'a [f32],
    /// Of rows of several phases.
    points: &'a [[i32; 2]],
    /// All planes lie on lattice points.
    level: bool,
    /// Plane 0, zeros before and behind.
    planes: *const f32,
}

impl<'a> Output<'a> {
    /// The given steps, in the order of the offsets.
    #[inline(always)]
    fn new(
        plan: &Plan,
        work: &'a Workspace,
        line: usize,
        run: usize,
        rows: Rows<*mut f32>,
        steps: Range<usize>,
    ) -> Self {
        let offsets = &work.offsets[run];
        let share = &offsets.share[steps.clone()];
        Self {
            row: rows.first.wrapping_offset(steps.start as isize * rows.stride),
            row_stride: rows.stride,
            phases: plan.lattice.phases,
            points: &offsets.points[steps.clone()],
            index: &offsets.index[steps],
            share,
            level: plan.runs[run].tilt == 0.0 && share[0] == 0.0,
            planes: work.padded.as_slice()[plan.regions.planes(line, run)..].as_ptr(),
        }
    }
}

/// Spreads the planes of a run over the rows. Dispatches on the number of vectors that hold it.
///
/// # Safety
/// The machine has the level of `L`; the rows have a margin behind their last point; the planes lie between zeros.
#[inline(always)]
unsafe fn spread<L: Lanes>(output: &Output, count: usize) {
    macro_rules! dispatch {
        ($kernel:ident, $lanes:expr) => {
            match ($lanes).div_ceil(L::COUNT) {
                1 => $kernel::<L, 1>(output),
                2 => $kernel::<L, 2>(output),
                3 => $kernel::<L, 3>(output),
                4 => $kernel::<L, 4>(output),
                5 => $kernel::<L, 5>(output),
                6 => $kernel::<L, 6>(output),
                7 => $kernel::<L, 7>(output),
                8 => $kernel::<L, 8>(output),
                9 => $kernel::<L, 9>(output),
                10 if L::COUNT < 16 => $kernel::<L, 10>(output),
                11 if L::COUNT < 16 => $kernel::<L, 11>(output),
                12 if L::COUNT < 16 => $kernel::<L, 12>(output),
                vectors => unreachable!("a run takes {vectors} vectors"),
            }
        };
    }
    // SAFETY: as for this function.
    unsafe {
        if output.phases > 1 && count <= L::Narrow::COUNT {
            spread_phases::<L::Narrow, 1>(output);
        } else if output.phases > 1 {
            dispatch!(spread_phases, count)
        } else if output.level {
            dispatch!(spread_level, count + L::COUNT)
        } else {
            dispatch!(spread_tilted, count + 1)
        }
    }
}

/// Planes without tilt on lattice points: the same sum for every row.
#[inline(always)]
unsafe fn spread_level<L: Lanes, const V: usize>(output: &Output) {
    let base = window::<L>(output.index[0]);
    // SAFETY: the window lies in the rows and their margin; the planes lie between zeros.
    unsafe {
        let planes = output.planes.offset((base - output.index[0]) as isize);
        let planes: [L; V] = std::array::from_fn(|v| L::load(planes.add(v * L::COUNT)));
        for s in 0..output.index.len() {
            let row = output.row.offset(s as isize * output.row_stride + base as isize);
            for (v, planes) in planes.iter().enumerate() {
                let to = row.add(v * L::COUNT);
                planes.add(L::load(to)).store(to);
            }
        }
    }
}

/// Planes of any tilt, one phase: each plane and the one below it stay in registers, and every step adds them to its
/// row without a branch.
#[inline(always)]
unsafe fn spread_tilted<L: Lanes, const V: usize>(output: &Output) {
    // SAFETY: V vectors from a kept index on lie in the rows and their margins; the planes lie between zeros.
    unsafe {
        let zero = L::splat(0.0);
        let (mut here, mut above) = ([zero; V], [zero; V]);
        for v in 0..V {
            here[v] = L::load(output.planes.add(v * L::COUNT));
            above[v] = L::load(output.planes.add(v * L::COUNT).sub(1));
        }
        let mut row = output.row;
        for s in 0..output.index.len() {
            let (lower, upper) = output.weights::<L>(s);
            let to = row.offset(*output.index.get_unchecked(s) as isize);
            for v in 0..V {
                let to = to.add(v * L::COUNT);
                above[v].mul_add(upper, here[v].mul_add(lower, L::load(to))).store(to);
            }
            row = row.wrapping_offset(output.row_stride);
        }
    }
}

/// Planes of any tilt, several phases: neighbouring points lie in neighbouring phases.
#[inline(always)]
unsafe fn spread_phases<L: Lanes, const V: usize>(output: &Output) {
    // SAFETY: V vectors from a kept point on lie in the rows and their margins; the planes lie between zeros.
    unsafe {
        let mut planes = [L::splat(0.0); V];
        for (v, planes) in planes.iter_mut().enumerate() {
            *planes = L::load(output.planes.add(v * L::COUNT));
        }
        let (mut row, points) = (output.row, output.points.as_ptr());
        for s in 0..output.index.len() {
            let (lower, upper) = output.weights::<L>(s);
            let [low, high] = (*points.add(s)).map(|point| row.offset(point as isize));
            for (v, planes) in planes.iter().enumerate() {
                let [low, high] = [low, high].map(|to| to.add(v * L::COUNT));
                planes.mul_add(lower, L::load(low)).store(low);
                planes.mul_add(upper, L::load(high)).store(high);
            }
            row = row.wrapping_offset(output.row_stride);
        }
    }
}

impl Output<'_> {
    /// Weights of step `s` for its lattice point and the next one.
    #[inline(always)]
    unsafe fn weights<L: Lanes>(&self, s: usize) -> (L, L) {
        // SAFETY: `s` is a step of the output.
        unsafe {
            let upper = L::splat(*self.share.get_unchecked(s));
            (L::splat(1.0).sub(upper), upper)
        }
    }
}
