//! The axial lattice of the rows: voxel centres where these divide the plane spacing, else resampled linearly.
//!
//! Lattice point m lies at z = `first_mm` + m · `spacing_mm`. A row is stored polyphase: phase r holds the points r,
//! r + Q, r + 2Q, … contiguously, so that neighbouring planes are neighbouring floats whatever their spacing.

use super::groups::Group;
use super::limits::MOST_STEPS;
use crate::joseph::Grid;

/// Where the points of a row are, and how they come from the voxels.
#[derive(Clone, Debug)]
pub(super) struct Lattice {
    /// z of point 0 in mm.
    pub first_mm: f64,
    /// Distance between points in mm.
    pub spacing_mm: f64,
    /// Q, the lattice points between neighbouring planes.
    pub phases: usize,
    /// Points per phase that can be non-zero.
    pub length: usize,
    /// Floats per phase, zero margin included.
    pub phase_stride: usize,
    /// Zeros behind each phase, a multiple of a vector; as many lie before the first row.
    pub margin: usize,
    /// Floats per row.
    pub row_stride: usize,
    /// How a row is made of voxels.
    pub sampling: Sampling,
}

/// How lattice points come from the voxels of a column.
#[derive(Clone, Debug)]
pub(super) enum Sampling {
    /// One phase, one point per voxel: the row is the column.
    Voxels,
    /// Point m is (1 − g) · voxel\[j\] + g · voxel\[j + 1\]; `(j, g, position in the row)` per point. j may be −1 or
    /// the last.
    Linear(Vec<Point>),
}

/// One resampled lattice point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Lower voxel, plus one (so that the zero below the image is 0).
    pub below: u32,
    /// Position in the row.
    pub at: u32,
    /// Weight of the upper voxel.
    pub share: f32,
}

impl Lattice {
    /// The lattice for planes in `groups` over the voxels of `grid`; rows keep `margin` zeros behind each phase.
    pub(super) fn new(grid: &Grid, groups: &[Group], lanes: usize, margin: usize) -> Self {
        let (voxel, nz) = (grid.voxel_mm[2], grid.shape[2]);
        let smallest = groups.iter().filter_map(|g| g.spacing_mm).fold(f64::INFINITY, f64::min);
        let smallest = if smallest.is_finite() { smallest } else { voxel };
        let spacing_mm = smallest / (smallest / voxel - 1e-4).ceil().max(1.0);
        let steps = |mm: f64| (mm / spacing_mm).round() as usize;
        let phases = groups.iter().filter_map(|g| g.spacing_mm).map(steps).fold(1, least_common_multiple);
        let same = (spacing_mm - voxel).abs() < 1e-6 * voxel;
        // Points strictly less than a voxel outside the image can be non-zero.
        let below = if same { 0 } else { (voxel / spacing_mm - 1e-9).floor() as usize };
        let points = if same { nz } else { below + ((nz as f64 * voxel) / spacing_mm - 1e-9).floor() as usize + 1 };
        // Positions in a row are worked out in single precision and 32 bits.
        let row = phases.checked_mul((points.div_ceil(phases) + margin).next_multiple_of(16.max(lanes)));
        let fits = points <= MOST_STEPS && row.is_some_and(|floats| floats <= MOST_ROW);
        assert!(fits, "{nz} voxels of {voxel} mm along z do not go with planes {smallest} mm apart");
        let first_mm = grid.origin_mm[2] - below as f64 * spacing_mm;
        let length = points.div_ceil(phases);
        let phase_stride = (length + margin).next_multiple_of(16.max(lanes));
        let mut lattice = Self {
            first_mm,
            spacing_mm,
            phases,
            length,
            phase_stride,
            margin,
            row_stride: phase_stride * phases,
            sampling: Sampling::Voxels,
        };
        if !same || phases > 1 {
            let z0 = grid.origin_mm[2];
            lattice.sampling = Sampling::Linear((0..points).filter_map(|m| lattice.point(m, z0, voxel, nz)).collect());
        }
        lattice
    }

    fn point(&self, m: usize, origin_mm: f64, voxel_mm: f64, nz: usize) -> Option<Point> {
        let at = (self.first_mm + m as f64 * self.spacing_mm - origin_mm) / voxel_mm;
        // A point within a millionth of a voxel centre is that centre.
        let at = if (at - at.round()).abs() < 1e-6 { at.round() } else { at };
        let low = at.floor();
        ((-1.0..nz as f64).contains(&low)).then(|| Point {
            below: (low + 1.0) as u32,
            at: ((m % self.phases) * self.phase_stride + m / self.phases) as u32,
            share: (at - low) as f32,
        })
    }

    /// Continuous lattice index of a position.
    pub(super) fn index(&self, z_mm: f64) -> f64 {
        (z_mm - self.first_mm) / self.spacing_mm
    }
}

/// Most floats of a row.
const MOST_ROW: usize = 1 << 24;

/// The least common multiple, or the largest number where that is larger still.
fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).saturating_mul(b)
}
