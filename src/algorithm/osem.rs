//! OSEM (Hudson & Larkin 1994, IEEE TMI 13(4), 601–609); one subset is MLEM (Shepp & Vardi 1982, IEEE TMI 1(2),
//! 113–122).

use super::arithmetic::each;
use super::em::EmStep;
use super::sensitivity::{SubsetSensitivities, sensitivities};
use super::start::uniform_start;
use super::waiting::Waiting;
use super::{Algorithm, Count, Step};
use crate::likelihood::Model;
use coincide_kernels::zeros;

/// x ← x / sₖ ⊙ Bᵀ Gₖᵀ \[m ⊙ y / (m ⊙ Gₖ B x + b)\], subset after subset; what a subset hardly sees, it hardly moves
/// (`em`).
pub struct Osem {
    model: Model,
    image: Vec<f32>,
    back: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    count: Count,
}

impl Osem {
    /// Starts from `start`, or from a uniform image with the counts of the measurement.
    pub fn new(model: &Model, start: Option<Vec<f32>>) -> Self {
        let waiting = Waiting::new(model.grid().shape, start.is_none());
        let (start, sensitivities) = sensitivities(model, |total| start.unwrap_or_else(|| uniform_start(model, total)));
        let voxels = model.grid().voxels();
        assert_eq!(start.len(), voxels, "start image does not have the shape {:?}", model.grid().shape);
        let mut image = zeros(voxels);
        image.copy_from_slice(&start);
        let (model, count) = (model.clone(), Count::new(model.subsets()));
        Self { model, image, back: zeros(voxels), sensitivities, waiting, count }
    }

    /// How many subsets have their sensitivity kept in memory in full, and how many in 16 bits. The others' is worked
    /// out again for every update.
    pub fn sensitivities_kept(&self) -> (usize, usize) {
        self.sensitivities.kept()
    }
}

impl Algorithm for Osem {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.model.subsets());
        let k = self.count.subset();
        self.model.back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, &self.model);
        each(&mut self.image, [&self.back, s, least], |x, [back, s, least]| em.at(x, back, s, least).0);
        self.waiting.follow(&mut self.image, [s, least]);
        self.count.subset_done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
