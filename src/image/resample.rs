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

/// The means of blocks of voxels; where the last block along an axis is not full, its mean is over what it has and air.
pub fn averaged(image: &Image, block: [usize; 3]) -> Image {
    assert!(block.iter().all(|n| *n > 0), "blocks of {block:?} voxels");
    let from = &image.grid;
    let grid = ImageGrid {
        shape: std::array::from_fn(|axis| from.shape[axis].div_ceil(block[axis])),
        voxel_mm: std::array::from_fn(|axis| block[axis] as f64 * from.voxel_mm[axis]),
        origin_mm: std::array::from_fn(|axis| {
            from.origin_mm[axis] + 0.5 * (block[axis] as f64 - 1.0) * from.voxel_mm[axis]
        }),
    };
    let share = (block.iter().product::<usize>() as f32).recip();
    let mut values = vec![0.0; grid.voxels()];
    let slab = grid.shape[1] * grid.shape[2];
    values.par_chunks_mut(slab).enumerate().for_each(|(x, out)| {
        for i in x * block[0]..((x + 1) * block[0]).min(from.shape[0]) {
            for j in 0..from.shape[1] {
                let row = &image.values[from.index([i, j, 0])..][..from.shape[2]];
                let out = &mut out[j / block[1] * grid.shape[2]..][..grid.shape[2]];
                for (out, values) in out.iter_mut().zip(row.chunks(block[2])) {
                    *out += share * values.iter().sum::<f32>();
                }
            }
        }
    });
    Image { grid, unit: image.unit, values }
}

/// The means of an image over the voxels of another grid; along axes with finer voxels, linear interpolation at their
/// centres. `None` where some of them lie outside of the image. Of a voxel that juts out by less than half, the mean is
/// over what is inside.
pub fn averaged_onto(image: &Image, grid: &ImageGrid) -> Option<Vec<f32>> {
    let along: [Vec<Vec<(usize, f32)>>; 3] = [
        shares(&image.grid, grid, 0)?, //
        shares(&image.grid, grid, 1)?,
        shares(&image.grid, grid, 2)?,
    ];
    let [_, ny, nz] = grid.shape;
    let mut values = vec![0.0; grid.voxels()];
    values.par_chunks_mut(nz).enumerate().for_each(|(row, out)| {
        for &(i, x) in &along[0][row / ny] {
            for &(j, y) in &along[1][row % ny] {
                let source = &image.values[image.grid.index([i, j, 0])..][..image.grid.shape[2]];
                for (out, shares) in out.iter_mut().zip(&along[2]) {
                    *out += x * y * shares.iter().map(|&(k, z)| z * source[k]).sum::<f32>();
                }
            }
        }
    });
    Some(values)
}

/// What each voxel of `to` takes of those of `from` along an axis.
fn shares(from: &ImageGrid, to: &ImageGrid, axis: usize) -> Option<Vec<Vec<(usize, f32)>>> {
    let [fine, coarse] = [from.voxel_mm[axis], to.voxel_mm[axis]];
    let share = |n: usize| {
        let (below, above) = place(from, to, axis, n)?;
        if coarse < fine {
            let both = [(below, 1.0 - above), (below + 1, above)];
            return Some(both.into_iter().filter(|(_, share)| *share > 0.0).collect());
        }
        // In voxels of `from`, whose first one begins at 0.
        let centre = (to.origin_mm[axis] + n as f64 * coarse - from.origin_mm[axis]) / fine + 0.5;
        let low = (centre - 0.5 * coarse / fine).max(0.0);
        let high = (centre + 0.5 * coarse / fine).min(from.shape[axis] as f64);
        let overlap = |k: usize| (high.min(k as f64 + 1.0) - low.max(k as f64)) / (high - low);
        let voxels = low as usize..(high.ceil() as usize).min(from.shape[axis]);
        Some(voxels.map(|k| (k, overlap(k) as f32)).filter(|(_, share)| *share > 0.0).collect())
    };
    (0..to.shape[axis]).map(share).collect()
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
    fn blocks_keep_the_integral_and_its_centre() {
        let grid = ImageGrid { shape: [5, 4, 7], voxel_mm: [1.0, 2.0, 1.5], origin_mm: [3.0, -4.0, 10.0] };
        let values = (0..grid.voxels()).map(|n| (n * 37 % 11) as f32).collect();
        let image = Image { grid, unit: ImageUnit::PerCm, values };
        let blocks = averaged(&image, [2, 1, 3]);
        assert_eq!((blocks.grid.shape, blocks.grid.voxel_mm), ([3, 4, 3], [2.0, 2.0, 4.5]));
        let moments = |image: &Image| {
            let [_, ny, nz] = image.grid.shape;
            let ml = image.grid.voxel_ml();
            image.values.iter().enumerate().fold([0.0; 4], |sum, (n, value)| {
                let at = image.grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
                let mass = ml * f64::from(*value);
                [sum[0] + mass, sum[1] + mass * at[0], sum[2] + mass * at[1], sum[3] + mass * at[2]]
            })
        };
        // Moments along an axis of uneven blocks: the sum stays, and so does the centre along y, which is not blocked.
        let (before, after) = (moments(&image), moments(&blocks));
        assert!((before[0] - after[0]).abs() < 1e-4 && (before[2] - after[2]).abs() < 1e-3, "{before:?} {after:?}");
        let flat = averaged(&Image::uniform(grid, ImageUnit::PerCm, 2.0), [5, 4, 7]);
        assert!((flat.values[0] - 2.0).abs() < 1e-6 && flat.grid.origin_mm == [5.0, -1.0, 14.5], "{flat:?}");
    }

    #[test]
    fn means_over_coarser_voxels_keep_integral_and_place() {
        // Voxels of three times the size, with other edges along y, and finer ones along z.
        let from = ImageGrid { shape: [12, 14, 5], voxel_mm: [2.0, 1.5, 4.0], origin_mm: [-10.0, 3.0, 7.0] };
        let values: Vec<f32> = (0..from.voxels()).map(|n| (n * 37 % 11) as f32).collect();
        let image = Image { grid: from, unit: ImageUnit::PerCm, values };
        let to = ImageGrid { shape: [4, 5, 9], voxel_mm: [6.0, 4.0, 2.0], origin_mm: [-8.0, 4.5, 7.0] };
        let found = averaged_onto(&image, &to).unwrap();
        // Voxel [1, 1, 1]: voxels 3..6 along x, 4.25 to 8.25 mm from the first edge along y, half way between two
        // planes.
        let mut expected = 0.0;
        for i in 3..6 {
            for (j, share) in overlaps(4.25, 8.25, 1.5) {
                let at = |k: usize| f64::from(image.values[from.index([i, j, k])]);
                expected += share / 3.0 * 0.5 * (at(0) + at(1));
            }
        }
        let value = found[to.index([1, 1, 1])];
        assert!((f64::from(value) - expected).abs() < 1e-5, "{value} {expected}");
        let uniform = Image::uniform(from, ImageUnit::PerCm, 2.0);
        assert!(averaged_onto(&uniform, &to).unwrap().iter().all(|value| (value - 2.0).abs() < 1e-6));
        let beyond = ImageGrid { origin_mm: [-8.0, 4.5, 4.9], ..to };
        assert_eq!(averaged_onto(&uniform, &beyond), None);
    }

    /// Voxels of size `mm` and their shares of a length.
    fn overlaps(low: f64, high: f64, mm: f64) -> Vec<(usize, f64)> {
        let share = |n: usize| ((high.min((n + 1) as f64 * mm) - low.max(n as f64 * mm)) / (high - low)).max(0.0);
        (0..14).map(|n| (n, share(n))).filter(|(_, share)| *share > 0.0).collect()
    }

    #[test]
    fn outside_is_air() {
        let image = Image::uniform(ImageGrid::centred([4, 4, 4], [2.0; 3]), ImageUnit::CountsPerMm, 7.0);
        let found = resampled(&image, &ImageGrid::centred([7, 1, 1], [2.0; 3]));
        assert_eq!(found, [0.0, 7.0, 7.0, 7.0, 7.0, 7.0, 0.0]);
    }
}
