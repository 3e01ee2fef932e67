//! Images: a voxel grid in the scanner frame and the values on it.
//!
//! Axes are `[x, y, z]`, row-major, so z is contiguous. The frame is right-handed, in mm, with its origin at the centre
//! of the scanner: +x to the left of a supine head-first patient, +y towards the floor, +z towards the head (LPS).

mod hounsfield;
mod registration;
mod resample;

pub use hounsfield::Hounsfield;
pub use registration::{BestShift, best_shift};
pub use resample::{averaged, averaged_onto, resampled};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How far a voxel may lie from where it should be, in voxels.
const SAME_PLACE: f64 = 1e-3;

/// Most voxels: 8 GiB of values.
pub const MOST_VOXELS: u64 = 1 << 31;

/// Most voxels along an axis.
pub const MOST_ALONG_AXIS: usize = 1_000_000;

/// Sizes of voxels and places of a grid in mm.
const VOXEL_MM: RangeInclusive<f64> = 0.001..=20_000.0;
const PLACE_MM: RangeInclusive<f64> = -100_000.0..=100_000.0;

/// Mean of the values at the places that are `inside`, summed in order; 0 without any.
pub(crate) fn mean_where(values: &[f32], inside: impl Fn(usize) -> bool) -> f64 {
    let chosen = values.iter().enumerate().filter(|(place, _)| inside(*place));
    let (sum, count) = chosen.fold((0.0, 0_u64), |(sum, count), (_, value)| (sum + f64::from(*value), count + 1));
    sum / count.max(1) as f64
}

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
        Self::around([0.0; 3], shape, voxel_mm)
    }

    /// The grid whose middle is a point in mm.
    pub fn around(centre_mm: [f64; 3], shape: [usize; 3], voxel_mm: [f64; 3]) -> Self {
        let origin_mm = std::array::from_fn(|axis| centre_mm[axis] - 0.5 * (shape[axis] as f64 - 1.0) * voxel_mm[axis]);
        Self { shape, voxel_mm, origin_mm }
    }

    /// Checks that the numbers are those of a grid: voxels that can be counted, of a possible size, in a possible
    /// place. The error says what is wrong: field, what was found, what is possible.
    pub fn check(&self) -> Result<(), [String; 3]> {
        let wrong = |field: &str, found: String, expected: &str| Err([field.into(), found, expected.into()]);
        let voxels = self.shape.iter().try_fold(1_u64, |all, &n| all.checked_mul(n as u64));
        if !voxels.is_some_and(|n| (1..=MOST_VOXELS).contains(&n)) || self.shape.iter().any(|&n| n > MOST_ALONG_AXIS) {
            return wrong("the shape", format!("{:?}", self.shape), "1 to 2147483648 voxels, 1000000 along an axis");
        }
        if !self.voxel_mm.iter().all(|mm| VOXEL_MM.contains(mm)) {
            return wrong("the voxel size", format!("{:?}", self.voxel_mm), "lengths from 0.001 to 20000 mm");
        }
        match self.edges_mm().iter().flatten().all(|mm| PLACE_MM.contains(mm)) {
            true => Ok(()),
            false => wrong("the origin", format!("{:?}", self.origin_mm), "a grid within 100 m of the scanner"),
        }
    }

    /// Outer edges in mm, `[axis][low, high]`.
    pub fn edges_mm(&self) -> [[f64; 2]; 3] {
        std::array::from_fn(|axis| {
            let low = self.origin_mm[axis] - 0.5 * self.voxel_mm[axis];
            [low, low + self.shape[axis] as f64 * self.voxel_mm[axis]]
        })
    }

    /// The point in the middle in mm.
    pub fn middle_mm(&self) -> [f64; 3] {
        self.edges_mm().map(|[low, high]| 0.5 * (low + high))
    }

    /// Whether the voxels of another grid are the same ones: as many, and none of them more than 1/1000 of a voxel
    /// elsewhere.
    pub fn matches(&self, other: &ImageGrid) -> bool {
        let far = |axis: usize| {
            let last = self.shape[axis] as f64 - 1.0;
            let first = other.origin_mm[axis] - self.origin_mm[axis];
            let end = first + last * (other.voxel_mm[axis] - self.voxel_mm[axis]);
            first.abs().max(end.abs()) > SAME_PLACE * self.voxel_mm[axis]
        };
        self.shape == other.shape && !(0..3).any(far)
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

impl std::fmt::Display for ImageGrid {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { shape, voxel_mm, .. } = self;
        let three = |numbers: [f64; 3]| numbers.map(|mm| format!("{}", (mm * 1e4).round() / 1e4 + 0.0)).join(", ");
        write!(f, "{shape:?} voxels of [{}] mm around [{}] mm", three(*voxel_mm), three(self.middle_mm()))
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
