//! From the voxel axes of a file to the scanner frame.
//!
//! (x, y, z)ᵀ = A (i, j, k, 1)ᵀ in mm, in LPS as the scanner frame. Axes may be exchanged and turned around,
//! left-handed ones included: that only changes the order of the voxels. An image that is tilted has to be
//! interpolated, see [`super::tilted`].

use super::Wrong;
use crate::image::ImageGrid;

/// Tangent of the largest tilt that still counts as none: 0.05 mm at the edge of a field of 500 mm.
const LARGEST_TILT: f64 = 1e-4;
/// Smallest volume of three unit axes: below it they lie almost in a plane.
const FLATTEST: f64 = 1e-3;

/// Three rows of the affine matrix, voxel index to mm in LPS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::io) struct Affine(pub [[f64; 4]; 3]);

/// The scanner's grid and the way from it to the file's voxels.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::io) struct Placement {
    pub grid: ImageGrid,
    /// Position in the file of voxel `[0, 0, 0]`, and the step in the file along x, y, z.
    pub first: i64,
    pub step: [i64; 3],
}

impl Affine {
    /// The affine of an image whose voxels are stored along +x, +y, +z of the scanner frame.
    pub fn of_grid(grid: &ImageGrid) -> Self {
        let ([dx, dy, dz], [x, y, z]) = (grid.voxel_mm, grid.origin_mm);
        Self([[dx, 0.0, 0.0, x], [0.0, dy, 0.0, y], [0.0, 0.0, dz, z]])
    }

    /// An affine in RAS (+x right, +y anterior) in LPS, and the other way round.
    pub fn turned_about_z(self) -> Self {
        let [x, y, z] = self.0;
        Self([x.map(|value| -value), y.map(|value| -value), z])
    }

    /// The step of a voxel axis in mm.
    pub fn axis(&self, axis: usize) -> [f64; 3] {
        std::array::from_fn(|row| self.0[row][axis])
    }

    /// Lengths of the voxel axes in mm.
    pub fn sizes(&self) -> [f64; 3] {
        std::array::from_fn(|axis| length(self.axis(axis)))
    }

    /// Where a voxel index is, in mm.
    pub fn point(&self, index: [f64; 3]) -> [f64; 3] {
        self.0.map(|[x, y, z, offset]| x * index[0] + y * index[1] + z * index[2] + offset)
    }

    /// Refuses what is no image: numbers that are not finite, axes of no length or in one plane.
    pub fn check(&self) -> Result<(), Wrong> {
        let wrong = |expected| Err(("the affine", format!("{:?}", self.0), expected));
        if self.0.as_flattened().iter().any(|value| !value.is_finite()) {
            return wrong("finite numbers");
        }
        let volume = self.determinant().abs() / self.sizes().iter().product::<f64>();
        match volume > FLATTEST {
            true => Ok(()),
            false => wrong("three voxel axes of a length > 0 that do not lie in one plane"),
        }
    }

    pub fn determinant(&self) -> f64 {
        let [a, b, c] = [self.axis(0), self.axis(1), self.axis(2)];
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    }

    /// The axis of the scanner that each voxel axis is nearest to, each once.
    pub fn nearest(&self) -> [usize; 3] {
        const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let sizes = self.sizes();
        let fit =
            |order: &[usize; 3]| (0..3).map(|axis| (self.0[order[axis]][axis] / sizes[axis]).powi(2)).sum::<f64>();
        ORDERS.into_iter().max_by(|a, b| fit(a).total_cmp(&fit(b))).unwrap_or(ORDERS[0])
    }

    /// The largest angle between a voxel axis and its axis of the scanner, in degrees.
    pub fn tilt_degrees(&self) -> f64 {
        let (sizes, nearest) = (self.sizes(), self.nearest());
        let across = |axis: usize| {
            let along = self.0[nearest[axis]][axis] / sizes[axis];
            (1.0 - along * along).max(0.0).sqrt().atan2(along.abs()).to_degrees()
        };
        (0..3).map(across).fold(0.0, f64::max)
    }

    /// The scanner's grid of a file of a shape; `None` where the image is tilted.
    pub fn place(&self, shape: [usize; 3]) -> Option<Placement> {
        if self.tilt_degrees().to_radians().tan() > LARGEST_TILT {
            return None;
        }
        let mut grid = ImageGrid { shape: [0; 3], voxel_mm: [0.0; 3], origin_mm: [0.0; 3] };
        let (mut first, mut step) = (0, [0; 3]);
        let strides = [1, shape[0], shape[0] * shape[1]];
        let (sizes, nearest) = (self.sizes(), self.nearest());
        for axis in 0..3 {
            let (along, size) = (nearest[axis], sizes[axis]);
            let backwards = self.0[along][axis] < 0.0;
            let (last, stride) = (shape[axis] - 1, strides[axis] as i64);
            grid.shape[along] = shape[axis];
            grid.voxel_mm[along] = size;
            grid.origin_mm[along] = self.0[along][3] - if backwards { last as f64 * size } else { 0.0 };
            first += if backwards { last as i64 * stride } else { 0 };
            step[along] = if backwards { -stride } else { stride };
        }
        Some(Placement { grid, first, step })
    }

    /// Largest distance of the same corner of an image of a shape in two affines, over the smallest voxel size of the
    /// first.
    pub fn apart_from(&self, other: &Self, shape: [usize; 3]) -> f64 {
        let smallest = self.sizes().into_iter().fold(f64::INFINITY, f64::min);
        let corner = |n: usize| {
            let at = std::array::from_fn(|axis| if n >> axis & 1 == 1 { shape[axis] as f64 - 1.0 } else { 0.0 });
            let (here, there) = (self.point(at), other.point(at));
            length(std::array::from_fn(|row| here[row] - there[row]))
        };
        (0..8).map(corner).fold(0.0, f64::max) / smallest
    }
}

fn length(vector: [f64; 3]) -> f64 {
    vector.iter().map(|value| value * value).sum::<f64>().sqrt()
}

impl Placement {
    /// Position in the file of voxel `[i, j, k]` of the grid.
    pub fn position(&self, voxel: [usize; 3]) -> usize {
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
    fn exchanged_and_reversed_axes_find_their_voxels() {
        // i runs to the feet, j to the right, k to the front: every axis is exchanged, and all run against LPS.
        let affine = Affine([[0.0, -3.0, 0.0, -10.0], [0.0, 0.0, -4.0, -20.0], [-2.0, 0.0, 0.0, 30.0]]);
        let Placement { grid, first, step } = affine.place([5, 6, 7]).unwrap();
        assert_eq!(grid.shape, [6, 7, 5]);
        assert_eq!(grid.voxel_mm, [3.0, 4.0, 2.0]);
        assert_eq!(grid.origin_mm, [-25.0, -44.0, 22.0]);
        assert_eq!((first, step), (5 * 6 * 7 - 1, [-5, -30, -1]));
    }

    #[test]
    fn a_tilt_is_an_angle() {
        let (sin, cos) = 12.5_f64.to_radians().sin_cos();
        let tilted = Affine([[2.0 * cos, -sin, 0.0, 0.0], [2.0 * sin, cos, 0.0, 0.0], [0.0, 0.0, -3.0, 0.0]]);
        assert!((tilted.tilt_degrees() - 12.5).abs() < 1e-9, "{}", tilted.tilt_degrees());
        tilted.check().unwrap();
        assert_eq!(tilted.place([2, 2, 2]), None);
    }

    #[test]
    fn flat_images_are_refused() {
        let flat = Affine([[2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]);
        assert!(flat.check().is_err());
        assert!(Affine([[0.0; 4]; 3]).check().is_err());
        assert!(Affine([[f64::NAN; 4]; 3]).check().is_err());
    }
}
