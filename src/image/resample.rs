//! Images on other grids.

use super::{Image, ImageGrid};
use rayon::prelude::*;

/// Linear interpolation of an image at the voxel centres of another grid; 0 outside of it.
pub fn resampled(image: &Image, grid: &ImageGrid) -> Vec<f32> {
    let [_, ny, nz] = grid.shape;
    let along: [Vec<Option<(usize, f32)>>; 3] =
        std::array::from_fn(|axis| (0..grid.shape[axis]).map(|n| place(&image.grid, grid, axis, n)).collect());
    let mut values = vec![0.0; grid.voxels()];
    values.par_chunks_mut(nz).enumerate().for_each(|(row, out)| {
        let (Some(x), Some(y)) = (along[0][row / ny], along[1][row % ny]) else { return };
        for (out, z) in out.iter_mut().zip(&along[2]) {
            if let Some(z) = *z {
                *out = interpolated(image, [x, y, z]);
            }
        }
    });
    values
}

/// The voxel of `from` below centre `n` of `to`, and the share of the next one; `None` outside.
fn place(from: &ImageGrid, to: &ImageGrid, axis: usize, n: usize) -> Option<(usize, f32)> {
    let mm = to.origin_mm[axis] + n as f64 * to.voxel_mm[axis];
    let (at, last) = ((mm - from.origin_mm[axis]) / from.voxel_mm[axis], from.shape[axis] - 1);
    if !(-0.5..=last as f64 + 0.5).contains(&at) {
        return None;
    }
    let at = at.clamp(0.0, last as f64);
    let below = (at as usize).min(last.saturating_sub(1));
    Some((below, (at - below as f64) as f32))
}

fn interpolated(image: &Image, at: [(usize, f32); 3]) -> f32 {
    let mut sum = 0.0;
    for corner in 0..8 {
        let ends = [corner >> 2 & 1, corner >> 1 & 1, corner & 1];
        let weight: f32 = (0..3).map(|axis| if ends[axis] == 1 { at[axis].1 } else { 1.0 - at[axis].1 }).product();
        if weight > 0.0 {
            sum += weight * image.values[image.grid.index(std::array::from_fn(|axis| at[axis].0 + ends[axis]))];
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageUnit;

    #[test]
    fn a_ramp_stays_the_same_ramp_on_another_grid() {
        let ramp = |grid: &ImageGrid| -> Vec<f32> {
            let [_, ny, nz] = grid.shape;
            let value = |n: usize| {
                let [x, y, z] = grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
                (x + 2.0 * y - 3.0 * z) as f32
            };
            (0..grid.voxels()).map(value).collect()
        };
        let from = ImageGrid { shape: [20, 18, 16], voxel_mm: [2.0, 2.5, 3.0], origin_mm: [-19.0, -22.0, -21.0] };
        let image = Image { grid: from, unit: ImageUnit::CountsPerMm, values: ramp(&from) };
        let to = ImageGrid::centred([9, 11, 13], [3.1, 2.9, 2.3]);
        for (found, expected) in resampled(&image, &to).iter().zip(ramp(&to)) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn outside_is_air() {
        let image = Image::uniform(ImageGrid::centred([4, 4, 4], [2.0; 3]), ImageUnit::CountsPerMm, 7.0);
        let found = resampled(&image, &ImageGrid::centred([7, 1, 1], [2.0; 3]));
        assert_eq!(found, [0.0, 7.0, 7.0, 7.0, 7.0, 7.0, 0.0]);
    }
}
