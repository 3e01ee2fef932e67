//! EARL accreditation: recovery of the six spheres, filled 10 : 1, against the bands of both standards.
//!
//!   RC max = max / a_H,   RC mean = mean of the voxels above (max + a_B) / 2 (A50), over a_H,
//!
//! in the voxels within 1.5 radii of a sphere's centre; a_H and a_B are the true activities. Bands: EANM/EARL,
//! standards 1 and 2 for ¹⁸F (Kaalep et al. 2018, Eur. J. Nucl. Med. Mol. Imaging 45, 1344–1361).

use super::{Ball, MetricError, NemaLayout};
use crate::image::Image;

/// Low and high end of RC mean and of RC max for one sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlBand {
    /// Diameter of the sphere in mm.
    pub diameter_mm: f64,
    /// RC mean (A50).
    pub mean: [f64; 2],
    /// RC max.
    pub max: [f64; 2],
}

const fn band(diameter_mm: f64, mean: [f64; 2], max: [f64; 2]) -> EarlBand {
    EarlBand { diameter_mm, mean, max }
}

/// Standard 1 and standard 2, from the smallest sphere to the largest.
pub const EARL: [[EarlBand; 6]; 2] = [
    [
        band(10.0, [0.27, 0.43], [0.34, 0.57]),
        band(13.0, [0.44, 0.60], [0.59, 0.85]),
        band(17.0, [0.57, 0.73], [0.73, 1.01]),
        band(22.0, [0.63, 0.78], [0.83, 1.09]),
        band(28.0, [0.72, 0.85], [0.91, 1.13]),
        band(37.0, [0.76, 0.89], [0.95, 1.16]),
    ],
    [
        band(10.0, [0.39, 0.61], [0.52, 0.88]),
        band(13.0, [0.63, 0.86], [0.85, 1.22]),
        band(17.0, [0.76, 0.97], [1.00, 1.38]),
        band(22.0, [0.80, 0.99], [1.01, 1.32]),
        band(28.0, [0.82, 0.97], [1.01, 1.26]),
        band(37.0, [0.85, 1.00], [1.05, 1.29]),
    ],
];

/// Recovery of one sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlSphere {
    /// Diameter in mm.
    pub diameter_mm: f64,
    /// RC mean (A50).
    pub mean: f64,
    /// RC max.
    pub max: f64,
}

/// The spheres of an image in Bq/mL of a phantom whose background holds `background` Bq/mL.
pub fn earl(image: &Image, layout: &NemaLayout, background: f64) -> Result<Vec<EarlSphere>, MetricError> {
    let sphere = |sphere: &super::NemaSphere| {
        let [x, y] = sphere.centre_mm;
        let (centre_mm, diameter_mm) = ([x, y, layout.plane_z_mm], sphere.diameter_mm);
        let low = image.grid.origin_mm;
        let outside = |axis: usize| {
            let high = low[axis] + (image.grid.shape[axis] - 1) as f64 * image.grid.voxel_mm[axis];
            !(low[axis] + diameter_mm..=high - diameter_mm).contains(&centre_mm[axis])
        };
        if (0..3).any(outside) {
            return Err(MetricError { centre_mm, diameter_mm });
        }
        let ball = Ball::new(&image.grid, 0.75 * diameter_mm);
        let values: Vec<f64> =
            ball.around(image.grid.nearest(centre_mm)).map(|voxel| f64::from(image.values[voxel])).collect();
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let above = values.iter().filter(|value| **value >= 0.5 * (max + background));
        let (sum, count) = above.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        let truth = sphere.contrast * background;
        Ok(EarlSphere { diameter_mm, mean: sum / count / truth, max: max / truth })
    };
    layout.spheres.iter().map(sphere).collect()
}

/// Share of the twelve coefficients that lie within the bands of a standard; 1 passes.
pub fn earl_share(spheres: &[EarlSphere], bands: &[EarlBand]) -> f64 {
    let within = |value: f64, [low, high]: [f64; 2]| f64::from(u8::from((low..=high).contains(&value)));
    let of_band = |band: &EarlBand| {
        let own = spheres.iter().find(|sphere| sphere.diameter_mm == band.diameter_mm);
        own.map_or(0.0, |sphere| within(sphere.mean, band.mean) + within(sphere.max, band.max))
    };
    bands.iter().map(of_band).sum::<f64>() / (2 * bands.len()) as f64
}
