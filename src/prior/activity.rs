//! c, the mean activity of the body, which makes images of all doses and units alike.

use crate::image::ImageGrid;

/// Side of the cubes whose means count, in mm.
const CUBE_MM: f64 = 20.0;

/// Share of the mean activity below which a cube does not belong to the body.
const AIR: f64 = 0.25;

/// Passes after which the mean activity is taken as found.
const PASSES: usize = 8;

/// c: the mean of all 20 mm cubes above a quarter of it, found from below: c ← mean of the cubes above c / 4, beginning
/// with all that are positive. Of an early OSEM image it is the mean activity of the body, whatever share of the volume
/// that fills; a few hot organs hardly move it, nor does noise, as the activity in a cube is known to a few per cent
/// where that of a voxel is not at all. It is exactly proportional to the image; 0 where nothing is positive.
pub fn mean_activity(grid: &ImageGrid, image: &[f32]) -> f32 {
    let cubes = cubes(grid, image);
    let mut mean = 0.0;
    for _ in 0..PASSES {
        let body = cubes.iter().filter(|cube| cube.sum > AIR * mean * cube.voxels);
        let (sum, voxels) = body.fold((0.0, 0.0), |(sum, voxels), cube| (sum + cube.sum, voxels + cube.voxels));
        mean = if voxels > 0.0 { sum / voxels } else { 0.0 };
    }
    mean as f32
}

#[derive(Clone, Default)]
struct Cube {
    sum: f64,
    voxels: f64,
}

/// Sums over cubes of whole voxels; those at the end may be smaller.
fn cubes(grid: &ImageGrid, image: &[f32]) -> Vec<Cube> {
    assert_eq!(image.len(), grid.voxels(), "an image of shape {:?}", grid.shape);
    let [nx, ny, nz] = grid.shape;
    let [x_side, y_side, z_side] = grid.voxel_mm.map(|side| ((CUBE_MM / side).round() as usize).max(1));
    let (y_cubes, z_cubes) = (ny.div_ceil(y_side), nz.div_ceil(z_side));
    let mut cubes = vec![Cube::default(); nx.div_ceil(x_side) * y_cubes * z_cubes];
    for (row, values) in image.chunks_exact(nz).enumerate() {
        let first = (row / ny / x_side * y_cubes + row % ny / y_side) * z_cubes;
        for (cube, values) in cubes[first..].iter_mut().zip(values.chunks(z_side)) {
            cube.sum += values.iter().map(|&value| f64::from(value)).sum::<f64>();
            cube.voxels += values.len() as f64;
        }
    }
    cubes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cylinder of 30 along z with a hot spot of 300 in air of 1; `spread` is the height of noise that keeps the
    /// mean.
    fn image(grid: &ImageGrid, spread: usize) -> Vec<f32> {
        let [_, ny, nz] = grid.shape;
        let value = |n: usize| {
            let [x, y, z] = grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
            let hot = x.hypot(y - 30.0).hypot(z) < 12.0;
            let mean = if hot {
                300.0
            } else if x.hypot(y) < 100.0 {
                30.0
            } else {
                1.0
            };
            // All in one voxel of so many.
            if (n * 7919 % 1009).is_multiple_of(spread) { mean * spread as f32 } else { 0.0 }
        };
        (0..grid.voxels()).map(value).collect()
    }

    #[test]
    fn the_mean_activity_is_that_of_the_body() {
        let near = ImageGrid::centred([60, 60, 20], [4.0, 4.0, 3.0]);
        let far = ImageGrid::centred([130, 130, 20], [4.0, 4.0, 3.0]);
        let clean = mean_activity(&near, &image(&near, 1));
        assert!((clean - 30.0).abs() < 3.0, "{clean}: cubes at the border are half air");
        for (grid, spread, bound) in [(&far, 1, 0.03), (&near, 10, 0.03), (&far, 30, 0.06)] {
            let found = mean_activity(grid, &image(grid, spread));
            assert!((found / clean - 1.0).abs() < bound, "{spread}: {found} {clean}");
        }
        let one = |value| mean_activity(&ImageGrid::centred([1, 1, 1], [5.0; 3]), &[value]);
        assert_eq!((one(0.0), one(-1.0), one(2.0)), (0.0, 0.0, 2.0));
    }

    /// Cubes of 30 and of 10: the mean is 20, and 10 is more than a quarter of it. Of 4 it is not, and the body is 30.
    #[test]
    fn a_cube_above_a_quarter_of_the_mean_belongs_to_the_body() {
        let grid = ImageGrid::centred([8, 4, 4], [5.0; 3]);
        let halves = |low: f32| mean_activity(&grid, &[vec![30.0; 64], vec![low; 64]].concat());
        assert_eq!((halves(10.0), halves(4.0)), (20.0, 30.0));
    }

    #[test]
    fn it_scales_with_the_image() {
        let grid = ImageGrid::centred([60, 60, 7], [4.0, 4.0, 3.0]);
        let times = |factor: f32| -> f32 {
            let scaled: Vec<f32> = image(&grid, 10).iter().map(|value| factor * value).collect();
            mean_activity(&grid, &scaled)
        };
        assert_eq!(times(1024.0), 1024.0 * times(1.0));
        assert!((times(1e-3) / times(1.0) - 1e-3).abs() < 1e-9);
    }
}
