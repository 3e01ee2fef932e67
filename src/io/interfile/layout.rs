//! Where each bin of a sinogram lies in a file, and the way between the file's order and ours.
//!
//! File: `[tof, segment, view, plane, radial]` or `[tof, segment, plane, view, radial]`, radial fastest.
//! Ours: `[view, radial, tof, plane]`, plane fastest. The planes of a segment run from head to feet in the file and
//! from feet to head here, so each segment is turned round. The file is passed once, in blocks of one view or a few
//! planes, so that beside the sinogram itself only one block is in memory.

use std::ops::Range;

/// Order of the bins of one segment in a file; the radial bin is always fastest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StorageOrder {
    /// View slowest, then plane: "viewgrams", STIR's default.
    #[default]
    ByView,
    /// Plane slowest, then view: sinograms.
    ByPlane,
}

/// Planes that are read together from a file of sinograms: enough for whole cache lines of our plane axis.
const PLANES_PER_BLOCK: usize = 16;

/// The segments of all TOF bins in the order of a file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub order: StorageOrder,
    pub runs: Vec<Run>,
    /// Our shape `[view, radial, tof, plane]`.
    pub shape: [usize; 4],
}

/// One segment of one TOF bin.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Our TOF bin.
    pub tof: usize,
    /// Our planes; the last one is the first in the file.
    pub planes: Range<usize>,
}

/// A contiguous piece of a file.
#[derive(Clone, Debug)]
pub(super) struct Block {
    views: Range<usize>,
    planes: Range<usize>,
    tof: usize,
    order: StorageOrder,
    shape: [usize; 4],
}

impl Layout {
    /// All blocks in the order of the file.
    pub fn blocks(&self) -> impl Iterator<Item = Block> {
        self.runs.iter().flat_map(|run| self.blocks_of(run))
    }

    fn blocks_of(&self, run: &Run) -> Vec<Block> {
        let [views, ..] = self.shape;
        let block = |views, planes| Block { views, planes, tof: run.tof, order: self.order, shape: self.shape };
        match self.order {
            StorageOrder::ByView => (0..views).map(|view| block(view..view + 1, run.planes.clone())).collect(),
            StorageOrder::ByPlane => {
                let Range { start, end } = run.planes;
                let ends = (start + 1..=end).rev().step_by(PLANES_PER_BLOCK);
                ends.map(|p| block(0..views, p.saturating_sub(PLANES_PER_BLOCK).max(start)..p)).collect()
            }
        }
    }
}

impl Block {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.views.len() * self.planes.len() * self.shape[1]
    }

    /// Copies the block from the file's order into a whole sinogram.
    pub fn scatter(&self, block: &[f32], sinogram: &mut [f32]) {
        self.for_each_run(|in_block, stride, bins| {
            for (k, value) in sinogram[bins].iter_mut().rev().enumerate() {
                *value = block[in_block + k * stride];
            }
        });
    }

    /// Copies the block from a whole sinogram into the file's order.
    pub fn gather(&self, sinogram: &[f32], block: &mut [f32]) {
        self.for_each_run(|in_block, stride, bins| {
            for (k, &value) in sinogram[bins].iter().rev().enumerate() {
                block[in_block + k * stride] = value;
            }
        });
    }

    /// View, radial bin, TOF bin and plane of a position in the block, for messages.
    pub fn bin(&self, position: usize) -> [usize; 4] {
        let (row, radial) = (position / self.shape[1], position % self.shape[1]);
        let (view, plane) = match self.order {
            StorageOrder::ByView => (row / self.planes.len(), row % self.planes.len()),
            StorageOrder::ByPlane => (row % self.views.len(), row / self.views.len()),
        };
        [self.views.start + view, radial, self.tof, self.planes.end - 1 - plane]
    }

    /// Calls `run(first position in the block, step between planes in the block, bins in the sinogram)` for each
    /// (view, radial) of the block.
    fn for_each_run(&self, mut run: impl FnMut(usize, usize, Range<usize>)) {
        let [_, radial_bins, tof_bins, planes] = self.shape;
        let [view_step, plane_step] = match self.order {
            StorageOrder::ByView => [self.planes.len() * radial_bins, radial_bins],
            StorageOrder::ByPlane => [radial_bins, self.views.len() * radial_bins],
        };
        for (index, view) in self.views.clone().enumerate() {
            for radial in 0..radial_bins {
                let start = ((view * radial_bins + radial) * tof_bins + self.tof) * planes;
                let bins = start + self.planes.start..start + self.planes.end;
                run(index * view_step + radial, plane_step, bins);
            }
        }
    }
}
