//! EARL accreditation: recovery of the six spheres, filled 10 : 1, against the bands of both standards.
//!
//!   RC max = max / a_H,   RC mean = mean of the voxels above (max + a_B) / 2 (A50), over a_H,
//!
//! in the voxels within 1.5 radii of a sphere's centre; a_H and a_B are the true activities. Bands: EANM/EARL,
//! standards 1 and 2 for ¹⁸F (Kaalep et al. 2018, Eur. J. Nucl. Med. Mol. Imaging 45, 1344–1361).

use super::layout::EarlLayout;
use super::{Ball, Better, Family, Figure, MetricError, NemaSphere, Reference, Scope, Scores, Unit, region_statistics};
use crate::image::Image;

pub(super) static EARL_RECOVERY: Family =
    Family { figures: &[&RC_MEAN, &RC_MAX, &WITHIN_1, &WITHIN_2], score: Some(score) };

/// RC mean (A50) of a sphere.
pub static RC_MEAN: Figure = Figure {
    id: "earl.*.rc_mean",
    title: "RC mean",
    unit: Unit::Fraction,
    better: Better::Neither,
    scope: Scope::Diameter,
    definition: "mean of the voxels of that sphere above (max + background) / 2, over the true activity, of phantoms with `[scoring.earl]`",
    source: "EANM/EARL, Kaalep et al. 2018",
    uses: &[],
};

/// RC max of a sphere.
pub static RC_MAX: Figure = Figure {
    id: "earl.*.rc_max",
    title: "RC max",
    unit: Unit::Fraction,
    better: Better::Neither,
    scope: Scope::Diameter,
    definition: "its largest voxel over the true activity",
    source: "EANM/EARL, Kaalep et al. 2018",
    uses: &[],
};

/// Share of the coefficients within the bands of standard 1.
pub static WITHIN_1: Figure = Figure {
    id: "earl1.within",
    title: "within EARL 1",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Image,
    definition: "the share of the twelve coefficients that lie within the bands of EARL's standard 1 for ¹⁸F: 1 passes",
    source: "EANM/EARL, Kaalep et al. 2018",
    uses: &[],
};

/// Share of the coefficients within the bands of standard 2.
pub static WITHIN_2: Figure = Figure {
    id: "earl2.within",
    title: "within EARL 2",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Image,
    definition: "the share of the twelve coefficients that lie within the bands of EARL's standard 2 for ¹⁸F: 1 passes",
    source: "EANM/EARL, Kaalep et al. 2018",
    uses: &[],
};

/// None of an image that does not hold all of the phantom.
fn score(image: &Image, reference: &Reference, scores: &mut Scores) {
    let Some(layout) = &reference.scoring.earl else { return };
    let Some(background) = reference.region(&layout.background) else { return };
    let background = region_statistics(&reference.truth, background).mean;
    let Ok(spheres) = earl(image, layout, background) else { return };
    for sphere in &spheres {
        let of = format!("{}mm", sphere.diameter_mm);
        scores.add_of(&RC_MEAN, of.as_str(), sphere.mean);
        scores.add_of(&RC_MAX, of, sphere.max);
    }
    scores.add(&WITHIN_1, earl_share(&spheres, &EARL[0]));
    scores.add(&WITHIN_2, earl_share(&spheres, &EARL[1]));
}

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
pub fn earl(image: &Image, layout: &EarlLayout, background: f64) -> Result<Vec<EarlSphere>, MetricError> {
    let sphere = |sphere: &NemaSphere| {
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
