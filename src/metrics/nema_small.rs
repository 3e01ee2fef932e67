//! NEMA NU 4-2008 image quality of small-animal scanners: uniformity, recovery of the rods, spill-over.
//!
//! - Uniformity: mean, minimum, maximum and SD in a cylinder of 22.5 mm × 10 mm of the uniform chamber.
//! - Recovery of rod d: the slices of the middle 10 mm of the rods are averaged; the pixel of largest value within a
//!   disc of 2 d gives a line along z; RC = mean of the line / uniform mean, %STD_RC² = (SD_line / mean_line)² +
//!   (SD_uniform / mean_uniform)².
//! - Spill-over ratio: mean in a cylinder of 4 mm × 7.5 mm of a cold insert / uniform mean.

use super::layout::NemaSmallLayout;
use super::{
    AgainstNoise, Better, Disc, Family, Figure, MetricError, NOISE, Reference, RegionStatistics, Scope, Scores, Unit,
    Use, region_statistics,
};
use crate::image::Image;
use serde::Serialize;

pub(super) static NEMA_SMALL: Family = Family {
    figures: &[
        &UNIFORMITY_SD,
        &UNIFORMITY_MIN,
        &UNIFORMITY_MAX,
        &ROD_RECOVERY,
        &ROD_SD,
        &SPILL_OVER_WATER,
        &SPILL_OVER_AIR,
    ],
    score: Some(score),
};

/// Standard deviation over mean of the uniform region, of phantoms with `[scoring.nu4]`.
pub static UNIFORMITY_SD: Figure = Figure {
    id: "nu4.uniformity_sd",
    title: "standard deviation of the uniform region",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Image,
    definition: "standard deviation over mean of the uniform region, of phantoms with `[scoring.nu4]`",
    source: "NEMA NU 4-2008",
    uses: &[],
};

/// Minimum over mean of the uniform region.
pub static UNIFORMITY_MIN: Figure = Figure {
    id: "nu4.uniformity_min",
    title: "minimum of the uniform region",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Image,
    definition: "minimum over mean of the uniform region",
    source: "NEMA NU 4-2008",
    uses: &[],
};

/// Maximum over mean of the uniform region.
pub static UNIFORMITY_MAX: Figure = Figure {
    id: "nu4.uniformity_max",
    title: "maximum of the uniform region",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Image,
    definition: "maximum over mean of the uniform region",
    source: "NEMA NU 4-2008",
    uses: &[],
};

/// Mean along the rod of that diameter over the uniform mean.
pub static ROD_RECOVERY: Figure = Figure {
    id: "nu4.*.recovery",
    title: "recovery",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Diameter,
    definition: "mean along the rod of that diameter over the uniform mean",
    source: "NEMA NU 4-2008",
    uses: &[
        Use::MeanImage,
        Use::AgainstNoise(&AgainstNoise {
            of: "nu4.*",
            noise: &NOISE,
            ensemble_noise: "ensemble noise",
            of_mean_image: "recovery in the mean image",
            rank: 0,
        }),
    ],
};

/// Its relative standard deviation.
pub static ROD_SD: Figure = Figure {
    id: "nu4.*.recovery_sd",
    title: "spread of the recovery of a rod",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Diameter,
    definition: "its relative standard deviation",
    source: "NEMA NU 4-2008",
    uses: &[],
};

/// Mean of the cold insert of water over the uniform mean.
pub static SPILL_OVER_WATER: Figure = Figure {
    id: "nu4.spill_over.water",
    title: "spill-over, water",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Image,
    definition: "mean of the cold insert of water over the uniform mean",
    source: "NEMA NU 4-2008",
    uses: &[],
};

/// Mean of the cold insert of air over the uniform mean.
pub static SPILL_OVER_AIR: Figure = Figure {
    id: "nu4.spill_over.air",
    title: "spill-over, air",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Image,
    definition: "mean of the cold insert of air over the uniform mean",
    source: "NEMA NU 4-2008",
    uses: &[],
};

/// None of an image that is smaller than the phantom.
fn score(image: &Image, reference: &Reference, scores: &mut Scores) {
    let (Some(layout), Some([uniform, cold @ ..])) = (&reference.scoring.nu4, &reference.nu4_masks) else { return };
    let Ok(report) = layout.score(image, uniform, cold) else { return };
    let uniformity = report.uniformity;
    scores.add(&UNIFORMITY_SD, uniformity.sd / uniformity.mean);
    scores.add(&UNIFORMITY_MIN, uniformity.min / uniformity.mean);
    scores.add(&UNIFORMITY_MAX, uniformity.max / uniformity.mean);
    for rod in &report.rods {
        let of = format!("{}mm", rod.diameter_mm);
        scores.add_of(&ROD_RECOVERY, of.as_str(), rod.recovery);
        scores.add_of(&ROD_SD, of, rod.relative_sd);
    }
    for (figure, ratio) in [&SPILL_OVER_WATER, &SPILL_OVER_AIR].into_iter().zip(&report.spill_over) {
        scores.add(figure, *ratio);
    }
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
