//! From the voxel axes of a NIfTI file to the scanner frame.
//!
//! NIfTI: (x, y, z)ᵀ = A (i, j, k, 1)ᵀ in RAS (+x right, +y anterior, +z head). The scanner frame is LPS, so x and y
//! change sign. Axes may be exchanged and turned around; an image that is tilted would have to be interpolated and is
//! refused.

use super::Wrong;
use crate::image::ImageGrid;

/// Tangent of the largest tilt that still counts as none: 0.05 mm at the edge of a field of 500 mm.
const LARGEST_TILT: f64 = 1e-4;

/// Three rows of the affine matrix, voxel index to mm in RAS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine(pub(super) [[f64; 4]; 3]);

/// The scanner's grid and the way from it to the file's voxels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placement {
    pub(super) grid: ImageGrid,
    /// Position in the file of voxel `[0, 0, 0]`, and the step in the file along x, y, z.
    pub(super) first: i64,
    pub(super) step: [i64; 3],
}

impl Affine {
    /// The affine of an image whose voxels are stored along +x, +y, +z of the scanner frame.
    pub(super) fn of_grid(grid: &ImageGrid) -> Self {
        let ([dx, dy, dz], [x, y, z]) = (grid.voxel_mm, grid.origin_mm);
        Self([[-dx, 0.0, 0.0, -x], [0.0, -dy, 0.0, -y], [0.0, 0.0, dz, z]])
    }

    /// "Method 2" of the standard: rotation as the quaternion (√(1 − b² − c² − d²), b, c, d), voxel sizes, and −1 as
    /// handedness where k runs the other way.
    pub(super) fn of_quaternion(
        [b, c, d]: [f64; 3],
        handedness: f64,
        voxel_mm: [f64; 3],
        offset_mm: [f64; 3],
    ) -> Result<Self, Wrong> {
        let square = 1.0 - (b * b + c * c + d * d);
        if square.is_nan() || square < -1e-5 {
            return Err(("quatern_b, c, d", format!("{b}, {c}, {d}"), "part of a unit quaternion"));
        }
        if voxel_mm.iter().any(|&size| !(size.is_finite() && size > 0.0)) {
            return Err(("pixdim", format!("{voxel_mm:?}"), "voxel sizes > 0"));
        }
        // Below the precision of three stored f32, a is noise: its root would tilt half a turn by up to a milliradian.
        let a = if square < 3.0 * f64::from(f32::EPSILON) { 0.0 } else { square.sqrt() };
        let k = if handedness < 0.0 { -1.0 } else { 1.0 };
        let rotation = [
            [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
            [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
            [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ];
        let [dx, dy, dz] = voxel_mm;
        Ok(Self(std::array::from_fn(|row| {
            let [x, y, z] = rotation[row];
            [x * dx, y * dy, z * dz * k, offset_mm[row]]
        })))
    }

    /// The scanner's grid of a file of a shape.
    pub(super) fn place(&self, shape: [usize; 3]) -> Result<Placement, Wrong> {
        let wrong = |expected| Err(("the affine", format!("{:?}", self.0), expected));
        if self.0.as_flattened().iter().any(|value| !value.is_finite()) {
            return wrong("finite numbers");
        }
        let mut grid = ImageGrid { shape: [0; 3], voxel_mm: [0.0; 3], origin_mm: [0.0; 3] };
        let (mut first, mut step) = (0, [0; 3]);
        let strides = [1, shape[0], shape[0] * shape[1]];
        for axis in 0..3 {
            let column: [f64; 3] = std::array::from_fn(|row| self.lps(row, axis));
            let size = column.iter().map(|value| value * value).sum::<f64>().sqrt();
            let Some(along) = (0..3).find(|&row| column[row].abs() > 0.5 * size) else {
                return wrong("voxel axes of a length > 0 along the scanner's axes; resample a tilted image first");
            };
            let tilted = (0..3).any(|row| row != along && column[row].abs() > LARGEST_TILT * size);
            if tilted || grid.shape[along] != 0 {
                return wrong("voxel axes along the scanner's axes; resample a tilted image first");
            }
            let backwards = column[along] < 0.0;
            let (last, stride) = (shape[axis] - 1, strides[axis] as i64);
            grid.shape[along] = shape[axis];
            grid.voxel_mm[along] = size;
            grid.origin_mm[along] = self.lps(along, 3) - if backwards { last as f64 * size } else { 0.0 };
            first += if backwards { last as i64 * stride } else { 0 };
            step[along] = if backwards { -stride } else { stride };
        }
        Ok(Placement { grid, first, step })
    }

    /// Largest distance of the same corner of an image of a shape in two affines, over the smallest voxel size of the
    /// first.
    pub(super) fn apart_from(&self, other: &Self, shape: [usize; 3]) -> f64 {
        let smallest = (0..3).map(|axis| self.0.iter().map(|row| row[axis] * row[axis]).sum::<f64>().sqrt());
        let smallest = smallest.fold(f64::INFINITY, f64::min);
        let corner = |n: usize| {
            let at: [f64; 3] =
                std::array::from_fn(|axis| if n >> axis & 1 == 1 { shape[axis] as f64 - 1.0 } else { 0.0 });
            let along = |row: usize| {
                let change: [f64; 4] = std::array::from_fn(|i| self.0[row][i] - other.0[row][i]);
                change[0] * at[0] + change[1] * at[1] + change[2] * at[2] + change[3]
            };
            (0..3).map(along).map(|mm| mm * mm).sum::<f64>().sqrt()
        };
        (0..8).map(corner).fold(0.0, f64::max) / smallest
    }

    fn lps(&self, row: usize, column: usize) -> f64 {
        if row < 2 { -self.0[row][column] } else { self.0[row][column] }
    }
}

impl Placement {
    /// Position in the file of voxel `[i, j, k]` of the grid.
    pub(super) fn position(&self, voxel: [usize; 3]) -> usize {
        let along: i64 = voxel.iter().zip(self.step).map(|(&index, step)| index as i64 * step).sum();
        (self.first + along) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_affine_is_not_turned() {
        let grid = ImageGrid { shape: [4, 5, 6], voxel_mm: [2.0, 3.0, 4.0], origin_mm: [-7.0, 8.0, 9.5] };
        let placement = Affine::of_grid(&grid).place(grid.shape).unwrap();
        assert_eq!(placement, Placement { grid, first: 0, step: [1, 4, 20] });
    }

    #[test]
    fn half_a_turn_about_z_is_the_quaternion_d() {
        let turned = Affine::of_quaternion([0.0, 0.0, 1.0], 1.0, [2.0, 3.0, 4.0], [1.0, 2.0, 3.0]).unwrap();
        assert_eq!(turned.0, [[-2.0, 0.0, 0.0, 1.0], [0.0, -3.0, 0.0, 2.0], [0.0, 0.0, 4.0, 3.0]]);
    }

    #[test]
    fn rounding_of_a_stored_half_turn_is_not_a_tilt() {
        let stored = f64::from(0.5_f32.sqrt());
        let turned = Affine::of_quaternion([0.0, stored, stored], 1.0, [2.0, 3.0, 4.0], [0.0; 3]).unwrap();
        assert_eq!(turned.place([2, 3, 4]).unwrap().grid.shape, [2, 4, 3]);
    }

    #[test]
    fn exchanged_and_reversed_axes_find_their_voxels() {
        // i runs to the feet, j to the right, k to the front: every axis is exchanged, and all run against LPS.
        let affine = Affine([[0.0, 3.0, 0.0, 10.0], [0.0, 0.0, 4.0, 20.0], [-2.0, 0.0, 0.0, 30.0]]);
        let Placement { grid, first, step } = affine.place([5, 6, 7]).unwrap();
        assert_eq!(grid.shape, [6, 7, 5]);
        assert_eq!(grid.voxel_mm, [3.0, 4.0, 2.0]);
        assert_eq!(grid.origin_mm, [-25.0, -44.0, 22.0]);
        assert_eq!((first, step), (5 * 6 * 7 - 1, [-5, -30, -1]));
    }

    #[test]
    fn tilted_and_flat_images_are_refused() {
        let tilted = Affine([[2.0, 0.01, 0.0, 0.0], [-0.01, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]);
        assert!(tilted.place([2, 2, 2]).unwrap_err().2.contains("tilted"));
        let flat = Affine([[2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]);
        assert!(flat.place([2, 2, 2]).is_err());
        assert!(Affine([[0.0; 4]; 3]).place([2, 2, 2]).is_err());
        assert!(Affine([[f64::NAN; 4]; 3]).place([2, 2, 2]).is_err());
    }
}
