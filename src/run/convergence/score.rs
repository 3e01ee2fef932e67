//! PETRIC's metrics (SyneRBI/PETRIC): how far an image is from the reference solution.
//!
//!   RMSE over the whole object and over the background ≤ 0.01, |mean − mean of the reference| of every region ≤ 0.005,
//!
//! all over the mean of the reference in the background.

use super::super::RunError;
use super::cases::Case;
use crate::image::ImageGrid;
use crate::phantom::Phantom;

const LARGEST_RMSE: f64 = 0.01;
const LARGEST_MEAN_ERROR: f64 = 0.005;

/// A voxel belongs to a region that fills at least this share of it.
const INSIDE: f32 = 0.5;

/// The regions of a case on its grid.
pub(super) struct Regions {
    object: Vec<usize>,
    background: Vec<usize>,
    means: Vec<Vec<usize>>,
}

impl Regions {
    pub fn new(case: &Case, phantom: &Phantom, grid: &ImageGrid) -> Result<Self, RunError> {
        let region = |name: &str| Ok::<_, RunError>(voxels(&phantom.region_mask(name, grid)?));
        let means = case.regions.iter().map(|name| region(name)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            object: voxels(&phantom.object_mask(grid)),
            background: region(case.background)?,
            // A short scanner does not see all of a phantom.
            means: means.into_iter().filter(|voxels| !voxels.is_empty()).collect(),
        })
    }

    /// The largest metric over its threshold: an image passes at 1 or less.
    pub fn score(&self, image: &[f32], reference: &[f32]) -> f64 {
        let norm = mean(reference, &self.background);
        let rmse = |voxels: &[usize]| {
            let squares = voxels.iter().map(|&j| (f64::from(image[j]) - f64::from(reference[j])).powi(2));
            (squares.sum::<f64>() / voxels.len() as f64).sqrt() / norm / LARGEST_RMSE
        };
        let shift = |voxels: &Vec<usize>| (mean(image, voxels) - mean(reference, voxels)).abs() / norm;
        let means = self.means.iter().map(|voxels| shift(voxels) / LARGEST_MEAN_ERROR);
        means.chain([rmse(&self.object), rmse(&self.background)]).fold(0.0, f64::max)
    }
}

fn voxels(mask: &[f32]) -> Vec<usize> {
    (0..mask.len()).filter(|&j| mask[j] >= INSIDE).collect()
}

fn mean(image: &[f32], voxels: &[usize]) -> f64 {
    voxels.iter().map(|&j| f64::from(image[j])).sum::<f64>() / voxels.len() as f64
}
