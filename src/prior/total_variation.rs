//! Isotropic total variation R(x) = Σⱼ ‖(∇x)ⱼ‖ (Rudin, Osher & Fatemi 1992) with ∇ of `gradient.rs`, in the unit of the
//! image; β is per that. Not differentiable: K = ∇, and F* of β R is the indicator of balls of radius β at every voxel,
//! so that its proximal map is a projection (Chambolle & Pock 2011, J. Math. Imaging Vis. 40, 120).
//!
//! *Directional* total variation (Ehrhardt & Betcke 2016, SIAM J. Imaging Sci. 9, 1084) takes K = D ∇, D = I − ξ ξᵀ,
//! ξ = ∇v / √(‖∇v‖² + η²): steps along the gradient of an anatomical image v cost little where v has an edge.
//! η is in the unit of v per voxel along x.

use super::Dual;
use super::gradient::{Gradient, thirds_mut};
use crate::image::ImageGrid;
use coincide_kernels::Level;
use coincide_kernels::differences::project_on_ball;
use rayon::prelude::*;
use std::sync::Arc;

/// Total variation on a grid.
pub fn total_variation(grid: &ImageGrid) -> Arc<dyn Dual> {
    Arc::new(TotalVariation { gradient: Gradient::new(grid) })
}

/// Total variation across the gradient of an anatomical image.
pub fn directional_total_variation(grid: &ImageGrid, anatomical: &[f32], eta: f32) -> Arc<dyn Dual> {
    Arc::new(TotalVariation { gradient: Gradient::across(grid, anatomical, eta) })
}

struct TotalVariation {
    gradient: Gradient,
}

impl Dual for TotalVariation {
    fn value(&self, x: &[f32]) -> f64 {
        let mut field = vec![0.0; self.dual_len()];
        self.forward(x, &mut field);
        let [_, ny, nz] = self.gradient.shape();
        let [zx, zy, zz] = thirds_mut(&mut field).map(|part| part.par_chunks(ny * nz));
        let planes = zx.zip(zy).zip(zz).map(|((zx, zy), zz)| {
            let norms = zx.iter().zip(zy).zip(zz).map(|((x, y), z)| f64::from(x * x + y * y + z * z).sqrt());
            norms.sum::<f64>()
        });
        planes.collect::<Vec<_>>().into_iter().sum()
    }
    fn dual_len(&self) -> usize {
        3 * self.gradient.voxels()
    }
    fn forward(&self, x: &[f32], z: &mut [f32]) {
        self.gradient.forward(x, z);
    }
    fn add_adjoint(&self, z: &[f32], out: &mut [f32]) {
        self.gradient.add_adjoint(1.0, z, out);
    }
    fn prox_conjugate(&self, weight: f32, _: f32, z: &mut [f32]) {
        let (level, [_, ny, nz]) = (Level::best(), self.gradient.shape());
        let [zx, zy, zz] = thirds_mut(z).map(|part| part.par_chunks_mut(ny * nz));
        zx.zip(zy).zip(zz).for_each(|((zx, zy), zz)| project_on_ball(level, weight, [zx, zy, zz]));
    }
    fn norm(&self) -> f64 {
        self.gradient.norm()
    }
}
