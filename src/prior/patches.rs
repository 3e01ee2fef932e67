//! Distances between 3 × 3 × 3 patches of a guide image.

use crate::image::ImageGrid;

/// Mean squared difference of the patches around voxels, in units of the image's variance.
pub(super) struct Patches<'a> {
    shape: [usize; 3],
    image: &'a [f32],
    per_square: f32,
}

impl<'a> Patches<'a> {
    /// Patches of an image; voxels outside repeat the nearest one inside.
    pub fn new(grid: &ImageGrid, image: &'a [f32]) -> Self {
        let count = image.len() as f64;
        let mean = image.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let variance = image.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
        Self { shape: grid.shape, image, per_square: (1.0 / (27.0 * variance.max(f64::MIN_POSITIVE))) as f32 }
    }

    /// Distance² of the patches around two voxels.
    pub fn distance(&self, a: [usize; 3], b: [usize; 3]) -> f32 {
        let mut sum = 0.0;
        for x in 0..3 {
            for y in 0..3 {
                let (row_a, row_b) = (self.row(a, [x, y]), self.row(b, [x, y]));
                for z in 0..3 {
                    let difference = self.along(row_a, a[2] + z) - self.along(row_b, b[2] + z);
                    sum += difference * difference;
                }
            }
        }
        sum * self.per_square
    }

    /// The row of the patch that is offset by `[x, y]` − 1.
    fn row(&self, voxel: [usize; 3], offset: [usize; 2]) -> &'a [f32] {
        let [nx, ny, nz] = self.shape;
        let inside = |at: usize, count: usize| at.saturating_sub(1).min(count - 1);
        let start = (inside(voxel[0] + offset[0], nx) * ny + inside(voxel[1] + offset[1], ny)) * nz;
        &self.image[start..start + nz]
    }

    fn along(&self, row: &[f32], z: usize) -> f32 {
        row[z.saturating_sub(1).min(row.len() - 1)]
    }
}
