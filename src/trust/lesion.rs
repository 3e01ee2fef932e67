//! Intervals for what is read off a lesion: mean, peak and volume above 41 % of the maximum in a region.
//!
//!   σ² = variance over the images of the simulated scans + (their mean − B)² + (B − B°)² + Σₖ (B − Bᵏ)² / K
//!
//! as for voxels ([`super::spread`]), with B the figure of the image and B° that of the convex prior, Bᵏ those of
//! further networks. The scale λ is found by split conformal prediction on lesions whose truth is known (Vovk et al.
//! 2005; Lei et al. 2018, J. Am. Stat. Assoc. 113, 1094–1111): the k-th smallest |B − truth| / σ of n with k = ⌈(n + 1)
//! level⌉, which is conformal risk control of "images" of one voxel. It takes the lesions to be exchangeable; those of
//! one scan share its noise.

use super::confidence::Others;
use crate::image::{Image, ImageGrid};
use crate::metrics::{LESION_SHARE, region_statistics, uptake};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// What is read off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LesionFigure {
    /// Mean over the region (SUVmean).
    Mean,
    /// Largest mean over a sphere of 1 mL (SUVpeak).
    Peak,
    /// Volume above 41 % of the maximum in mL (MTV).
    Volume,
}

/// Lesions are as uncertain as their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LesionSize {
    /// Regions of less volume than a sphere of 13 mm.
    Small,
    /// The others.
    Large,
}

/// Widest small lesion in mm.
const SMALL_MM: f64 = 13.0;

/// A figure of a lesion, and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LesionEstimate {
    /// What it is.
    pub figure: LesionFigure,
    /// B
    pub value: f64,
    /// σ
    pub sigma: f64,
}

impl LesionFigure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mean, Self::Peak, Self::Volume];

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Peak => "peak",
            Self::Volume => "volume",
        }
    }

    /// The figure of an image in a region; `None` where no voxel lies at least half inside.
    pub fn of(self, image: &Image, mask: &[f32]) -> Option<f64> {
        let uptake = uptake(image, mask, LESION_SHARE)?;
        Some(match self {
            Self::Mean => region_statistics(image, mask).mean,
            Self::Peak => uptake.global_peak,
            Self::Volume => uptake.volume_ml,
        })
    }
}

impl LesionSize {
    /// The size of a region.
    pub fn of(grid: &ImageGrid, mask: &[f32]) -> Self {
        let ml = mask.iter().map(|share| f64::from(*share)).sum::<f64>() * grid.voxel_ml();
        let diameter_mm = 10.0 * (6.0 * ml / PI).cbrt();
        if diameter_mm < SMALL_MM { Self::Small } else { Self::Large }
    }

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}

/// All figures of a region; none where the image does not hold it.
pub fn lesion_estimates(image: &Image, mask: &[f32], others: &Others) -> Vec<LesionEstimate> {
    assert!(others.replicates.len() > 1, "a variance needs two images");
    let like = |values: &Vec<f32>| Image { values: values.clone(), ..*image };
    let [replicates, ensemble] =
        [&others.replicates, &others.ensemble].map(|all| all.iter().map(like).collect::<Vec<_>>());
    let convex = like(&others.convex);
    let estimate = |figure: LesionFigure| {
        let value = figure.of(image, mask)?;
        let convex = figure.of(&convex, mask)?;
        let again: Vec<f64> = replicates.iter().filter_map(|replicate| figure.of(replicate, mask)).collect();
        let count = again.len() as f64;
        let mean = again.iter().sum::<f64>() / count;
        // Volumes come in whole voxels.
        let step = if figure == LesionFigure::Volume { image.grid.voxel_ml() } else { 0.0 };
        let variance = again.iter().map(|b| (b - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let networks: Vec<f64> = ensemble.iter().filter_map(|other| figure.of(other, mask)).collect();
        let apart = networks.iter().map(|b| (b - value).powi(2)).sum::<f64>() / networks.len().max(1) as f64;
        let squares = variance + step * step + (mean - value).powi(2) + (value - convex).powi(2) + apart;
        Some(LesionEstimate { figure, value, sigma: squares.sqrt() })
    };
    LesionFigure::ALL.into_iter().filter_map(estimate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageUnit;

    #[test]
    fn by_hand() {
        let grid = ImageGrid::centred([9, 9, 9], [4.0; 3]);
        let image = Image::uniform(grid, ImageUnit::BecquerelPerMl, 4.0);
        let mut mask = vec![0.0; grid.voxels()];
        mask[grid.index([4, 4, 4])] = 1.0;
        mask[grid.index([4, 4, 5])] = 1.0;
        let [five, seven, one] = [5.0, 7.0, 1.0].map(|value| vec![value; grid.voxels()]);
        let mut others = Others { replicates: vec![five, seven.clone()], convex: one, ensemble: Vec::new() };
        let found = lesion_estimates(&image, &mask, &others);
        // Variance 2 of 5 and 7, mean 6 for 4, convex image 1; the volume is always that of two voxels.
        assert!((found[0].value, found[1].value) == (4.0, 4.0) && (found[2].value - 0.128).abs() < 1e-12, "{found:?}");
        assert!((found[0].sigma - 15.0_f64.sqrt()).abs() < 1e-9 && (found[2].sigma - 0.064).abs() < 1e-12, "{found:?}");
        assert_eq!(LesionSize::of(&grid, &mask), LesionSize::Small);
        assert_eq!(LesionSize::of(&grid, &vec![1.0; grid.voxels()]), LesionSize::Large);
        assert!(lesion_estimates(&image, &vec![0.0; grid.voxels()], &others).is_empty());
        others.ensemble = vec![seven];
        let wider = lesion_estimates(&image, &mask, &others);
        assert!((wider[0].sigma - 24.0_f64.sqrt()).abs() < 1e-9, "{wider:?}");
    }
}
