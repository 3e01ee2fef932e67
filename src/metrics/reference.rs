//! What images are held against: the truth on their grid, and where they are scored.

use super::{FAMILIES, Scores, Scoring};
use crate::image::{Image, ImageGrid};

/// The truth on the grid of the images, and where they are scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The true image.
    pub truth: Image,
    /// What was done to a truth of other voxels.
    pub resampled: Option<String>,
    /// The share of each voxel inside of the phantom; `None` where the truth is an image.
    pub object: Option<Vec<f32>>,
    /// Name and mask of every region.
    pub regions: Vec<(String, Vec<f32>)>,
    /// Where standards score it.
    pub scoring: Scoring,
    /// The masks of the regions of `scoring.nu4`.
    pub nu4_masks: Option<[Vec<f32>; 3]>,
}

impl Reference {
    /// A true image of which nothing else is known.
    pub fn of_image(truth: Image, resampled: Option<String>) -> Self {
        let (object, regions, scoring, nu4_masks) = (None, Vec::new(), Scoring::default(), None);
        Self { truth, resampled, object, regions, scoring, nu4_masks }
    }

    /// The mask of a region.
    pub fn region(&self, name: &str) -> Option<&[f32]> {
        self.regions.iter().find(|(own, _)| own == name).map(|(_, mask)| mask.as_slice())
    }

    /// Leaves out what lies beyond two axial positions in mm.
    pub fn within_z(&mut self, grid: &ImageGrid, [low, high]: [f64; 2]) {
        let nz = grid.shape[2];
        let scored = |voxel: usize| (low..=high).contains(&grid.centre_mm([0, 0, voxel % nz])[2]);
        for mask in self.object.iter_mut().chain(self.regions.iter_mut().map(|(_, mask)| mask)) {
            mask.iter_mut().enumerate().filter(|(voxel, _)| !scored(*voxel)).for_each(|(_, share)| *share = 0.0);
        }
    }

    /// All figures of an image that are finite.
    ///
    /// An uncalibrated image is known up to a factor only, so it is scaled to the truth's total first.
    pub fn scores(&self, image: &Image) -> Scores {
        let scaled = self.in_units_of_truth(image);
        let mut scores = Scores::default();
        FAMILIES.iter().filter_map(|family| family.score).for_each(|score| score(&scaled, self, &mut scores));
        scores.retain(|score| score.value.is_finite());
        scores
    }

    fn in_units_of_truth(&self, image: &Image) -> Image {
        let mut scaled = image.clone();
        if image.unit != self.truth.unit {
            let total = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>();
            let factor = (total(&self.truth.values) / total(&image.values)) as f32;
            scaled.values.iter_mut().for_each(|value| *value *= factor);
        }
        scaled
    }
}
