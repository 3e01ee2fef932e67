//! NEMA NU 4-2008 image quality of small-animal scanners: uniformity, recovery of the rods, spill-over.
//!
//! - Uniformity: mean, minimum, maximum and SD in a cylinder of 22.5 mm × 10 mm of the uniform chamber.
//! - Recovery of rod d: the slices of the middle 10 mm of the rods are averaged; the pixel of largest value within a
//!   disc of 2 d gives a line along z; RC = mean of the line / uniform mean, %STD_RC² = (SD_line / mean_line)² +
//!   (SD_uniform / mean_uniform)².
//! - Spill-over ratio: mean in a cylinder of 4 mm × 7.5 mm of a cold insert / uniform mean.

use super::{Disc, MetricError, RegionStatistics, region_statistics};
use crate::image::Image;
use serde::Serialize;

/// Where the rods are, in mm.
#[derive(Clone, Debug, PartialEq)]
pub struct NemaSmallLayout {
    /// Diameter and centre `[x, y]` of each rod.
    pub rods_mm: Vec<(f64, [f64; 2])>,
    /// First and last axial position of the slices that are averaged.
    pub rods_z_mm: [f64; 2],
}

/// Scores of one image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NemaSmallReport {
    /// The uniform chamber.
    pub uniformity: RegionStatistics,
    /// One per rod.
    pub rods: Vec<RodResult>,
    /// One per cold region, in the order given.
    pub spill_over: Vec<f64>,
}

/// Scores of one rod.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RodResult {
    /// Diameter in mm.
    pub diameter_mm: f64,
    /// RC, 1 is perfect.
    pub recovery: f64,
    /// Its relative standard deviation.
    pub relative_sd: f64,
}

impl NemaSmallLayout {
    /// The layout of the shipped phantom `nema-nu4`.
    pub fn image_quality() -> Self {
        let centres = [[2.16, 6.66], [-5.66, 4.11], [-5.66, -4.11], [2.16, -6.66], [7.0, 0.0]];
        let rods_mm = centres.iter().enumerate().map(|(index, &centre)| (index as f64 + 1.0, centre)).collect();
        Self { rods_mm, rods_z_mm: [-20.0, -10.0] }
    }

    /// Scores an image; `uniform` and `cold` are the masks of the uniform and of the cold regions.
    pub fn score(&self, image: &Image, uniform: &[f32], cold: &[Vec<f32>]) -> Result<NemaSmallReport, MetricError> {
        let uniformity = region_statistics(image, uniform);
        let rods = self.rods_mm.iter().map(|&(d, centre)| self.score_rod(image, &uniformity, d, centre));
        Ok(NemaSmallReport {
            rods: rods.collect::<Result<_, _>>()?,
            spill_over: cold.iter().map(|mask| region_statistics(image, mask).mean / uniformity.mean).collect(),
            uniformity,
        })
    }

    fn score_rod(
        &self,
        image: &Image,
        uniform: &RegionStatistics,
        diameter_mm: f64,
        [x, y]: [f64; 2],
    ) -> Result<RodResult, MetricError> {
        let [low, high] = self.rods_z_mm;
        let middle = Disc { centre_mm: [x, y, 0.5 * (low + high)], diameter_mm: 2.0 * diameter_mm };
        let slices = image.grid.shape[2];
        let inside = |k: &usize| (low..=high).contains(&image.grid.centre_mm([0, 0, *k])[2]);
        let line = |voxel: usize| -> Vec<f64> {
            let column = voxel - voxel % slices;
            (0..slices).filter(inside).map(|k| f64::from(image.values[column + k])).collect()
        };
        let lines = middle.voxels(&image.grid)?.into_iter().map(|(voxel, _)| moments(&line(voxel)));
        let (mean, sd) = lines.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NAN, f64::NAN));
        Ok(RodResult {
            diameter_mm,
            recovery: mean / uniform.mean,
            relative_sd: (sd / mean).hypot(uniform.sd / uniform.mean),
        })
    }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}
