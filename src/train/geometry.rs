//! The small scanners of training: a few planes of a real one.
//!
//! *Slices*: direct planes only, one per ring. No line crosses from one slice to another, so each may hold a body of
//! its own: many scans share the projector's inner loop, which runs along z, and a two-dimensional network sees them as
//! a batch. *Volume*: a short scanner with oblique planes, one body.

use crate::image::ImageGrid;
use crate::scanner::{AxialCompression, GeometryError, Scanner, SinogramGeometry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is reconstructed in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Stack {
    /// `slices = { count = 8 }`: so many slices, each of another body; for kernels of one voxel along z.
    Slices {
        /// How many.
        #[serde(deserialize_with = "crate::units::parts")]
        #[schemars(range(max = 65_536))]
        count: usize,
    },
    /// `volume = { rings = 12, max_ring_difference = 11 }`: one body in a short scanner.
    Volume {
        /// Rings of the short scanner.
        #[serde(deserialize_with = "crate::units::parts")]
        #[schemars(range(max = 65_536))]
        rings: usize,
        /// Largest ring difference of any line.
        #[serde(deserialize_with = "crate::units::parts")]
        #[schemars(range(max = 65_536))]
        max_ring_difference: usize,
    },
}

impl Stack {
    /// Scans in the stack.
    pub fn scans(self) -> usize {
        match self {
            Self::Slices { count } => count,
            Self::Volume { .. } => 1,
        }
    }

    /// Whether the slices are scans of their own.
    pub fn slices_apart(self) -> bool {
        matches!(self, Self::Slices { .. })
    }

    /// The scan that a plane, or a slice, belongs to.
    pub fn scan_of_plane(self, plane: usize) -> usize {
        if self.slices_apart() { plane } else { 0 }
    }
}

/// A scanner to train on, and the images that are reconstructed from it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingScanner {
    /// The real scanner.
    pub scanner: Scanner,
    /// Neighbouring views summed into one.
    pub view_mashing: usize,
    /// Voxels across the axis.
    pub shape: [usize; 2],
    /// Range of the voxels' sides across the axis in mm.
    pub voxel_mm: [f64; 2],
    /// Range of the resolution (FWHM) in mm.
    pub resolution_mm: [f64; 2],
}

impl TrainingScanner {
    /// The geometry of a stack: without TOF and uncompressed along the axis.
    pub fn geometry(&self, stack: Stack) -> Result<SinogramGeometry, GeometryError> {
        let (rings, max_ring_difference) = match stack {
            Stack::Slices { count } => (count, 0),
            Stack::Volume { rings, max_ring_difference } => (rings, max_ring_difference),
        };
        // Gaps between blocks along the axis would make the planes unequal.
        let plain = Scanner { rings_per_block: 0, virtual_rings: 0, axial_block_gap_mm: 0.0, ..self.scanner.clone() };
        let scanner = Scanner { rings, ..plain };
        SinogramGeometry::new(scanner, AxialCompression::Span { span: 1, max_ring_difference }, self.view_mashing, 0)
    }

    /// The image grid of a stack, with voxels of this side across the axis.
    pub fn grid(&self, stack: Stack, voxel_mm: f64) -> ImageGrid {
        let [nx, ny] = self.shape;
        let spacing = self.scanner.ring_spacing_mm;
        let (slices, height) = match stack {
            Stack::Slices { count } => (count, spacing),
            Stack::Volume { rings, .. } => (2 * rings - 1, 0.5 * spacing),
        };
        ImageGrid::centred([nx, ny, slices], [voxel_mm, voxel_mm, height])
    }
}
