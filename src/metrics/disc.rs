//! Circular regions of interest in one axial slice, with partial pixels.

use crate::image::{Image, ImageGrid};

/// A circle in the axial slice nearest to its centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    /// Centre in mm.
    pub centre_mm: [f64; 3],
    /// Diameter in mm.
    pub diameter_mm: f64,
}

/// A region of interest that the image does not hold.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the region of interest at {centre_mm:?} mm, {diameter_mm} mm wide, is not inside of the image; use a larger grid or another phantom"
)]
pub struct MetricError {
    /// Centre in mm.
    pub centre_mm: [f64; 3],
    /// Diameter in mm.
    pub diameter_mm: f64,
}

/// Sub-pixels per pixel side where the circle cuts a pixel.
const SUBPIXELS: usize = 16;

impl Disc {
    /// The voxels of the region and the share of each that lies inside.
    pub fn voxels(&self, grid: &ImageGrid) -> Result<Vec<(usize, f64)>, MetricError> {
        let radius = 0.5 * self.diameter_mm;
        let x = self.range(grid, 0, radius)?;
        let y = self.range(grid, 1, radius)?;
        let slice = *self.range(grid, 2, 0.0)?.start();
        let mut voxels = Vec::new();
        for i in x {
            for j in y.clone() {
                let share = self.share(grid, [i, j, slice]);
                if share > 0.0 {
                    voxels.push((grid.index([i, j, slice]), share));
                }
            }
        }
        Ok(voxels)
    }

    /// Mean of an image over the region.
    pub fn mean(&self, image: &Image) -> Result<f64, MetricError> {
        let voxels = self.voxels(&image.grid)?;
        let weight: f64 = voxels.iter().map(|(_, share)| share).sum();
        Ok(voxels.iter().map(|&(index, share)| share * f64::from(image.values[index])).sum::<f64>() / weight)
    }

    /// Voxels along an axis within `reach` of the centre.
    fn range(&self, grid: &ImageGrid, axis: usize, reach: f64) -> Result<std::ops::RangeInclusive<usize>, MetricError> {
        let place = |mm: f64| ((mm - grid.origin_mm[axis]) / grid.voxel_mm[axis]).round();
        let (low, high) = (place(self.centre_mm[axis] - reach), place(self.centre_mm[axis] + reach));
        if low >= 0.0 && high < grid.shape[axis] as f64 {
            return Ok(low as usize..=high as usize);
        }
        Err(MetricError { centre_mm: self.centre_mm, diameter_mm: self.diameter_mm })
    }

    fn share(&self, grid: &ImageGrid, voxel: [usize; 3]) -> f64 {
        let [x, y, _] = grid.centre_mm(voxel);
        let [dx, dy] = [x - self.centre_mm[0], y - self.centre_mm[1]];
        let [width, height] = [grid.voxel_mm[0], grid.voxel_mm[1]];
        let (distance, reach, radius) = (dx.hypot(dy), 0.5 * width.hypot(height), 0.5 * self.diameter_mm);
        if distance + reach <= radius {
            return 1.0;
        }
        if distance - reach >= radius {
            return 0.0;
        }
        let step = |n: usize| (n as f64 + 0.5) / SUBPIXELS as f64 - 0.5;
        let inside = (0..SUBPIXELS * SUBPIXELS).filter(|n| {
            let [sub_x, sub_y] = [dx + step(n / SUBPIXELS) * width, dy + step(n % SUBPIXELS) * height];
            sub_x * sub_x + sub_y * sub_y <= radius * radius
        });
        inside.count() as f64 / (SUBPIXELS * SUBPIXELS) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_has_its_area_in_its_slice() {
        let grid = ImageGrid::centred([40, 40, 5], [2.0, 2.5, 3.0]);
        let disc = Disc { centre_mm: [1.3, -4.1, 3.4], diameter_mm: 22.0 };
        let voxels = disc.voxels(&grid).unwrap();
        let area: f64 = voxels.iter().map(|(_, share)| share * 5.0).sum();
        assert!((area / (std::f64::consts::PI * 121.0) - 1.0).abs() < 2e-3, "{area}");
        assert!(voxels.iter().all(|(index, _)| index % 5 == 3));
        assert!(Disc { centre_mm: [0.0, 0.0, 20.0], ..disc }.voxels(&grid).is_err());
        assert!(Disc { centre_mm: [38.0, 0.0, 0.0], ..disc }.voxels(&grid).is_err());
    }
}
