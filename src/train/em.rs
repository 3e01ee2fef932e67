//! The EM step of a subset as a layer of a network, and its transposed Jacobian.
//!
//! e(x) = x ⊙ ρ,   ρ = max((Bᵀ Gₖᵀ \[m ⊙ y / ȳ\] + d − sₖ) / d, ε),   ȳ = m ⊙ Gₖ B x + b,
//! Jᵀ v = ρ ⊙ v − Bᵀ Gₖᵀ \[m² y / ȳ² ⊙ Gₖ B (x ⊙ v / d)\],
//!
//! d is sₖ where the subset sees enough of a voxel, and α s / K where it does not, as in [`crate::algorithm`]; where ε
//! holds ρ up, the second term is not there.
//!
//! Besides the projection and the back projection of the step itself, Jᵀ v costs one more of each: the line integrals
//! Gₖ B x are kept.

use crate::algorithm::EmStep;
use crate::likelihood::{Model, quotient, weight};
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::sync::Arc;

/// What the step leaves behind for its Jacobian.
pub(super) struct EmRecord {
    /// The image x before the step.
    pub x: Vec<f32>,
    /// ρ; 0 where nothing is seen.
    pub ratio: Vec<f32>,
    /// Gₖ B x
    integrals: Vec<f32>,
}

/// What a subset sees of each voxel.
pub(super) struct Seen {
    step: EmStep,
    /// sₖ and α s / K
    s: Vec<f32>,
    least: Arc<Vec<f32>>,
    /// d; 0 where nothing is seen.
    pub d: Vec<f32>,
}

impl Seen {
    /// From sₖ and α s / K, one of K subsets.
    pub fn new(s: Vec<f32>, least: Arc<Vec<f32>>, subsets: usize) -> Self {
        let step = EmStep::of(subsets);
        let d = s.iter().zip(&*least).map(|(&s, &least)| step.ratio(0.0, s, least).1).collect();
        Self { step, s, least, d }
    }
}

/// The EM step of a subset.
pub(super) fn em(model: &Model, subset: usize, seen: &Seen, x: Vec<f32>) -> EmRecord {
    let (mut integrals, mut ratio) = (zeros(model.system().subset_bins()), zeros(x.len()));
    let mut sinogram = model.system().sinogram();
    model.system().forward(subset, &x, &mut integrals);
    sinogram.copy_from_slice(&integrals);
    model.lines(subset, &mut sinogram, quotient);
    model.system().back(subset, &sinogram, &mut ratio);
    let voxels = ratio.par_iter_mut().zip(&seen.s).zip(&*seen.least);
    voxels.for_each(|((ratio, &s), &least)| *ratio = seen.step.ratio(*ratio, s, least).0);
    EmRecord { x, ratio, integrals }
}

impl EmRecord {
    /// The image e after the step.
    pub fn image(&self) -> Vec<f32> {
        self.x.iter().zip(&self.ratio).map(|(x, ratio)| x * ratio).collect()
    }

    /// Jᵀ v
    pub fn pull_back(&self, model: &Model, subset: usize, seen: &Seen, v: &[f32]) -> Vec<f32> {
        let moves = |d: f32, ratio: f32| d > 0.0 && !seen.step.is_held(ratio);
        let share = |(((&x, &d), &ratio), &v)| if moves(d, ratio) { x * v / d } else { 0.0 };
        let along: Vec<f32> = self.x.par_iter().zip(&seen.d).zip(&self.ratio).zip(v).map(share).collect();
        let mut weights = self.integrals.clone();
        model.lines(subset, &mut weights, weight);
        let mut sinogram = model.system().sinogram();
        model.system().forward(subset, &along, &mut sinogram);
        sinogram.par_iter_mut().zip(&weights).for_each(|(line, weight)| *line *= weight);
        let mut result = along;
        model.system().back(subset, &sinogram, &mut result);
        let ratios = self.ratio.par_iter().zip(v);
        result.par_iter_mut().zip(ratios).for_each(|(result, (ratio, v))| *result = ratio * v - *result);
        result
    }
}
