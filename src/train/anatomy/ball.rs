//! Balls in a grid: small structures that are painted apart from the body, voxel by voxel.

use super::made::Made;
use crate::image::ImageGrid;

/// A ball whose edge may be soft.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    /// Its centre in mm.
    pub centre_mm: [f64; 3],
    /// Where its share has fallen to a half, in mm.
    pub radius_mm: f64,
    /// Width of its edge in mm; 0 is sharp.
    pub edge_mm: f64,
}

/// A small image: indices of voxels in its grid, each with a value; all others are 0.
pub type Spot = Vec<(usize, f32)>;

impl Ball {
    /// Nothing of it is farther from its centre than this, in mm, on voxels of this size.
    pub fn reach_mm(&self, size_mm: f64) -> f64 {
        self.radius_mm + 0.5 * self.edge_mm.max(size_mm)
    }

    /// Voxels that it touches: `[i, j, k]` and its share of the voxel, softened over one voxel across the axis.
    pub(super) fn shares(&self, grid: &ImageGrid) -> Vec<([usize; 3], f64)> {
        let width = self.edge_mm.max(size_mm(grid));
        let reach = self.reach_mm(width);
        let bounds = |axis: usize| {
            let place = |mm: f64| (mm - grid.origin_mm[axis]) / grid.voxel_mm[axis];
            let low = place(self.centre_mm[axis] - reach).ceil().max(0.0) as usize;
            let high = (place(self.centre_mm[axis] + reach).floor() + 1.0).max(0.0) as usize;
            low..high.min(grid.shape[axis])
        };
        let mut shares = Vec::new();
        for (i, j) in bounds(0).flat_map(|i| bounds(1).map(move |j| (i, j))) {
            for k in bounds(2) {
                let p = grid.centre_mm([i, j, k]);
                let share = (0.5 + (self.radius_mm - distance(p, self.centre_mm)) / width).min(1.0);
                if share > 0.0 {
                    shares.push(([i, j, k], share));
                }
            }
        }
        shares
    }

    /// Its middle, and six points inside: what lies there is what it lies in.
    pub(super) fn samples(&self) -> [[f64; 3]; 7] {
        let mut points = [self.centre_mm; 7];
        for (number, point) in points[1..].iter_mut().enumerate() {
            point[number / 2] += 0.6 * self.radius_mm * [1.0, -1.0][number % 2];
        }
        points
    }
}

pub(super) fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
}

/// Surfaces are softened over this many mm.
pub(super) fn size_mm(grid: &ImageGrid) -> f64 {
    grid.voxel_mm[0].max(grid.voxel_mm[1])
}

/// What a hot thing adds to a voxel that it fills: its amplitude; what a cold one takes: a share of what is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    Adds(f64),
    Takes(f64),
}

impl Change {
    pub fn of(self, body: Made) -> f64 {
        match self {
            Self::Adds(activity) => activity,
            Self::Takes(share) => -share * body[0],
        }
    }
}
