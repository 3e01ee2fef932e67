//! Scanners as plain data: crystals, sinogram geometry, time of flight.
//!
//! Crystal `d` of a ring sits at ψ = 2π d/N + tilt, at (R sin ψ, −R cos ψ) (as in STIR). Rings are counted along +z,
//! from feet to head of a head-first patient; STIR and Siemens count them the other way, and their readers and writers
//! turn the axis round.

mod check;
mod difference;
mod error;
mod field;
mod geometry;
mod lines;
mod michelogram;
mod presets;
mod tof;

pub use difference::Difference;
pub use error::GeometryError;
pub use field::FieldOfView;
pub use geometry::{RadialSampling, SinogramGeometry};
pub use lines::TransaxialLine;
pub use michelogram::{AxialCompression, MOST_PLANES, Plane, Segment, segments};
pub use presets::{PRESETS, preset};
pub use tof::{TofBins, TofDetector};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cylindrical stack of rings of crystals, virtual (gap) crystals included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Scanner {
    /// Name for people.
    pub name: String,
    /// Number of rings.
    #[schemars(range(min = 1, max = 4096))]
    pub rings: usize,
    /// Crystals per ring, virtual ones included.
    #[schemars(range(min = 8, max = 65_536))]
    pub crystals_per_ring: usize,
    /// Radius of the crystals' front faces in mm.
    #[schemars(range(min = 5.0, max = 2000.0))]
    pub inner_radius_mm: f64,
    /// Mean depth of interaction in mm; lines end at `inner_radius_mm + depth_of_interaction_mm`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub depth_of_interaction_mm: f64,
    /// Distance between the centres of neighbouring rings in mm (inside a block, where there are gaps).
    #[schemars(range(min = 0.05, max = 100.0))]
    pub ring_spacing_mm: f64,
    /// Gap between axial blocks in mm, on top of the ring spacing.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub axial_block_gap_mm: f64,
    /// Rings per axial block; 0 where the scanner is not described by blocks.
    #[serde(default)]
    pub rings_per_block: usize,
    /// Crystals per transaxial block, virtual ones included; 0 where the scanner is not described by blocks.
    #[serde(default)]
    pub crystals_per_block: usize,
    /// Virtual (gap) crystals of each block, transaxial: its first ones, as the real mMR has them.
    #[serde(default)]
    pub virtual_crystals: usize,
    /// Virtual (gap) rings between axial blocks: the last of each block. `rings` ends with the last real one, so that
    /// they are the same rings counted from either end.
    #[serde(default)]
    pub virtual_rings: usize,
    /// Where the crystals of one ring are.
    #[serde(default)]
    pub layout: RingLayout,
    /// Angle of crystal 0 in radians.
    #[serde(default)]
    #[schemars(range(min = -7.0, max = 7.0))]
    pub tilt_rad: f64,
    /// Radial bins of an uncompressed sinogram.
    pub radial_bins: usize,
    /// Radial bin size of arc-corrected data in mm, also the default voxel size.
    #[schemars(range(min = 0.01, max = 100.0))]
    pub bin_size_mm: f64,
    /// Energy resolution at 511 keV (FWHM / energy), where known.
    #[serde(default)]
    pub energy_resolution: Option<f64>,
    /// Time of flight, where the scanner has it.
    #[serde(default)]
    pub tof: Option<TofDetector>,
    /// How the vendor's own sinograms combine ring differences, which is the default of `[sinogram]`; where it is
    /// missing they are not combined: span 1, all ring differences.
    #[serde(default)]
    pub axial_compression: Option<AxialCompression>,
    /// Crystals by which the vendor's component normalisation counts further than we do: its crystal c is our
    /// c + offset. Missing where such files are not read. A file names its scanner, and is read as its preset says.
    #[serde(default)]
    pub norm_crystal_offset: Option<usize>,
}

/// Where the crystals of one ring are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum RingLayout {
    /// Equally spaced on a circle.
    #[default]
    Cylinder,
    /// Flat sides, crystals equally spaced along each.
    Polygon {
        /// Crystals on one flat side.
        crystals_per_side: usize,
        /// Distance between neighbouring crystals of a side in mm.
        crystal_pitch_mm: f64,
    },
}

impl Scanner {
    /// Radius at which lines of response end, in mm.
    pub fn effective_radius_mm(&self) -> f64 {
        self.inner_radius_mm + self.depth_of_interaction_mm
    }

    /// Axial position of the centre of a ring in mm; the middle of the scanner is 0.
    pub fn ring_z_mm(&self, ring: usize) -> f64 {
        let place = |ring: usize| {
            let gaps = ring.checked_div(self.rings_per_block).unwrap_or(0);
            ring as f64 * self.ring_spacing_mm + gaps as f64 * self.axial_block_gap_mm
        };
        place(ring) - 0.5 * place(self.rings - 1)
    }

    /// Length of the axial field of view in mm, outer edge to outer edge.
    pub fn axial_length_mm(&self) -> f64 {
        self.ring_z_mm(self.rings - 1) - self.ring_z_mm(0) + self.ring_spacing_mm
    }

    /// Position of crystal `crystal` (any integer, taken modulo the ring) in the transaxial plane, in mm.
    pub fn crystal_mm(&self, crystal: i64) -> [f64; 2] {
        let count = self.crystals_per_ring as i64;
        let crystal = crystal.rem_euclid(count) as usize;
        let step = std::f64::consts::TAU / count as f64;
        let radius = self.effective_radius_mm();
        match self.layout {
            RingLayout::Cylinder => {
                let (sin, cos) = (self.tilt_rad + step * crystal as f64).sin_cos();
                [radius * sin, -radius * cos]
            }
            RingLayout::Polygon { crystals_per_side, crystal_pitch_mm } => {
                let middle = 0.5 * (crystals_per_side as f64 - 1.0);
                let first = crystal - crystal % crystals_per_side;
                let along = ((crystal % crystals_per_side) as f64 - middle) * crystal_pitch_mm;
                let (sin, cos) = (self.tilt_rad + step * (first as f64 + middle)).sin_cos();
                [radius * sin + along * cos, -radius * cos + along * sin]
            }
        }
    }

    /// How the vendor's own sinograms combine ring differences.
    pub fn usual_compression(&self) -> AxialCompression {
        let uncompressed = AxialCompression::Span { span: 1, max_ring_difference: self.rings - 1 };
        self.axial_compression.unwrap_or(uncompressed)
    }
}
