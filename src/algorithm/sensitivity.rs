//! Sensitivities sₖ = Bᵀ Gₖᵀ m of the subsets and their sum s.

use super::arithmetic::add;
use crate::likelihood::{Model, Scratch};
use coincide_kernels::zeros;

/// s
pub(super) fn sensitivity(model: &Model) -> Vec<f32> {
    total(model, None)
}

/// s, and the sₖ for algorithms that divide by them.
pub(super) fn sensitivities(model: &Model) -> (Vec<f32>, SubsetSensitivities) {
    let mut kept = Vec::new();
    let sum = total(model, keeps_sensitivities(model).then_some(&mut kept));
    (sum, SubsetSensitivities { kept, spare: Vec::new() })
}

fn total(model: &Model, mut keep: Option<&mut Vec<Vec<f32>>>) -> Vec<f32> {
    let voxels = model.grid().voxels();
    let mut scratch = model.scratch();
    let (mut total, mut one) = (zeros(voxels), zeros(voxels));
    for subset in 0..model.subsets() {
        model.sensitivity(subset, &mut scratch, &mut one);
        add(&mut total, 1.0, &one);
        if let Some(kept) = &mut keep {
            kept.push(one.clone());
        }
    }
    total
}

/// The sₖ, one image per subset, or worked out again for every update where keeping them would take too much memory.
pub(super) struct SubsetSensitivities {
    kept: Vec<Vec<f32>>,
    spare: Vec<f32>,
}

impl SubsetSensitivities {
    /// Whether they are kept in memory.
    pub fn are_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// sₖ
    pub fn of(&mut self, k: usize, model: &Model, scratch: &mut Scratch) -> &[f32] {
        match self.kept.get(k) {
            Some(kept) => kept,
            None => {
                self.spare.resize(model.grid().voxels(), 0.0);
                model.sensitivity(k, scratch, &mut self.spare);
                &self.spare
            }
        }
    }
}

/// Sensitivities are kept while everything together stays within 1.5 × (measurement + 4 images).
fn keeps_sensitivities(model: &Model) -> bool {
    let measurement = model.measurement();
    let floats = |array: &Option<Vec<f32>>| array.as_ref().map_or(0, Vec::len);
    let bins = measurement.prompts.len();
    let data = bins + floats(&measurement.factors) + floats(&measurement.background);
    let (voxels, subsets) = (model.grid().voxels(), model.subsets());
    // Image, back projection, image between B and G, and one spare for the observers.
    let needed = data + bins / subsets + (4 + subsets) * voxels;
    needed <= (data + 4 * voxels) * 3 / 2
}
