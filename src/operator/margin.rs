//! C: the wanted part of an image that is reconstructed on a wider grid.
//!
//!   (C x)(v) = x(v + o),   Cᵀ embeds in zeros,   C Cᵀ = 1
//!
//! Both grids lie on the same lattice. A resolution model needs the wider one: what lies behind the border is seen
//! blurred in front of it. Images are `[x, y, z]`, z contiguous.

use super::{LinearOperator, check};
use crate::image::{Image, ImageGrid};
use coincide_kernels::zeros;

/// A wanted grid inside of a wider one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin {
    wanted: ImageGrid,
    wider: ImageGrid,
    /// Voxels before the wanted ones along x, y, z.
    before: [usize; 3],
}

impl Margin {
    /// A grid with some voxels more before its first and behind its last one, along x, y, z.
    pub fn new(wanted: ImageGrid, before: [usize; 3], behind: [usize; 3]) -> Self {
        let wider = ImageGrid {
            shape: std::array::from_fn(|axis| before[axis] + wanted.shape[axis] + behind[axis]),
            voxel_mm: wanted.voxel_mm,
            origin_mm: std::array::from_fn(|axis| wanted.origin_mm[axis] - before[axis] as f64 * wanted.voxel_mm[axis]),
        };
        Self { wanted, wider, before }
    }

    /// The grid of what is wanted.
    pub fn wanted(&self) -> ImageGrid {
        self.wanted
    }

    /// The grid that is reconstructed.
    pub fn wider(&self) -> ImageGrid {
        self.wider
    }

    /// The wanted part of values on the wider grid.
    pub fn cropped<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let voxels: usize = self.wider.shape.iter().product();
        assert_eq!(values.len(), voxels, "{} values on a grid of {:?}", values.len(), self.wider.shape);
        self.rows().flat_map(|(_, wide)| values[wide..][..self.wanted.shape[2]].iter().copied()).collect()
    }

    /// The wanted part of an image on the wider grid.
    pub fn crop(&self, image: &Image) -> Image {
        Image { grid: self.wanted, unit: image.unit, values: self.cropped(&image.values) }
    }

    /// Values on the wider grid: outside of the wanted one, those of the nearest voxel of it.
    pub fn extended(&self, wanted: &[f32]) -> Vec<f32> {
        check("image", wanted, &self.wanted.shape);
        let mut values = zeros(self.wider.voxels());
        let nearest = |axis: usize, n: usize| n.saturating_sub(self.before[axis]).min(self.wanted.shape[axis] - 1);
        let [_, ny, nz] = self.wider.shape;
        for (row, values) in values.chunks_exact_mut(nz).enumerate() {
            let from = self.wanted.index([nearest(0, row / ny), nearest(1, row % ny), 0]);
            values.iter_mut().enumerate().for_each(|(k, value)| *value = wanted[from + nearest(2, k)]);
        }
        values
    }

    /// First voxel of every row along z, on the wanted and on the wider grid.
    fn rows(&self) -> impl Iterator<Item = (usize, usize)> {
        let ([nx, ny, nz], [x, y, z]) = (self.wanted.shape, self.before);
        let wider = self.wider;
        let row = move |n: usize| (n * nz, wider.index([n / ny + x, n % ny + y, z]));
        (0..nx * ny).map(row)
    }
}

impl LinearOperator for Margin {
    fn domain(&self) -> &[usize] {
        &self.wider.shape
    }

    fn range(&self) -> &[usize] {
        &self.wanted.shape
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        check("image", x, &self.wider.shape);
        check("image", y, &self.wanted.shape);
        let length = self.wanted.shape[2];
        self.rows().for_each(|(inner, wide)| y[inner..][..length].copy_from_slice(&x[wide..][..length]));
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        check("image", y, &self.wanted.shape);
        check("image", x, &self.wider.shape);
        x.fill(0.0);
        let length = self.wanted.shape[2];
        self.rows().for_each(|(inner, wide)| x[wide..][..length].copy_from_slice(&y[inner..][..length]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageUnit;

    #[test]
    fn every_voxel_keeps_its_place() {
        let wanted = ImageGrid { shape: [3, 4, 5], voxel_mm: [2.0, 3.0, 1.5], origin_mm: [-7.0, 2.0, 30.0] };
        let margin = Margin::new(wanted, [1, 0, 3], [2, 4, 1]);
        let wider = margin.wider();
        assert_eq!((wider.shape, wider.origin_mm), ([6, 8, 9], [-9.0, 2.0, 25.5]));
        let place = |grid: &ImageGrid, n: usize| {
            let [_, ny, nz] = grid.shape;
            let [x, y, z] = grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
            (x + 100.0 * y + 10_000.0 * z) as f32
        };
        let values: Vec<f32> = (0..wider.voxels()).map(|n| place(&wider, n)).collect();
        let cropped = margin.crop(&Image { grid: wider, unit: ImageUnit::Number, values });
        let expected: Vec<f32> = (0..wanted.voxels()).map(|n| place(&wanted, n)).collect();
        assert_eq!((cropped.grid, &cropped.values), (wanted, &expected));
        let extended = margin.extended(&expected);
        assert_eq!(margin.cropped(&extended), expected);
        for (corner, nearest) in [([0, 0, 0], [0, 0, 0]), ([5, 7, 8], [2, 3, 4]), ([0, 2, 5], [0, 2, 2])] {
            assert_eq!(extended[wider.index(corner)], expected[wanted.index(nearest)]);
        }
    }
}
