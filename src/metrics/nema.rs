//! NEMA NU 2-2018 image quality: contrast recovery, background variability, lung residual.
//!
//! For sphere j of diameter d with true contrast a_H/a_B, in the slice of the spheres' centres:
//!
//!   Q_j = (C_H,j / C_B,j − 1) / (a_H / a_B − 1)      cold spheres (a_H = 0): Q_j = (1 − C_C,j / C_B,j)
//!   N_j = SD_j / C_B,j,   SD_j² = Σ_k (C_B,j,k − C_B,j)² / (K − 1)
//!
//! C_H,j: mean in a disc as wide as the sphere; C_B,j,k: means in K = 60 discs of the same width, twelve in the
//! background of each of five slices (0, ±10, ±20 mm). Lung residual in slice i: 30 mm disc in the insert over the mean
//! of the twelve 37 mm discs. All are fractions here, per cent in the standard.

use super::layout::{NemaLayout, NemaSphere};
use super::{AgainstNoise, Better, Disc, Family, Figure, MetricError, Reference, Scope, Scores, Unit, Use};
use crate::image::{Image, ImageGrid};
use serde::Serialize;

pub(super) static NEMA: Family =
    Family { figures: &[&CONTRAST_RECOVERY, &BACKGROUND_VARIABILITY, &LUNG_RESIDUAL], score: Some(score) };

/// Q of a sphere.
pub static CONTRAST_RECOVERY: Figure = Figure {
    id: "nema.*.contrast_recovery",
    title: "contrast recovery",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Diameter,
    definition: "contrast of a sphere of that diameter in its slice over the true one, of phantoms with `[scoring.nema]`; `nema.mean.contrast_recovery` averages the spheres of an image of a study",
    source: "NEMA NU 2-2018",
    uses: &[
        Use::Column("mean", "CRC"),
        Use::Column("10mm", "CRC 10 mm"),
        Use::Demo("37mm"),
        Use::Demo("28mm"),
        Use::Demo("22mm"),
        Use::Demo("17mm"),
        Use::Demo("13mm"),
        Use::Demo("10mm"),
        Use::MeanImage,
        Use::AgainstNoise(&AgainstNoise {
            of: "*",
            noise: &BACKGROUND_VARIABILITY,
            ensemble_noise: "ensemble noise in the background",
            of_mean_image: "contrast recovery of the mean image",
            rank: 1,
        }),
    ],
};

/// N of the discs as wide as a sphere.
pub static BACKGROUND_VARIABILITY: Figure = Figure {
    id: "nema.*.background_variability",
    title: "background variability",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Diameter,
    definition: "standard deviation over mean of the background discs as wide as that sphere",
    source: "NEMA NU 2-2018",
    uses: &[Use::Column("37mm", "BV 37 mm"), Use::Demo("37mm"), Use::Demo("10mm")],
};

/// Lung residual, mean over the slices.
pub static LUNG_RESIDUAL: Figure = Figure {
    id: "nema.lung_residual",
    title: "lung residual",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Image,
    definition: "mean of the lung insert over that of the background, mean over the slices",
    source: "NEMA NU 2-2018",
    uses: &[Use::Column("", "lung"), Use::Demo(""), Use::MeanImage],
};

/// None of an image that does not hold all of the phantom.
fn score(image: &Image, reference: &Reference, scores: &mut Scores) {
    let Some(Ok(report)) = reference.scoring.nema.as_ref().map(|layout| layout.score(image)) else { return };
    for sphere in &report.spheres {
        let of = format!("{}mm", sphere.diameter_mm);
        scores.add_of(&CONTRAST_RECOVERY, of.as_str(), sphere.contrast_recovery);
        scores.add_of(&BACKGROUND_VARIABILITY, of, sphere.background_variability);
    }
    scores.add(&LUNG_RESIDUAL, report.lung_residual);
}

/// Scores of one image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NemaReport {
    /// One per sphere, in the layout's order.
    pub spheres: Vec<SphereResult>,
    /// Mean lung residual as a fraction of the background.
    pub lung_residual: f64,
    /// Lung residual of each slice, from low to high z.
    pub lung_residual_per_slice: Vec<f64>,
}

/// Scores of one sphere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SphereResult {
    /// Diameter in mm.
    pub diameter_mm: f64,
    /// Q, 1 is perfect.
    pub contrast_recovery: f64,
    /// N.
    pub background_variability: f64,
    /// Mean in the sphere's disc, in the image's unit.
    pub mean: f64,
    /// Mean of the background discs of the same width, in the image's unit.
    pub background_mean: f64,
}

const BACKGROUND_DISC_MM: f64 = 37.0;
const LUNG_DISC_MM: f64 = 30.0;

impl NemaLayout {
    /// Scores an image.
    pub fn score(&self, image: &Image) -> Result<NemaReport, MetricError> {
        let spheres = self.spheres.iter().map(|sphere| self.score_sphere(image, sphere)).collect::<Result<_, _>>()?;
        let lung_residual_per_slice = self.lung_residuals(image)?;
        let lung_residual = lung_residual_per_slice.iter().sum::<f64>() / lung_residual_per_slice.len() as f64;
        Ok(NemaReport { spheres, lung_residual, lung_residual_per_slice })
    }

    fn score_sphere(&self, image: &Image, sphere: &NemaSphere) -> Result<SphereResult, MetricError> {
        let [x, y] = sphere.centre_mm;
        let mean = Disc { centre_mm: [x, y, self.plane_z_mm], diameter_mm: sphere.diameter_mm }.mean(image)?;
        let mut background = Vec::with_capacity(self.slices_mm.len() * self.background_mm.len());
        for slice in &self.slices_mm {
            background.extend(self.background(image, self.plane_z_mm + slice, sphere.diameter_mm)?);
        }
        let count = background.len() as f64;
        let background_mean = background.iter().sum::<f64>() / count;
        let squares: f64 = background.iter().map(|value| (value - background_mean).powi(2)).sum();
        Ok(SphereResult {
            diameter_mm: sphere.diameter_mm,
            contrast_recovery: (mean / background_mean - 1.0) / (sphere.contrast - 1.0),
            background_variability: (squares / (count - 1.0)).sqrt() / background_mean,
            mean,
            background_mean,
        })
    }

    /// All voxels of the background's 37 mm discs, each with its share inside.
    pub fn background_mask(&self, grid: &ImageGrid) -> Result<Vec<f32>, MetricError> {
        let mut mask = vec![0.0; grid.voxels()];
        for slice in &self.slices_mm {
            for &[x, y] in &self.background_mm {
                let centre_mm = [x, y, self.plane_z_mm + slice];
                for (voxel, share) in (Disc { centre_mm, diameter_mm: BACKGROUND_DISC_MM }).voxels(grid)? {
                    mask[voxel] = share as f32;
                }
            }
        }
        Ok(mask)
    }

    fn background(&self, image: &Image, z: f64, diameter_mm: f64) -> Result<Vec<f64>, MetricError> {
        let disc = |&[x, y]: &[f64; 2]| Disc { centre_mm: [x, y, z], diameter_mm }.mean(image);
        self.background_mm.iter().map(disc).collect()
    }

    /// One value per slice of the image between the ends of the insert's range.
    fn lung_residuals(&self, image: &Image) -> Result<Vec<f64>, MetricError> {
        let [low, high] = self.lung_z_mm;
        let slices = (0..image.grid.shape[2]).map(|k| image.grid.centre_mm([0, 0, k])[2]);
        let residual = |z: f64| {
            let lung = Disc { centre_mm: [self.lung_mm[0], self.lung_mm[1], z], diameter_mm: LUNG_DISC_MM };
            let background = self.background(image, z, BACKGROUND_DISC_MM)?;
            Ok(lung.mean(image)? * background.len() as f64 / background.iter().sum::<f64>())
        };
        slices.filter(|z| (low..=high).contains(z)).map(residual).collect()
    }
}
