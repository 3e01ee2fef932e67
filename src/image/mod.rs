//! Images: a voxel grid in the scanner frame and the values on it.
//!
//! Axes are `[x, y, z]`, row-major, so z is contiguous. The frame is right-handed, in mm, with its origin at the centre
//! of the scanner: +x to the left of a supine head-first patient, +y towards the floor, +z towards the head (LPS).

mod hounsfield;
mod resample;

pub use hounsfield::Hounsfield;
pub use resample::{averaged, resampled};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Voxel grid `[x, y, z]`; `origin_mm` is the centre of voxel `[0, 0, 0]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageGrid {
    /// Number of voxels along x, y, z.
    pub shape: [usize; 3],
    /// Voxel size along x, y, z in mm.
    pub voxel_mm: [f64; 3],
    /// Centre of voxel `[0, 0, 0]` in mm.
    pub origin_mm: [f64; 3],
}

impl ImageGrid {
    /// The grid whose middle is the centre of the scanner.
    pub fn centred(shape: [usize; 3], voxel_mm: [f64; 3]) -> Self {
        let origin_mm = std::array::from_fn(|axis| -0.5 * (shape[axis] as f64 - 1.0) * voxel_mm[axis]);
        Self { shape, voxel_mm, origin_mm }
    }

    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Position of voxel `[i, j, k]` in the flat slice.
    pub fn index(&self, [i, j, k]: [usize; 3]) -> usize {
        (i * self.shape[1] + j) * self.shape[2] + k
    }

    /// Centre of voxel `[i, j, k]` in mm.
    pub fn centre_mm(&self, voxel: [usize; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| self.origin_mm[axis] + voxel[axis] as f64 * self.voxel_mm[axis])
    }

    /// The voxel whose centre is nearest to a point in mm; one of the rim where the point lies beyond the grid.
    pub fn nearest(&self, at_mm: [f64; 3]) -> usize {
        self.index(std::array::from_fn(|axis| {
            let place = (at_mm[axis] - self.origin_mm[axis]) / self.voxel_mm[axis];
            (place.round().max(0.0) as usize).min(self.shape[axis] - 1)
        }))
    }

    /// Volume of one voxel in mL.
    pub fn voxel_ml(&self) -> f64 {
        self.voxel_mm.iter().product::<f64>() / 1000.0
    }
}

/// What the numbers of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImageUnit {
    /// Activity concentration.
    #[serde(rename = "Bq/mL")]
    BecquerelPerMl,
    /// Linear attenuation coefficient.
    #[serde(rename = "1/cm")]
    PerCm,
    /// CT numbers.
    #[serde(rename = "HU")]
    Hounsfield,
    /// Not calibrated: proportional to activity, scaled so that the model's factors need no calibration.
    #[serde(rename = "counts/mm")]
    CountsPerMm,
    /// A pure number, such as a score.
    #[serde(rename = "1", skip_deserializing)]
    Number,
}

impl std::fmt::Display for ImageUnit {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::BecquerelPerMl => "Bq/mL",
            Self::PerCm => "1/cm",
            Self::Hounsfield => "HU",
            Self::CountsPerMm => "counts/mm",
            Self::Number => "1",
        })
    }
}

/// Values on a grid, with their unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Where the voxels are.
    pub grid: ImageGrid,
    /// What the values mean.
    pub unit: ImageUnit,
    /// One value per voxel, `[x, y, z]` with z contiguous.
    pub values: Vec<f32>,
}

impl Image {
    /// An image of one value.
    pub fn uniform(grid: ImageGrid, unit: ImageUnit, value: f32) -> Self {
        Self { grid, unit, values: vec![value; grid.voxels()] }
    }
}
