//! Rows of voxels: two neighbouring columns blended into one row of lattice points, and the transpose.

use super::lattice::Sampling;
use super::{Axis, Plan, Walk};
use crate::lanes::Lanes;
use crate::product;

/// Blends the columns of the steps `from..to` into rows 0, 1, … of `rows`.
///
/// # Safety
/// The machine has the level of `L`; `image` has the plan's shape; `rows` holds `to − from` rows.
#[inline(always)]
pub(super) unsafe fn blend<L: Lanes>(
    plan: &Plan,
    image: &[f32],
    walk: &Walk,
    from: usize,
    to: usize,
    rows: *mut f32,
    voxels: &mut [f32],
) {
    let nz = plan.grid.shape[2];
    // The image is zero outside; the back projection leaves something there.
    (voxels[0], voxels[nz + 1]) = (0.0, 0.0);
    for step in from..to {
        let (low, share) = walk.columns(step);
        // SAFETY: row `step − from` lies inside `rows` (caller).
        let row = unsafe { rows.add((step - from) * plan.lattice.row_stride) };
        let pair = columns(plan, walk, step, low);
        let pair = pair.map(|column| column.map(|at| &image[at..at + nz]));
        match &plan.lattice.sampling {
            // SAFETY: a row of unresampled voxels has room for nz floats, rounded up to whole vectors.
            Sampling::Voxels => unsafe { blend_pair::<L>(pair, share, nz, row) },
            Sampling::Linear(points) => {
                // SAFETY: `voxels` has nz + 2 floats; the last vector is stored partially.
                unsafe { blend_pair_exact::<L>(pair, share, nz, voxels.as_mut_ptr().add(1)) };
                for point in points {
                    let below = point.below as usize;
                    let value = (1.0 - point.share) * voxels[below] + point.share * voxels[below + 1];
                    // SAFETY: points lie inside the row by construction of the lattice.
                    unsafe { *row.add(point.at as usize) = value };
                }
            }
        }
    }
}

/// Start of the two columns of a step in the image, `None` outside it.
#[inline(always)]
fn columns(plan: &Plan, walk: &Walk, step: usize, low: isize) -> [Option<usize>; 2] {
    let [nx, ny, nz] = plan.grid.shape;
    [low, low + 1].map(|side| match walk.axis {
        Axis::X => (0..ny as isize).contains(&side).then(|| (step * ny + side as usize) * nz),
        Axis::Y => (0..nx as isize).contains(&side).then(|| (side as usize * ny + step) * nz),
    })
}

#[inline(always)]
unsafe fn blend_pair<L: Lanes>(pair: [Option<&[f32]>; 2], share: f32, nz: usize, row: *mut f32) {
    let whole = nz / L::COUNT * L::COUNT;
    // SAFETY: the columns hold nz floats, the row nz rounded up to whole vectors (caller).
    unsafe {
        if let [Some(low), Some(high)] = pair {
            let (lower, upper) = (L::splat(1.0 - share), L::splat(share));
            for z in (0..whole).step_by(L::COUNT) {
                let low = L::load(low.as_ptr().add(z)).mul(lower);
                L::load(high.as_ptr().add(z)).mul_add(upper, low).store(row.add(z));
            }
        } else {
            for z in (0..whole).step_by(L::COUNT) {
                blended::<L>(pair, share, z, L::COUNT).store(row.add(z));
            }
        }
        if whole < nz {
            blended::<L>(pair, share, whole, nz - whole).store(row.add(whole));
        }
    }
}

#[inline(always)]
unsafe fn blend_pair_exact<L: Lanes>(pair: [Option<&[f32]>; 2], share: f32, nz: usize, row: *mut f32) {
    let whole = nz / L::COUNT * L::COUNT;
    // SAFETY: columns and row hold nz floats (caller).
    unsafe {
        for z in (0..whole).step_by(L::COUNT) {
            blended::<L>(pair, share, z, L::COUNT).store(row.add(z));
        }
        if whole < nz {
            blended::<L>(pair, share, whole, nz - whole).store_first(row.add(whole), nz - whole);
        }
    }
}

/// `count` blended voxels from z on.
#[inline(always)]
unsafe fn blended<L: Lanes>(pair: [Option<&[f32]>; 2], share: f32, z: usize, count: usize) -> L {
    // SAFETY: the columns hold z + count floats (caller).
    unsafe {
        let load = |column: &[f32]| {
            let from = column.as_ptr().add(z);
            if count == L::COUNT { L::load(from) } else { L::load_first(from, count) }
        };
        match pair {
            [Some(low), Some(high)] => load(high).mul_add(L::splat(share), load(low).mul(L::splat(1.0 - share))),
            [Some(low), None] => load(low).mul(L::splat(1.0 - share)),
            [None, Some(high)] => load(high).mul(L::splat(share)),
            [None, None] => L::splat(0.0),
        }
    }
}

/// Some rows of an image along its principal axis, which one thread may write.
///
/// The parts that [`ImageRows::split`] makes share no voxel, so they can be written at the same time.
pub struct ImageRows<'a> {
    image: *mut f32,
    shape: [usize; 3],
    axis: Axis,
    first: usize,
    end: usize,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: the voxels of a part belong to it alone (see `split`), as those of a `&mut [f32]` would.
unsafe impl Send for ImageRows<'_> {}

impl<'a> ImageRows<'a> {
    /// Splits an image `[x, y, z]` into parts of at most `rows` neighbouring rows along `axis`.
    pub fn split(image: &'a mut [f32], shape: [usize; 3], axis: Axis, rows: usize) -> Vec<ImageRows<'a>> {
        // Before the parts are listed: an image of this many rows is there.
        assert_eq!(image.len(), product(&shape), "image does not have the shape {shape:?}");
        let count = if axis == Axis::X { shape[0] } else { shape[1] };
        let ends: Vec<usize> = (rows..count).step_by(rows).collect();
        Self::split_at(image, shape, axis, &ends)
    }

    /// Splits an image `[x, y, z]` along `axis` before the given rows, which must rise.
    pub fn split_at(image: &'a mut [f32], shape: [usize; 3], axis: Axis, before: &[usize]) -> Vec<ImageRows<'a>> {
        assert_eq!(image.len(), product(&shape), "image does not have the shape {shape:?}");
        let count = if axis == Axis::X { shape[0] } else { shape[1] };
        let ends: Vec<usize> = before.iter().copied().chain([count]).collect();
        assert!(ends.is_sorted(), "parts of {count} rows that end before {before:?}");
        let (image, lifetime) = (image.as_mut_ptr(), std::marker::PhantomData);
        let starts = std::iter::once(0).chain(before.iter().copied());
        starts.zip(&ends).map(|(first, &end)| ImageRows { image, shape, axis, first, end, lifetime }).collect()
    }

    /// Voxels `[x, y, z]` of the whole image.
    pub(super) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Axis along which the rows follow each other.
    pub fn axis(&self) -> Axis {
        self.axis
    }

    /// The rows, as indices along the axis.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first..self.end
    }

    /// Whether a line takes steps in these rows, along their axis.
    pub fn touched_by(&self, walk: &Walk) -> bool {
        let (from, to) = walk.within(&self.range());
        walk.axis == self.axis && from < to
    }

    /// First voxel of the column at `row` along the axis and `side` along the other, `None` outside the image.
    #[inline(always)]
    fn column(&self, row: usize, side: isize) -> Option<*mut f32> {
        debug_assert!(self.range().contains(&row));
        let [nx, ny, nz] = self.shape;
        let (sides, at) = match self.axis {
            Axis::X => (ny, row as isize * ny as isize + side),
            Axis::Y => (nx, side * ny as isize + row as isize),
        };
        // SAFETY: row and side lie inside the shape, which is that of the allocation.
        (0..sides as isize).contains(&side).then(|| unsafe { self.image.offset(at * nz as isize) })
    }
}

/// Adds rows 0, 1, … (the steps `from..to`) to the columns they were blended from, and clears them: the transpose of
/// [`blend`].
///
/// # Safety
/// The machine has the level of `L`; the steps lie inside `image`'s rows; `rows` holds `to − from` rows.
#[inline(always)]
pub(super) unsafe fn unblend<L: Lanes>(
    plan: &Plan,
    image: &mut ImageRows,
    walk: &Walk,
    from: usize,
    to: usize,
    rows: *mut f32,
    voxels: &mut [f32],
) {
    let nz = plan.grid.shape[2];
    for step in from..to {
        let (low, share) = walk.columns(step);
        // SAFETY: row `step − from` lies inside `rows` (caller).
        let row = unsafe { rows.add((step - from) * plan.lattice.row_stride) };
        let pair = [image.column(step, low), image.column(step, low + 1)];
        // SAFETY: columns hold nz floats and belong to this thread; rows hold whole vectors.
        unsafe {
            match &plan.lattice.sampling {
                Sampling::Voxels => add_pair::<L>(pair, share, nz, row),
                Sampling::Linear(points) => {
                    voxels.fill(0.0);
                    for point in points {
                        let (value, below) = (&mut *row.add(point.at as usize), point.below as usize);
                        voxels[below] += (1.0 - point.share) * *value;
                        voxels[below + 1] += point.share * *value;
                        *value = 0.0;
                    }
                    add_pair_exact::<L>(pair, share, nz, voxels.as_ptr().add(1));
                }
            }
        }
    }
}

/// Adds a row to its columns and clears it.
#[inline(always)]
unsafe fn add_pair<L: Lanes>(pair: [Option<*mut f32>; 2], share: f32, nz: usize, row: *mut f32) {
    let (whole, rest) = (nz / L::COUNT * L::COUNT, nz % L::COUNT);
    // SAFETY: columns hold nz floats, the row nz rounded up to whole vectors (caller).
    unsafe {
        let zero = L::splat(0.0);
        if let [Some(low), Some(high)] = pair {
            let (lower, upper) = (L::splat(1.0 - share), L::splat(share));
            for z in (0..whole).step_by(L::COUNT) {
                let points = L::load(row.add(z));
                points.mul_add(lower, L::load(low.add(z))).store(low.add(z));
                points.mul_add(upper, L::load(high.add(z))).store(high.add(z));
                zero.store(row.add(z));
            }
            if rest > 0 {
                let points = L::load(row.add(whole));
                points.mul_add(lower, L::load_first(low.add(whole), rest)).store_first(low.add(whole), rest);
                points.mul_add(upper, L::load_first(high.add(whole), rest)).store_first(high.add(whole), rest);
                zero.store(row.add(whole));
            }
        } else {
            add_pair_exact::<L>(pair, share, nz, row);
            for z in (0..nz).step_by(L::COUNT) {
                zero.store(row.add(z));
            }
        }
    }
}

#[inline(always)]
unsafe fn add_pair_exact<L: Lanes>(pair: [Option<*mut f32>; 2], share: f32, nz: usize, row: *const f32) {
    let (whole, rest) = (nz / L::COUNT * L::COUNT, nz % L::COUNT);
    // SAFETY: columns and row hold nz floats (caller).
    unsafe {
        for (column, weight) in [(pair[0], 1.0 - share), (pair[1], share)] {
            let Some(column) = column else { continue };
            let weight = L::splat(weight);
            for z in (0..whole).step_by(L::COUNT) {
                L::load(row.add(z)).mul_add(weight, L::load(column.add(z))).store(column.add(z));
            }
            if rest > 0 {
                let sum = L::load_first(row.add(whole), rest).mul_add(weight, L::load_first(column.add(whole), rest));
                sum.store_first(column.add(whole), rest);
            }
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
