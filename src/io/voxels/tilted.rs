//! A tilted image on the scanner's axes: linear interpolation at the centres of upright voxels that cover it all.

use super::Wrong;
use super::affine::Affine;
use crate::image::ImageGrid;
use rayon::prelude::*;

/// An upright box around a tilted one holds no more than a few times its voxels; more are axes that are no image's.
const MOST_TIMES: f64 = 16.0;

/// The upright grid around an image of a shape: along each axis, voxels as long as those of the image that run most
/// along it.
pub(super) fn upright(affine: &Affine, shape: [usize; 3]) -> Result<ImageGrid, Wrong> {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for corner in 0..8 {
        let edge = |axis: usize| if corner >> axis & 1 == 1 { shape[axis] as f64 - 0.5 } else { -0.5 };
        let point = affine.point(std::array::from_fn(edge));
        for axis in 0..3 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    let mut voxel_mm = [0.0; 3];
    for (axis, along) in affine.nearest().into_iter().enumerate() {
        voxel_mm[along] = affine.sizes()[axis];
    }
    let count: [f64; 3] =
        std::array::from_fn(|axis| ((high[axis] - low[axis]) / voxel_mm[axis] - 1e-6).ceil().max(1.0));
    let (voxels, stored) = (count.iter().product::<f64>(), shape.iter().map(|&n| n as f64).product::<f64>());
    if voxels.is_nan() || voxels > MOST_TIMES * stored + 1e4 {
        let found = format!("{:?}", affine.0);
        return Err(("the affine", found, "a tilt that leaves the voxels in a box of about the same size"));
    }
    let middle = std::array::from_fn(|axis| 0.5 * (low[axis] + high[axis]));
    Ok(ImageGrid::around(middle, count.map(|n| n as usize), voxel_mm))
}

/// Values, x fastest in the file, at the voxels of an upright grid; `outside` where the file has none.
pub(super) fn resampled(
    values: &[f32],
    shape: [usize; 3],
    affine: &Affine,
    grid: &ImageGrid,
    outside: f32,
) -> Vec<f32> {
    let inverse = inverse(affine);
    let [_, ny, nz] = grid.shape;
    let mut out = vec![outside; grid.voxels()];
    out.par_chunks_mut(nz).enumerate().for_each(|(row, out)| {
        for (k, out) in out.iter_mut().enumerate() {
            let mm = grid.centre_mm([row / ny, row % ny, k]);
            if let Some(value) = interpolated(values, shape, inverse.point(mm)) {
                *out = value;
            }
        }
    });
    out
}

/// From mm to voxel indices.
fn inverse(affine: &Affine) -> Affine {
    let [a, b, c] = [affine.axis(0), affine.axis(1), affine.axis(2)];
    let cross =
        |u: [f64; 3], v: [f64; 3]| [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let volume = affine.determinant();
    let offset = affine.point([0.0; 3]);
    Affine([cross(b, c), cross(c, a), cross(a, b)].map(|row| {
        let [x, y, z] = row.map(|value| value / volume);
        [x, y, z, -(x * offset[0] + y * offset[1] + z * offset[2])]
    }))
}

/// `None` beyond the outer faces of the voxels.
fn interpolated(values: &[f32], shape: [usize; 3], at: [f64; 3]) -> Option<f32> {
    let (mut below, mut above) = ([0; 3], [0.0; 3]);
    for axis in 0..3 {
        let last = shape[axis] - 1;
        if !(-0.5..=last as f64 + 0.5).contains(&at[axis]) {
            return None;
        }
        let inside = at[axis].clamp(0.0, last as f64);
        below[axis] = (inside as usize).min(last.saturating_sub(1));
        above[axis] = inside - below[axis] as f64;
    }
    let mut sum = 0.0;
    for corner in 0..8 {
        let end = |axis: usize| corner >> axis & 1;
        let weight: f64 = (0..3).map(|axis| if end(axis) == 1 { above[axis] } else { 1.0 - above[axis] }).product();
        if weight > 0.0 {
            let [i, j, k] = std::array::from_fn(|axis| below[axis] + end(axis));
            sum += weight * f64::from(values[i + shape[0] * (j + shape[1] * k)]);
        }
    }
    Some(sum as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ramp in space stays that ramp, whatever the axes of the file are.
    #[test]
    fn a_ramp_stays_a_ramp() {
        let (sin, cos) = 20_f64.to_radians().sin_cos();
        // The first axis runs along z, the second along −x, both tilted; left-handed.
        let affine =
            Affine([[0.0, -1.5 * cos, 2.5 * sin, 7.0], [0.0, 1.5 * sin, 2.5 * cos, -4.0], [2.0, 0.0, 0.0, 1.0]]);
        let shape = [9, 12, 11];
        let ramp = |[x, y, z]: [f64; 3]| x + 2.0 * y - 3.0 * z + 100.0;
        let index = |n: usize| [n % 9, n / 9 % 12, n / 108].map(|i| i as f64);
        let values: Vec<f32> = (0..9 * 12 * 11).map(|n| ramp(affine.point(index(n))) as f32).collect();
        let grid = upright(&affine, shape).unwrap();
        assert!(grid.voxel_mm.iter().zip([1.5, 2.5, 2.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{grid}");
        let found = resampled(&values, shape, &affine, &grid, -1e6);
        let inverse = inverse(&affine);
        let (mut inner, mut outer) = (0, 0);
        for (n, &value) in found.iter().enumerate() {
            let [_, ny, nz] = grid.shape;
            let mm = grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
            let at = inverse.point(mm);
            if (0..3).all(|axis| (0.0..=shape[axis] as f64 - 1.0).contains(&at[axis])) {
                assert!((f64::from(value) - ramp(mm)).abs() < 1e-3, "{value} at {mm:?}");
                inner += 1;
            } else if (0..3).any(|axis| at[axis] < -0.51 || at[axis] > shape[axis] as f64 - 0.49) {
                assert_eq!(value, -1e6);
                outer += 1;
            }
        }
        assert!(inner > 500 && outer > 100, "{inner} {outer} of {}", found.len());
    }

    #[test]
    fn an_absurd_box_is_refused() {
        let affine = Affine([[7e2, -7e-9, 0.0, 0.0], [7e2, 7e-9, 0.0, 0.0], [0.0, 0.0, 1e-9, 0.0]]);
        affine.check().unwrap();
        assert!(upright(&affine, [30000, 1, 1]).is_err());
    }
}
