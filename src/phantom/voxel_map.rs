//! Voxel images under the painted solids.
//!
//! Every voxel holds a tissue or nothing; a line is cut where it passes from voxel to voxel (Amanatides & Woo 1987), so
//! that its chords are exact here, too: crossings are computed from the planes' own numbers, not step by step.

use super::solid::Line;
use super::stretch::Stretch;
use super::vector::Vector;
use crate::image::ImageGrid;
use std::collections::HashMap;

/// Tissues on a grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct VoxelMap {
    grid: ImageGrid,
    /// 0 for nothing, n for tissue n − 1, `[x, y, z]`.
    tissues: Vec<u32>,
    /// First and last voxel along each axis that hold something.
    filled: [[usize; 2]; 3],
}

impl VoxelMap {
    /// A map of `[x, y, z]`, 0 for nothing and n for tissue n − 1; `None` where all is nothing.
    pub fn new(grid: ImageGrid, tissues: Vec<u32>) -> Option<Self> {
        assert_eq!(tissues.len(), grid.voxels(), "a tissue for each voxel");
        let [_, ny, nz] = grid.shape;
        let mut filled = [[usize::MAX, 0]; 3];
        for voxel in (0..tissues.len()).filter(|&voxel| tissues[voxel] > 0) {
            for (range, at) in filled.iter_mut().zip([voxel / (ny * nz), voxel / nz % ny, voxel % nz]) {
                *range = [range[0].min(at), range[1].max(at)];
            }
        }
        (filled[0][0] != usize::MAX).then_some(Self { grid, tissues, filled })
    }

    /// Voxels of equal values are one tissue, those of zeros none; the values of each tissue.
    pub fn of_values<const N: usize>(grid: ImageGrid, values: [&[f32]; N]) -> Option<(Self, Vec<[f32; N]>)> {
        let (mut known, mut of_tissues) = (HashMap::from([([0; N], 0)]), Vec::new());
        let tissue = |voxel: usize| {
            // −0 is 0.
            let own = values.map(|values| values[voxel] + 0.0);
            *known.entry(own.map(f32::to_bits)).or_insert_with(|| {
                of_tissues.push(own);
                of_tissues.len() as u32
            })
        };
        let tissues = (0..grid.voxels()).map(tissue).collect();
        Some((Self::new(grid, tissues)?, of_tissues))
    }

    pub fn grid(&self) -> &ImageGrid {
        &self.grid
    }

    /// Where voxels hold something, `[low, high]` along each axis in mm.
    pub fn extent_mm(&self) -> [[f64; 2]; 3] {
        std::array::from_fn(|axis| {
            let [first, last] = self.filled[axis];
            [self.plane(axis, first), self.plane(axis, last + 1)]
        })
    }

    /// The extent of that box along a unit vector, in mm.
    pub fn extent(&self, direction: Vector) -> [f64; 2] {
        let sums = self.extent_mm().into_iter().zip(direction).map(|([low, high], d)| [low * d, high * d]);
        sums.fold([0.0, 0.0], |sum, [a, b]| [sum[0] + a.min(b), sum[1] + a.max(b)])
    }

    /// The tissue at a point.
    pub fn at(&self, point: Vector) -> Option<usize> {
        let mut voxel = [0; 3];
        for axis in 0..3 {
            let place = ((point[axis] - self.plane(axis, 0)) / self.grid.voxel_mm[axis]).floor();
            if !(0.0..self.grid.shape[axis] as f64).contains(&place) {
                return None;
            }
            voxel[axis] = place as usize;
        }
        self.tissue(voxel)
    }

    /// The pieces of a line that lie in some tissue, in order; tissue n is shape `first` + n.
    pub fn follow(&self, line: &Line, first: usize, pieces: &mut Vec<Stretch>) {
        pieces.clear();
        let Some([start, end]) = self.inside(line) else { return };
        let mut at = start;
        let mut voxel: [usize; 3] = std::array::from_fn(|axis| {
            let point = line.start[axis] + at * line.direction[axis];
            let place = (point - self.plane(axis, 0)) / self.grid.voxel_mm[axis];
            let [low, high] = self.filled[axis];
            (place.max(0.0) as usize).clamp(low, high)
        });
        let mut crossings: Vector = std::array::from_fn(|axis| self.crossing(line, axis, voxel[axis]));
        loop {
            let axis = (1..3).fold(0, |least, axis| if crossings[axis] < crossings[least] { axis } else { least });
            let to = crossings[axis].min(end);
            if to > at {
                if let Some(tissue) = self.tissue(voxel) {
                    let shape = first + tissue;
                    match pieces.last_mut() {
                        Some(last) if last.shape == shape && last.end_mm == at => last.end_mm = to,
                        _ => pieces.push(Stretch { start_mm: at, end_mm: to, shape }),
                    }
                }
                at = to;
            }
            let forward = line.direction[axis] > 0.0;
            if crossings[axis] >= end || voxel[axis] == self.filled[axis][usize::from(forward)] {
                return;
            }
            voxel[axis] = if forward { voxel[axis] + 1 } else { voxel[axis] - 1 };
            crossings[axis] = self.crossing(line, axis, voxel[axis]);
        }
    }

    /// Position in mm of the plane below a voxel.
    fn plane(&self, axis: usize, voxel: usize) -> f64 {
        self.grid.origin_mm[axis] + (voxel as f64 - 0.5) * self.grid.voxel_mm[axis]
    }

    fn tissue(&self, voxel: [usize; 3]) -> Option<usize> {
        (self.tissues[self.grid.index(voxel)] as usize).checked_sub(1)
    }

    /// Where a line leaves a slab of voxels, in mm from its start.
    fn crossing(&self, line: &Line, axis: usize, voxel: usize) -> f64 {
        match line.direction[axis] {
            0.0 => f64::INFINITY,
            d => (self.plane(axis, voxel + usize::from(d > 0.0)) - line.start[axis]) / d,
        }
    }

    /// The part of a line inside the box of filled voxels.
    fn inside(&self, line: &Line) -> Option<[f64; 2]> {
        let mut inside = [0.0, line.length];
        for ([low, high], (start, d)) in self.extent_mm().into_iter().zip(line.start.into_iter().zip(line.direction)) {
            if d == 0.0 {
                if !(low..=high).contains(&start) {
                    return None;
                }
                continue;
            }
            let (one, other) = ((low - start) / d, (high - start) / d);
            inside = [inside[0].max(one.min(other)), inside[1].min(one.max(other))];
        }
        (inside[0] < inside[1]).then_some(inside)
    }
}
