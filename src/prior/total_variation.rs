//! Isotropic total variation R(x) = Σⱼ ‖(∇x)ⱼ‖ (Rudin, Osher & Fatemi 1992) with ∇ of `gradient.rs`, in the unit of the
//! image; β is per that. Not differentiable: K = ∇, and F* of β R is the indicator of balls of radius β at every voxel,
//! so that its proximal map is a projection (Chambolle & Pock 2011, J. Math. Imaging Vis. 40, 120).
//!
//! *Directional* total variation (Ehrhardt & Betcke 2016, SIAM J. Imaging Sci. 9, 1084) takes K = D ∇, D = I − ξ ξᵀ,
//! ξ = ∇v / √(‖∇v‖² + η²): steps along the gradient of an anatomical image v cost little where v has an edge.
//! η is in the unit of v per voxel along x.

use super::gradient::{Gradient, thirds_mut};
use super::table::{Common, IMAGE, PriorEntry, PriorFootprint, PriorInputs, PriorTable};
use super::{Beta, Capability, Dual, Prior, PriorError};
use crate::image::{ImageGrid, ImageUnit};
use coincide_kernels::Level;
use coincide_kernels::differences::project_on_ball;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Total variation on a grid.
pub fn total_variation(grid: &ImageGrid) -> Arc<dyn Dual> {
    Arc::new(TotalVariation { gradient: Gradient::new(grid) })
}

/// R = Σⱼ ‖D ∇x‖
pub(super) struct TotalVariation {
    pub gradient: Gradient,
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

/// `[prior.total-variation]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotalVariationConfig {
    /// Weight, per unit of the image; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` is meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
}

impl PriorTable for TotalVariationConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "total-variation",
            summary: "Isotropic total variation (Rudin et al. 1992).",
            capability: Capability::Dual,
            learned: false,
            formula: "R = Σⱼ ‖∇x‖",
            unit: IMAGE,
            citation: "Rudin, Osher & Fatemi 1992, Physica D 60:259; Chambolle & Pock 2011, J. Math. Imaging Vis. 40:120",
            examples: &["beta = 1.0"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit)
    }

    fn footprint(&self, _: &ImageGrid) -> PriorFootprint {
        PriorFootprint::default()
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        Ok(Prior::Dual(total_variation(inputs.grid)))
    }
}
