//! EM of the coefficients of an image in a basis of kernels, x = K α (Wang & Qi 2015, IEEE TMI 34(1), 61–71).

use super::arithmetic::{add, each};
use super::drive::holds_image;
use super::em::{EmStep, least_sensitivity};
use super::objective::Objective;
use super::waiting::Waiting;
use super::{Algorithm, Count, Step, Unfit};
use crate::prior::KernelMatrix;
use coincide_kernels::zeros;
use std::sync::Arc;

/// α ← α / (Kᵀ sₖ) ⊙ Kᵀ Bᵀ Gₖᵀ \[m ⊙ y / ȳ(K α)\],   x = K α: MLEM with one subset, OSEM with more. What a subset
/// hardly sees of a coefficient, it hardly moves (`em`).
pub struct KernelEm {
    objective: Arc<Objective>,
    kernel: Arc<KernelMatrix>,
    coefficients: Vec<f32>,
    image: Vec<f32>,
    back: Vec<f32>,
    quotient: Vec<f32>,
    /// Kᵀ sₖ of all subsets.
    sensitivities: Vec<Vec<f32>>,
    waiting: Waiting,
    least: Vec<f32>,
    count: Count,
}

impl KernelEm {
    /// Starts from the coefficients `start`, or from a uniform image.
    pub fn new(objective: &Arc<Objective>, kernel: &Arc<KernelMatrix>, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let coefficients = objective.start(start)?;
        let (model, kernel, voxels) = (objective.model(), kernel.clone(), coefficients.len());
        let (mut image, mut back) = (zeros(voxels), zeros(voxels));
        kernel.forward(&coefficients, &mut image);
        let mut of_subset = |k| {
            let mut sensitivity = zeros(voxels);
            model.sensitivity(k, &mut back);
            kernel.transpose(&back, &mut sensitivity);
            sensitivity
        };
        let sensitivities: Vec<_> = (0..objective.subsets()).map(&mut of_subset).collect();
        let mut total = zeros(voxels);
        sensitivities.iter().for_each(|one: &Vec<f32>| add(&mut total, 1.0, one));
        let least = least_sensitivity(total, sensitivities.len(), &vec![true; voxels]);
        let (quotient, count) = (zeros(voxels), Count::new(objective.subsets()));
        Ok(Self {
            objective: objective.clone(),
            kernel,
            coefficients,
            image,
            back,
            quotient,
            sensitivities,
            waiting,
            least,
            count,
        })
    }
}

impl Algorithm for KernelEm {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.objective.subsets());
        let k = self.count.subset();
        self.objective.model().back_quotient(k, &self.image, &mut self.back);
        self.kernel.transpose(&self.back, &mut self.quotient);
        let update = |alpha: f32, [q, s, least]: [f32; 3]| em.at(alpha, q, s, least).0;
        each(&mut self.coefficients, [&self.quotient, &self.sensitivities[k], &self.least], update);
        self.waiting.follow(&mut self.coefficients, [&self.sensitivities[k], &self.least]);
        self.kernel.forward(&self.coefficients, &mut self.image);
        self.count.subset_done()
    }

    holds_image!(image);
}
