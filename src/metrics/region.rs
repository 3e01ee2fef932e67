//! Regions of interest given as masks of the whole image.

use super::uptake::SUV_MEAN;
use super::{AgainstNoise, Better, Family, Figure, NOISE, Reference, Scope, Scores, Unit, Use};
use crate::image::Image;
use serde::Serialize;

pub(super) static REGION: Family = Family { figures: &[&MEAN, &RECOVERY], score: Some(score) };

/// Mean over a region.
pub static MEAN: Figure = Figure {
    id: "*.mean",
    title: "mean",
    unit: Unit::Activity,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "mean over the region",
    source: "",
    uses: &[Use::Suv(&SUV_MEAN)],
};

/// Mean over a region, over its true mean; of regions that hold activity.
pub static RECOVERY: Figure = Figure {
    id: "*.recovery",
    title: "recovery",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Region,
    definition: "that mean over the true one, where the region is not cold",
    source: "",
    uses: &[
        Use::MeanImage,
        Use::AgainstNoise(&AgainstNoise {
            of: "*",
            noise: &NOISE,
            ensemble_noise: "ensemble noise",
            of_mean_image: "recovery in the mean image",
            rank: 0,
        }),
    ],
};

fn score(image: &Image, reference: &Reference, scores: &mut Scores) {
    for (region, mask) in &reference.regions {
        let (found, truth) = (region_statistics(image, mask).mean, region_statistics(&reference.truth, mask).mean);
        scores.add_of(&MEAN, region, found);
        if truth > 0.0 {
            scores.add_of(&RECOVERY, region, found / truth);
        }
    }
}

/// Values of an image in a region.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RegionStatistics {
    /// Mean, in the image's unit.
    pub mean: f64,
    /// Standard deviation over the voxels, in the image's unit.
    pub sd: f64,
    /// Smallest value of any voxel of the region.
    pub min: f64,
    /// Largest value of any voxel of the region.
    pub max: f64,
    /// Volume in mL.
    pub volume_ml: f64,
}

/// Mean, spread and range of an image in a region.
pub fn region_statistics(image: &Image, mask: &[f32]) -> RegionStatistics {
    assert_eq!(image.values.len(), mask.len(), "mask and image differ in size");
    let voxels =
        || image.values.iter().zip(mask).filter(|(_, w)| **w > 0.0).map(|(&x, &w)| (f64::from(x), f64::from(w)));
    let (sum, weight) = voxels().fold((0.0, 0.0), |(sum, weight), (x, w)| (sum + w * x, weight + w));
    let mean = sum / weight;
    let squares: f64 = voxels().map(|(x, w)| w * (x - mean) * (x - mean)).sum();
    RegionStatistics {
        mean,
        sd: (squares / weight).sqrt(),
        min: voxels().map(|(x, _)| x).fold(f64::INFINITY, f64::min),
        max: voxels().map(|(x, _)| x).fold(f64::NEG_INFINITY, f64::max),
        volume_ml: weight * image.grid.voxel_ml(),
    }
}

/// Relative error of the region's mean: (x̄ − t̄) / t̄.
pub fn bias(image: &Image, truth: &Image, mask: &[f32]) -> f64 {
    recovery_coefficient(image, truth, mask) - 1.0
}

/// Measured over true mean of a region.
pub fn recovery_coefficient(image: &Image, truth: &Image, mask: &[f32]) -> f64 {
    region_statistics(image, mask).mean / region_statistics(truth, mask).mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{ImageGrid, ImageUnit};

    #[test]
    fn statistics_by_hand() {
        let grid = ImageGrid::centred([4, 1, 1], [10.0; 3]);
        let image = Image { grid, unit: ImageUnit::BecquerelPerMl, values: vec![2.0, 4.0, 8.0, 100.0] };
        let truth = Image { values: vec![1.0, 2.0, 4.0, 0.0], ..image.clone() };
        let mask = [1.0, 1.0, 0.5, 0.0];
        let found = region_statistics(&image, &mask);
        assert_eq!((found.mean, found.min, found.max, found.volume_ml), (4.0, 2.0, 8.0, 2.5));
        assert!((found.sd - (12.0_f64 / 2.5).sqrt()).abs() < 1e-12);
        assert_eq!(recovery_coefficient(&image, &truth, &mask), 2.0);
        assert_eq!(bias(&image, &truth, &mask), 1.0);
    }
}
