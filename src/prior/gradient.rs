//! ∇ on an image grid: forward differences with the scale voxel_x / voxel_a along axis a, so that they have the unit of
//! the image and mean "per voxel along x" along every axis; zero over the border (Neumann).
//!
//! With a direction field ξ, ‖ξ‖ ≤ 1, D = I − ξ ξᵀ takes the part along ξ away. Fields are `[axis, x, y, z]`.

use crate::image::ImageGrid;
use coincide_kernels::Level;
use coincide_kernels::differences::{Differences, remove_along};
use rayon::prelude::*;

/// D ∇ on one grid.
pub(super) struct Gradient {
    shape: [usize; 3],
    differences: Differences,
    /// ξ, where there is one.
    direction: Option<Vec<f32>>,
}

impl Gradient {
    /// Plain differences.
    pub fn new(grid: &ImageGrid) -> Self {
        let [_, ny, nz] = grid.shape;
        let scale = grid.voxel_mm.map(|voxel| (grid.voxel_mm[0] / voxel) as f32);
        Self { shape: grid.shape, differences: Differences { plane: [ny, nz], scale }, direction: None }
    }

    /// Without the part along the gradient of an anatomical image v: ξ = ∇v / √(‖∇v‖² + η²), η in the unit of v.
    pub fn across(grid: &ImageGrid, anatomical: &[f32], eta: f32) -> Self {
        let plain = Self::new(grid);
        let mut field = vec![0.0; 3 * anatomical.len()];
        plain.forward(anatomical, &mut field);
        let [x, y, z] = thirds_mut(&mut field);
        for ((x, y), z) in x.iter_mut().zip(y).zip(z) {
            let norm = (*x * *x + *y * *y + *z * *z + eta * eta).sqrt();
            (*x, *y, *z) = (*x / norm, *y / norm, *z / norm);
        }
        Self { direction: Some(field), ..plain }
    }

    /// Voxels of an image.
    pub fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Voxels along x, y, z.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Scale of the differences along x, y, z.
    pub fn scale(&self) -> [f32; 3] {
        self.differences.scale
    }

    /// ‖D ∇‖² ≤ Σₐ 4 sₐ².
    pub fn norm(&self) -> f64 {
        self.scale().iter().map(|&s| 4.0 * f64::from(s).powi(2)).sum::<f64>().sqrt()
    }

    /// z = D ∇ x
    pub fn forward(&self, x: &[f32], z: &mut [f32]) {
        self.check(x, z);
        let (level, [_, ny, nz]) = (Level::best(), self.shape);
        let [zx, zy, zz] = thirds_mut(z).map(|part| part.par_chunks_mut(ny * nz));
        zx.zip(zy).zip(zz).enumerate().for_each(|(i, ((zx, zy), zz))| self.plane(level, x, i, [zx, zy, zz]));
    }

    /// out += weight · ∇ᵀ D z
    pub fn add_adjoint(&self, weight: f32, z: &[f32], out: &mut [f32]) {
        self.check(out, z);
        let (level, [_, ny, nz]) = (Level::best(), self.shape);
        let Some(direction) = &self.direction else {
            return self.add_transpose(level, weight, thirds(z), out);
        };
        let mut across = z.to_vec();
        let direction = thirds(direction);
        let [zx, zy, zz] = thirds_mut(&mut across).map(|part| part.par_chunks_mut(ny * nz));
        zx.zip(zy).zip(zz).enumerate().for_each(|(i, ((zx, zy), zz))| {
            let here = i * ny * nz..(i + 1) * ny * nz;
            remove_along(level, direction.map(|part| &part[here.clone()]), [zx, zy, zz]);
        });
        self.add_transpose(level, weight, thirds(&across), out);
    }

    fn add_transpose(&self, level: Level, weight: f32, z: [&[f32]; 3], out: &mut [f32]) {
        let [nx, ny, nz] = self.shape;
        let plane = |i: usize| i * ny * nz..(i + 1) * ny * nz;
        out.par_chunks_mut(ny * nz).enumerate().for_each(|(i, out)| {
            let before = i.checked_sub(1).map(|before| &z[0][plane(before)]);
            let here = z.map(|part| &part[plane(i)]);
            self.differences.add_transpose(level, weight, before, here, i + 1 == nx, out);
        });
    }

    /// ∇ x of plane `i`, without the part along ξ.
    fn plane(&self, level: Level, x: &[f32], i: usize, [zx, zy, zz]: [&mut [f32]; 3]) {
        self.plain_plane(level, x, i, [zx, zy, zz]);
        if let Some(direction) = self.direction_of(i) {
            remove_along(level, direction, [zx, zy, zz]);
        }
    }

    /// ∇ x of plane `i`.
    pub fn plain_plane(&self, level: Level, x: &[f32], i: usize, out: [&mut [f32]; 3]) {
        let [nx, ny, nz] = self.shape;
        let plane = |i: usize| &x[i * ny * nz..(i + 1) * ny * nz];
        let next = (i + 1 < nx).then(|| plane(i + 1));
        self.differences.forward(level, plane(i), next, out);
    }

    /// ξ of plane `i`.
    pub fn direction_of(&self, i: usize) -> Option<[&[f32]; 3]> {
        let [_, ny, nz] = self.shape;
        let parts = thirds(self.direction.as_ref()?);
        Some(parts.map(|part| &part[i * ny * nz..(i + 1) * ny * nz]))
    }

    /// ξ of voxel `j`, zero where there is no direction.
    pub fn direction_at(&self, j: usize) -> [f32; 3] {
        self.direction.as_ref().map_or([0.0; 3], |field| thirds(field).map(|part| part[j]))
    }

    /// The differences of single planes.
    pub fn differences(&self) -> &Differences {
        &self.differences
    }

    fn check(&self, image: &[f32], field: &[f32]) {
        let voxels = self.voxels();
        assert_eq!([image.len(), field.len()], [voxels, 3 * voxels], "an image of shape {:?}, a field", self.shape);
    }
}

/// The parts of a field along x, y, z.
pub(super) fn thirds(field: &[f32]) -> [&[f32]; 3] {
    let (x, rest) = field.split_at(field.len() / 3);
    let (y, z) = rest.split_at(rest.len() / 2);
    [x, y, z]
}

/// The parts of a field along x, y, z.
pub(super) fn thirds_mut(field: &mut [f32]) -> [&mut [f32]; 3] {
    let (x, rest) = field.split_at_mut(field.len() / 3);
    let (y, z) = rest.split_at_mut(rest.len() / 2);
    [x, y, z]
}
