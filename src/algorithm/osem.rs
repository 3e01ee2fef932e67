//! OSEM (Hudson & Larkin 1994, IEEE TMI 13(4), 601–609); one subset is MLEM (Shepp & Vardi 1982, IEEE TMI 1(2), 113–122).

use super::arithmetic::each;
use super::sensitivity::{SubsetSensitivities, sensitivities};
use super::start::uniform_start;
use super::{Algorithm, Count, Step};
use crate::likelihood::{Model, Scratch};
use coincide_kernels::zeros;

/// x ← x / sₖ ⊙ Bᵀ Gₖᵀ \[m ⊙ y / (m ⊙ Gₖ B x + b)\], subset after subset.
pub struct Osem<'a> {
    model: &'a Model<'a>,
    image: Vec<f32>,
    back: Vec<f32>,
    sensitivities: SubsetSensitivities,
    scratch: Scratch,
    count: Count,
}

impl<'a> Osem<'a> {
    /// Starts from `start`, or from a uniform image with the counts of the measurement.
    pub fn new(model: &'a Model<'a>, start: Option<Vec<f32>>) -> Self {
        let (total, sensitivities) = sensitivities(model);
        let start = start.unwrap_or_else(|| uniform_start(model, &total));
        let voxels = model.grid().voxels();
        assert_eq!(start.len(), voxels, "start image does not have the shape {:?}", model.grid().shape);
        let mut image = zeros(voxels);
        image.copy_from_slice(&start);
        let (scratch, count) = (model.scratch(), Count::new(model.subsets()));
        Self { model, image, back: total, sensitivities, scratch, count }
    }

    /// How many subsets have their sensitivity kept in memory in full, and how many in 16 bits. The others' is worked out again
    /// for every update.
    pub fn sensitivities_kept(&self) -> (usize, usize) {
        self.sensitivities.kept()
    }
}

impl Algorithm for Osem<'_> {
    fn update(&mut self) -> Step {
        let k = self.count.subset();
        self.model.back_quotient(k, &self.image, &mut self.scratch, &mut self.back);
        let sensitivity = self.sensitivities.of(k, self.model, &mut self.scratch);
        each(&mut self.image, [&self.back, sensitivity], |x, [back, s]| if s > 0.0 { x * (back / s) } else { 0.0 });
        self.count.subset_done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
