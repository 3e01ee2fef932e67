//! Time of flight: the planes of a bundle at every step, and its TOF bins.
//!
//! The few bins that see a step are kept in registers, a *window* that moves on along the line: each step is read once,
//! and each bin is written once in every block of steps.
//!
//! ȳ\[bin, plane\] = Σ_t k(bin, t) v\[t, plane\],   v the planes of the rows as without time of flight

use super::bundles::Bundle;
use super::offsets::Offsets;
use super::rows::Rows;
use super::tof::WINDOW;
use super::workspace::Timing;
use super::{Plan, Run, Walk, Workspace, rows};
use crate::lanes::{Lanes, first_lanes};
use std::ops::Range;

/// The steps of a block of one line.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub walk: &'a Walk,
    /// Number of the line among those at hand.
    pub line: usize,
    pub from: usize,
    pub to: usize,
}

/// Adds what the steps of a block give to the bins of all bundles.
///
/// # Safety
/// The machine has the level of `L`; the image has the plan's shape.
#[inline(always)]
pub(super) unsafe fn forward<L: Lanes>(plan: &Plan, work: &mut Workspace, image: &[f32], block: &Block) {
    let Some(tof) = &plan.tof else { return };
    let (Block { walk, line, from, to }, lattice) = (*block, &plan.lattice);
    let rows = work.rows.as_mut_slice()[lattice.margin..].as_mut_ptr();
    // SAFETY: the workspace holds a block of rows; the image has the plan's shape.
    unsafe { rows::blend::<L>(plan, image, walk, from, to, rows, &mut work.voxels) };
    work.locate(plan, line, from, to);
    work.timing.clear();
    for (number, bundle) in plan.bundles.iter().enumerate() {
        work.timing.weigh(tof, walk, bundle.dz_mm, from, to);
        for member in &bundle.members {
            let (run, backwards) = (&plan.runs[member.run], work.slope(plan, line, member.run).backwards());
            // SAFETY: the block holds the rows and values of its steps; a run has no more planes than a bundle.
            unsafe {
                let rows = Rows::<*const f32>::new(rows, lattice.row_stride, to - from, backwards);
                let values = work.timing.values.as_mut_slice().as_mut_ptr().add(member.lane);
                let steps = Steps { rows, values, stride: work.timing.stride, count: to - from, backwards };
                steps.interpolate::<L>(plan, run, &work.offsets[member.run]);
            }
        }
        // SAFETY: the values of the steps are there; the bundle has a place for its bins.
        unsafe {
            match vectors::<L>(plan, bundle) {
                1 => gather::<L, 1>(plan, &mut work.timing, number, to - from),
                2 => gather::<L, 2>(plan, &mut work.timing, number, to - from),
                vectors => unreachable!("a bundle of {vectors} vectors"),
            }
        }
    }
}

/// Adds what all bundles' bins give to the steps of a block to the rows, and these to the image.
///
/// # Safety
/// The machine has the level of `L`; the steps of the block lie in `image`.
#[inline(always)]
pub(super) unsafe fn back<L: Lanes>(plan: &Plan, work: &mut Workspace, image: &mut super::ImageRows, block: &Block) {
    let Some(tof) = &plan.tof else { return };
    let (Block { walk, line, from, to }, lattice) = (*block, &plan.lattice);
    let rows = work.back_rows.as_mut_slice()[lattice.margin..].as_mut_ptr();
    work.locate(plan, line, from, to);
    work.timing.clear();
    for (number, bundle) in plan.bundles.iter().enumerate() {
        work.timing.weigh(tof, walk, bundle.dz_mm, from, to);
        // SAFETY: the workspace holds the values of a block, and the bundle's bins.
        unsafe {
            match vectors::<L>(plan, bundle) {
                1 => scatter::<L, 1>(plan, &mut work.timing, number, to - from),
                2 => scatter::<L, 2>(plan, &mut work.timing, number, to - from),
                vectors => unreachable!("a bundle of {vectors} vectors"),
            }
        }
        for member in &bundle.members {
            let (run, backwards) = (&plan.runs[member.run], work.slope(plan, line, member.run).backwards());
            // SAFETY: the block holds the rows and values of its steps; a run has no more planes than a bundle.
            unsafe {
                let rows = Rows::<*mut f32>::new(rows, lattice.row_stride, to - from, backwards);
                let values = work.timing.values.as_mut_slice().as_mut_ptr().add(member.lane);
                let steps = Steps { rows, values, stride: work.timing.stride, count: to - from, backwards };
                steps.spread::<L>(plan, run, &work.offsets[member.run]);
            }
        }
    }
    // SAFETY: rows 0..to − from are filled; the steps lie in `image`.
    unsafe { rows::unblend::<L>(plan, image, walk, from, to, rows, &mut work.voxels) };
}

/// Moves the bins of all bundles to the planes of a line, `[tof][plane]`.
///
/// # Safety
/// The machine has the level of `L`.
#[inline(always)]
pub(super) unsafe fn hand_over<L: Lanes>(plan: &Plan, timing: &Timing, y: &mut [f32]) {
    each_run(plan, 0..plan.tof_bins(), |run, bin, at| {
        let (planes, values) = (&mut y[bin * plan.planes + run.first..], &timing.bins.as_slice()[at..at + run.count]);
        if run.stride == 1 {
            // SAFETY: as for this function.
            unsafe { copy::<L>(values, &mut planes[..run.count]) };
        } else {
            planes.iter_mut().step_by(run.stride).zip(values).for_each(|(plane, value)| *plane = *value);
        }
    });
}

/// Takes the planes of a line, `[tof][plane]`, into those bins of all bundles that the steps `first..end` see.
///
/// # Safety
/// The machine has the level of `L`.
#[inline(always)]
pub(super) unsafe fn take_over<L: Lanes>(
    plan: &Plan,
    timing: &mut Timing,
    y: &[f32],
    walk: &Walk,
    steps: Range<usize>,
) {
    let Some(tof) = &plan.tof else { return };
    // A step lies the farther from the middle of its line the longer this is, so that the shortest and the longest
    // lines see all bins.
    let ends = plan.bundles.first().into_iter().chain(plan.bundles.last());
    let rows = ends.map(|bundle| tof.rows(tof.track(walk, bundle.dz_mm), &steps));
    let seen = rows.reduce(|all, own| all.start.min(own.start)..all.end.max(own.end)).unwrap_or(0..0);
    let bins = timing.bins.as_mut_slice();
    each_run(plan, seen, |run, bin, at| {
        let (planes, values) = (&y[bin * plan.planes + run.first..], &mut bins[at..at + run.count]);
        if run.stride == 1 {
            // SAFETY: as for this function.
            unsafe { copy::<L>(&planes[..run.count], values) };
        } else {
            values.iter_mut().zip(planes.iter().step_by(run.stride)).for_each(|(value, plane)| *value = *plane);
        }
    });
}

/// Copies a few floats: a call of the library would cost more than the copy.
#[inline(always)]
unsafe fn copy<L: Lanes>(from: &[f32], to: &mut [f32]) {
    assert_eq!(from.len(), to.len());
    let (whole, rest) = (from.len() / L::COUNT * L::COUNT, from.len() % L::COUNT);
    // SAFETY: both hold as many floats; the machine has the level (caller).
    unsafe {
        for n in (0..whole).step_by(L::COUNT) {
            L::load(from.as_ptr().add(n)).store(to.as_mut_ptr().add(n));
        }
        if rest > 0 {
            L::load_first(from.as_ptr().add(whole), rest).store_first(to.as_mut_ptr().add(whole), rest);
        }
    }
}

/// Calls `visit(run, bin, place of its first plane among the bundles' bins)` for every run and some bins.
#[inline(always)]
fn each_run(plan: &Plan, some: Range<usize>, mut visit: impl FnMut(&Run, usize, usize)) {
    let (bins, lanes) = (plan.tof_bins(), plan.bundle_lanes);
    for bin in some {
        for (number, bundle) in plan.bundles.iter().enumerate() {
            for member in &bundle.members {
                visit(&plan.runs[member.run], bin, (number * bins + bin) * lanes + member.lane);
            }
        }
    }
}

/// Vectors that hold the planes of a bundle.
#[inline(always)]
fn vectors<L: Lanes>(plan: &Plan, bundle: &Bundle) -> usize {
    bundle.members.last().map_or(0, |last| (last.lane + plan.runs[last.run].count).div_ceil(L::COUNT))
}

/// The rows of a block, and the values of a run at its steps.
struct Steps<P> {
    /// In the order of rising lattice index.
    rows: Rows<P>,
    /// First plane of the run at the first step.
    values: *mut f32,
    /// Floats from one step's values to the next.
    stride: usize,
    count: usize,
    /// Whether the last step has the lowest lattice index.
    backwards: bool,
}

impl<P> Steps<P> {
    /// Values of the first step in the order of the lattice index, and the way to the next.
    #[inline(always)]
    fn in_order(&self) -> (*mut f32, isize) {
        let stride = self.stride as isize;
        let last = self.values.wrapping_add((self.count - 1) * self.stride);
        if self.backwards { (last, -stride) } else { (self.values, stride) }
    }
}

impl Steps<*const f32> {
    /// Interpolates the planes of a run at every step.
    #[inline(always)]
    unsafe fn interpolate<L: Lanes>(&self, plan: &Plan, run: &Run, offsets: &Offsets) {
        // SAFETY: as for `Steps` (caller).
        unsafe {
            match run.count.div_ceil(L::COUNT) {
                1 if run.count <= L::Narrow::COUNT => self.interpolate_vectors::<L::Narrow, 1>(plan, run, offsets),
                1 => self.interpolate_vectors::<L, 1>(plan, run, offsets),
                2 => self.interpolate_vectors::<L, 2>(plan, run, offsets),
                vectors => unreachable!("a run of {vectors} vectors"),
            }
        }
    }

    #[inline(always)]
    unsafe fn interpolate_vectors<L: Lanes, const V: usize>(&self, plan: &Plan, run: &Run, offsets: &Offsets) {
        let kept = offsets.crossing(self.count, run.count, &plan.lattice);
        let (values, stride) = self.in_order();
        // SAFETY: V vectors from kept points on lie in the rows and their margins, and behind the values of every step.
        unsafe {
            let one = L::splat(1.0);
            for s in (0..kept.start).chain(kept.end..self.count) {
                for v in 0..V {
                    L::splat(0.0).store(values.offset(s as isize * stride).add(v * L::COUNT));
                }
            }
            let mut row = self.rows.first.wrapping_offset(kept.start as isize * self.rows.stride);
            let mut to = values.wrapping_offset(kept.start as isize * stride);
            let (points, shares) = (offsets.points.as_ptr(), offsets.share.as_ptr());
            for s in kept {
                let upper = L::splat(*shares.add(s));
                let lower = one.sub(upper);
                let from = (*points.add(s)).map(|point| row.offset(point as isize));
                for v in 0..V {
                    let below = L::load(from[0].add(v * L::COUNT)).mul(lower);
                    L::load(from[1].add(v * L::COUNT)).mul_add(upper, below).store(to.add(v * L::COUNT));
                }
                row = row.wrapping_offset(self.rows.stride);
                to = to.wrapping_offset(stride);
            }
        }
    }
}

impl Steps<*mut f32> {
    /// Adds the planes of a run at every step to the rows.
    #[inline(always)]
    unsafe fn spread<L: Lanes>(&self, plan: &Plan, run: &Run, offsets: &Offsets) {
        // SAFETY: as for `Steps` (caller).
        unsafe {
            match (plan.lattice.phases, (run.count + usize::from(plan.lattice.phases == 1)).div_ceil(L::COUNT)) {
                (1, 1) if run.count < L::Narrow::COUNT => self.spread_vectors::<L::Narrow, 1, true>(plan, run, offsets),
                (_, 1) if plan.lattice.phases > 1 && run.count <= L::Narrow::COUNT => {
                    self.spread_vectors::<L::Narrow, 1, false>(plan, run, offsets);
                }
                (1, 1) => self.spread_vectors::<L, 1, true>(plan, run, offsets),
                (1, 2) => self.spread_vectors::<L, 2, true>(plan, run, offsets),
                (1, 3) => self.spread_vectors::<L, 3, true>(plan, run, offsets),
                (_, 1) => self.spread_vectors::<L, 1, false>(plan, run, offsets),
                (_, 2) => self.spread_vectors::<L, 2, false>(plan, run, offsets),
                (_, vectors) => unreachable!("a run of {vectors} vectors"),
            }
        }
    }

    /// The same for V vectors; `ONE` phase or several.
    #[inline(always)]
    unsafe fn spread_vectors<L: Lanes, const V: usize, const ONE: bool>(
        &self,
        plan: &Plan,
        run: &Run,
        offsets: &Offsets,
    ) {
        let kept = offsets.crossing(self.count, run.count, &plan.lattice);
        let (values, stride) = self.in_order();
        // SAFETY: V vectors from kept points on lie in the rows and their margins, and behind the values of every step.
        unsafe {
            let one = L::splat(1.0);
            // The lanes behind those of the run are other runs'.
            let mut own = [one; V];
            for (v, own) in own.iter_mut().enumerate() {
                *own = first_lanes(run.count.saturating_sub(v * L::COUNT));
            }
            let (points, shares) = (offsets.points.as_ptr(), offsets.share.as_ptr());
            let mut row = self.rows.first.wrapping_offset(kept.start as isize * self.rows.stride);
            let mut from = values.wrapping_offset(kept.start as isize * stride);
            for s in kept {
                let upper = L::splat(*shares.add(s));
                let lower = one.sub(upper);
                let [to, above] = (*points.add(s)).map(|point| row.offset(point as isize));
                let mut here = [L::splat(0.0); V];
                for v in 0..V {
                    here[v] = L::load(from.add(v * L::COUNT)).and(own[v]);
                }
                if ONE {
                    // Both points of a plane lie in one row: its share of the upper one goes with the plane above.
                    for v in 0..V {
                        let below = if v == 0 { L::splat(0.0) } else { here[v - 1] };
                        let to = to.add(v * L::COUNT);
                        let sum = here[v].mul_add(lower, L::load(to));
                        here[v].moved_up(below).mul_add(upper, sum).store(to);
                    }
                } else {
                    for (v, here) in here.into_iter().enumerate() {
                        let [to, above] = [to, above].map(|to| to.add(v * L::COUNT));
                        here.mul_add(lower, L::load(to)).store(to);
                        here.mul_add(upper, L::load(above)).store(above);
                    }
                }
                row = row.wrapping_offset(self.rows.stride);
                from = from.wrapping_offset(stride);
            }
        }
    }
}

/// The steps of a block in the order of rising bins.
struct Order {
    first: isize,
    step: isize,
}

impl Order {
    #[inline(always)]
    fn new(timing: &Timing, steps: usize) -> Self {
        if timing.rising { Self { first: 0, step: 1 } } else { Self { first: steps as isize - 1, step: -1 } }
    }

    #[inline(always)]
    fn at(&self, s: usize) -> usize {
        (self.first + s as isize * self.step) as usize
    }
}

/// Adds the weighted values of a bundle to its bins.
#[inline(always)]
unsafe fn gather<L: Lanes, const V: usize>(plan: &Plan, timing: &mut Timing, bundle: usize, steps: usize) {
    let Some(tof) = &plan.tof else { return };
    let (bins, row, lanes) = (tof.bins() as i32, tof.row(), plan.bundle_lanes);
    let order = Order::new(timing, steps);
    // SAFETY: values, weights and first bins of all steps are there; only bins of the bundle are written.
    unsafe {
        let out = timing.bins.as_mut_slice().as_mut_ptr().add(bundle * bins as usize * lanes);
        let flush = |bin: i32, sums: &[L; V]| {
            if (0..bins).contains(&bin) {
                let to = out.add(bin as usize * lanes);
                for (v, sum) in sums.iter().enumerate() {
                    sum.add(L::load(to.add(v * L::COUNT))).store(to.add(v * L::COUNT));
                }
            }
        };
        for part in (0..row).step_by(WINDOW) {
            let mut window = [[L::splat(0.0); V]; WINDOW];
            let mut first = *timing.firsts.get_unchecked(order.at(0)) + part as i32;
            for s in 0..steps {
                let t = order.at(s);
                let next = *timing.firsts.get_unchecked(t) + part as i32;
                while first < next {
                    flush(first, &window[0]);
                    for k in 0..WINDOW - 1 {
                        window[k] = window[k + 1];
                    }
                    window[WINDOW - 1] = [L::splat(0.0); V];
                    first += 1;
                }
                let from = timing.values.as_slice().as_ptr().add(t * timing.stride);
                let weights = timing.weights.as_ptr().add(t * row + part);
                let mut values = [L::splat(0.0); V];
                for (v, value) in values.iter_mut().enumerate() {
                    *value = L::load(from.add(v * L::COUNT));
                }
                for (k, sums) in window.iter_mut().enumerate() {
                    let weight = L::splat(*weights.add(k));
                    for (sum, value) in sums.iter_mut().zip(&values) {
                        *sum = value.mul_add(weight, *sum);
                    }
                }
            }
            for (k, sums) in window.iter().enumerate() {
                flush(first + k as i32, sums);
            }
        }
    }
}

/// Sets the values of a bundle to its weighted bins: the transpose of [`gather`].
#[inline(always)]
unsafe fn scatter<L: Lanes, const V: usize>(plan: &Plan, timing: &mut Timing, bundle: usize, steps: usize) {
    let Some(tof) = &plan.tof else { return };
    let (bins, row, lanes) = (tof.bins() as i32, tof.row(), plan.bundle_lanes);
    let order = Order::new(timing, steps);
    // SAFETY: weights and first bins of all steps are there; only bins of the bundle are read.
    unsafe {
        let planes = timing.bins.as_slice().as_ptr().add(bundle * bins as usize * lanes);
        let fetch = |bin: i32| {
            let mut vectors = [L::splat(0.0); V];
            if (0..bins).contains(&bin) {
                let from = planes.add(bin as usize * lanes);
                for (v, vector) in vectors.iter_mut().enumerate() {
                    *vector = L::load(from.add(v * L::COUNT));
                }
            }
            vectors
        };
        for part in (0..row).step_by(WINDOW) {
            let mut first = *timing.firsts.get_unchecked(order.at(0)) + part as i32;
            let mut window = [[L::splat(0.0); V]; WINDOW];
            for (k, planes) in window.iter_mut().enumerate() {
                *planes = fetch(first + k as i32);
            }
            for s in 0..steps {
                let t = order.at(s);
                let next = *timing.firsts.get_unchecked(t) + part as i32;
                while first < next {
                    first += 1;
                    for k in 0..WINDOW - 1 {
                        window[k] = window[k + 1];
                    }
                    window[WINDOW - 1] = fetch(first + WINDOW as i32 - 1);
                }
                let to = timing.values.as_mut_slice().as_mut_ptr().add(t * timing.stride);
                let weights = timing.weights.as_ptr().add(t * row + part);
                let mut values = [L::splat(0.0); V];
                if part > 0 {
                    for (v, value) in values.iter_mut().enumerate() {
                        *value = L::load(to.add(v * L::COUNT));
                    }
                }
                for (k, planes) in window.iter().enumerate() {
                    let weight = L::splat(*weights.add(k));
                    for (value, plane) in values.iter_mut().zip(planes) {
                        *value = plane.mul_add(weight, *value);
                    }
                }
                for (v, value) in values.iter().enumerate() {
                    value.store(to.add(v * L::COUNT));
                }
            }
        }
    }
}
