//! OSEM (Hudson & Larkin 1994, IEEE TMI 13(4), 601–609); one subset is MLEM (Shepp & Vardi 1982, IEEE TMI 1(2), 113–122).

use super::{Algorithm, Step};
use crate::image::ImageGrid;
use crate::likelihood::{Model, Scratch};
use coincide_kernels::zeros;
use rayon::prelude::*;

/// x ← x / sₖ ⊙ Bᵀ Gₖᵀ \[m ⊙ y / (m ⊙ Gₖ B x + b)\], subset after subset.
pub struct Osem<'a> {
    model: &'a Model<'a>,
    image: Vec<f32>,
    back: Vec<f32>,
    sensitivity: Sensitivity,
    scratch: Scratch,
    updates: usize,
}

/// The sensitivities of the subsets.
enum Sensitivity {
    /// One image per subset.
    Kept(Vec<Vec<f32>>),
    /// Worked out again for every update, where keeping them would take too much memory.
    Recomputed(Vec<f32>),
}

impl<'a> Osem<'a> {
    /// Starts from `start`, or from a uniform image with the counts of the measurement.
    pub fn new(model: &'a Model<'a>, start: Option<Vec<f32>>) -> Self {
        let voxels = model.grid().voxels();
        let mut scratch = model.scratch();
        let (mut total, mut one) = (zeros(voxels), zeros(voxels));
        let mut kept = Vec::new();
        let keep = keeps_sensitivities(model);
        for subset in 0..model.subsets() {
            model.sensitivity(subset, &mut scratch, &mut one);
            total.par_iter_mut().zip(&one).for_each(|(total, one)| *total += one);
            if keep {
                kept.push(one.clone());
            }
        }
        let sensitivity = if keep { Sensitivity::Kept(kept) } else { Sensitivity::Recomputed(one) };
        let start = start.unwrap_or_else(|| uniform_start(model, &total));
        assert_eq!(start.len(), voxels, "start image does not have the shape {:?}", model.grid().shape);
        let mut image = zeros(voxels);
        image.copy_from_slice(&start);
        Self { model, image, back: total, sensitivity, scratch, updates: 0 }
    }

    /// Whether the sensitivities are kept in memory.
    pub fn keeps_sensitivities(&self) -> bool {
        matches!(self.sensitivity, Sensitivity::Kept(_))
    }

    /// The image, when all updates are made.
    pub fn into_image(self) -> Vec<f32> {
        self.image
    }
}

impl Algorithm for Osem<'_> {
    fn update(&mut self) -> Step {
        let subsets = self.model.subsets();
        let k = self.updates % subsets;
        self.model.back_quotient(k, &self.image, &mut self.scratch, &mut self.back);
        let sensitivity = match &mut self.sensitivity {
            Sensitivity::Kept(images) => &images[k],
            Sensitivity::Recomputed(image) => {
                self.model.sensitivity(k, &mut self.scratch, image);
                image
            }
        };
        multiply_divide(&mut self.image, &self.back, sensitivity);
        self.updates += 1;
        let iteration = self.updates.div_ceil(subsets);
        Step { update: self.updates, iteration, subset: k, subsets, seconds: 0.0 }
    }

    fn image(&self) -> &[f32] {
        &self.image
    }
}

/// x ← x ⊙ back / s; 0 where no line of the subset passes.
fn multiply_divide(x: &mut [f32], back: &[f32], sensitivity: &[f32]) {
    const PIECE: usize = 1 << 14;
    let pieces = x.par_chunks_mut(PIECE).zip(back.par_chunks(PIECE)).zip(sensitivity.par_chunks(PIECE));
    pieces.for_each(|((x, back), sensitivity)| {
        for ((x, &back), &s) in x.iter_mut().zip(back).zip(sensitivity) {
            *x = if s > 0.0 { *x * (back / s) } else { 0.0 };
        }
    });
}

/// One value wherever all views see the voxel, such that the image has the net counts of the measurement.
fn uniform_start(model: &Model, sensitivity: &[f32]) -> Vec<f32> {
    let inside = field_of_view(model);
    let measurement = model.measurement();
    let prompts = measurement.total_prompts();
    // Where randoms and scatter are as many as the prompts, some positive start is still needed.
    let net = (prompts - measurement.total_background()).max(0.01 * prompts);
    let seen: f64 = sensitivity.iter().zip(&inside).filter(|(_, inside)| **inside).map(|(&s, _)| s as f64).sum();
    let value = if seen > 0.0 && net > 0.0 { (net / seen) as f32 } else { 0.0 };
    inside.iter().map(|&inside| if inside { value } else { 0.0 }).collect()
}

/// Voxels whose centres lie no farther from the axis than the outermost radial bin.
fn field_of_view(model: &Model) -> Vec<bool> {
    let geometry = &model.measurement().geometry;
    let distance = |radial| geometry.line(0, radial).distance_and_angle().0.abs();
    let radius_mm = distance(0).min(distance(geometry.radial_bins - 1));
    let grid: ImageGrid = model.grid();
    let [_, ny, nz] = grid.shape;
    let inside = |column: usize| {
        let [x, y, _] = grid.centre_mm([column / ny, column % ny, 0]);
        x.hypot(y) <= radius_mm
    };
    (0..grid.voxels()).map(|voxel| inside(voxel / nz)).collect()
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
