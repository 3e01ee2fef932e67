//! PETRIC's metrics (SyneRBI/PETRIC): how far an image is from the reference solution.
//!
//!   RMSE over the whole object and over the background ≤ 0.01, |mean − mean of the reference| of every region ≤ 0.005,
//!
//! all over the mean of the reference in the background.

use super::cases::Case;
use crate::image::ImageGrid;
use crate::phantom::Phantom;
use crate::run::RunError;

const LARGEST_RMSE: f64 = 0.01;
const LARGEST_MEAN_ERROR: f64 = 0.005;

/// A voxel belongs to a region that fills at least this share of it.
const INSIDE: f32 = 0.5;

/// The regions of a case on its grid.
pub(super) struct Regions {
    object: Vec<usize>,
    background: Vec<usize>,
    means: Vec<(String, Vec<usize>)>,
}

impl Regions {
    pub fn new(case: &Case, phantom: &Phantom, grid: &ImageGrid) -> Result<Self, RunError> {
        let region = |name: &str| Ok::<_, RunError>(voxels(&phantom.region_mask(name, grid)?));
        let named = |name: &&str| Ok::<_, RunError>(((*name).to_owned(), region(name)?));
        let means = case.regions.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            object: voxels(&phantom.object_mask(grid)),
            background: region(case.background)?,
            // A short scanner does not see all of a phantom.
            means: means.into_iter().filter(|(_, voxels)| !voxels.is_empty()).collect(),
        })
    }

    /// The largest metric over its threshold, and its name: an image passes at 1 or less.
    pub fn score(&self, image: &[f32], reference: &[f32]) -> (f64, &str) {
        let norm = mean(reference, &self.background);
        let rmse = |voxels: &[usize]| {
            let squares = voxels.iter().map(|&j| (f64::from(image[j]) - f64::from(reference[j])).powi(2));
            (squares.sum::<f64>() / voxels.len() as f64).sqrt() / norm / LARGEST_RMSE
        };
        let shift =
            |voxels: &[usize]| (mean(image, voxels) - mean(reference, voxels)).abs() / norm / LARGEST_MEAN_ERROR;
        let whole = [(rmse(&self.object), "whole object"), (rmse(&self.background), "background (RMSE)")];
        let means = self.means.iter().map(|(name, voxels)| (shift(voxels), name.as_str()));
        means.chain(whole).fold((0.0, ""), |most, metric| if metric.0 > most.0 { metric } else { most })
    }
}

fn voxels(mask: &[f32]) -> Vec<usize> {
    (0..mask.len()).filter(|&j| mask[j] >= INSIDE).collect()
}

fn mean(image: &[f32], voxels: &[usize]) -> f64 {
    voxels.iter().map(|&j| f64::from(image[j])).sum::<f64>() / voxels.len() as f64
}
