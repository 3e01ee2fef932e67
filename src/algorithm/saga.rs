//! SAGA (Defazio, Bach & Lacoste-Julien 2014, NIPS 27), with the preconditioner and the step rule that won PETRIC
//! (Ehrhardt, Kereta & Schramm 2025, arXiv:2506.04976).

use super::arithmetic::{add, each};
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::preconditioner::{harmonic, moved};
use super::relaxation::Relaxation;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Count, StartConfig, Step, Unfit, relaxation};
use crate::prior::Capability;
use crate::units::{NonNegative, Positive};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// g = K (∇Φₖ(x) − aₖ) + Σ a,   aₖ ← ∇Lₖ(x),   x ← P₊(x + λₙ D g).
///
/// The table a of the last known gradients (K images) is filled by one pass over the data at the first image; its sum
/// is taken anew in every iteration, so that rounding does not pile up. D is `harmonic`; no voxel is more than doubled.
pub struct Saga {
    objective: Arc<Objective>,
    relaxation: Relaxation,
    image: Vec<f32>,
    gradient: Vec<f32>,
    d: Vec<f32>,
    /// δ of D
    delta: f32,
    table: Vec<Vec<f32>>,
    table_sum: Vec<f32>,
    prior: Vec<f32>,
    count: Count,
}

impl Saga {
    /// Starts from `start`, or from a uniform image.
    pub fn new(objective: &Arc<Objective>, relaxation: Relaxation, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&SagaConfig::entry())?;
        let image = objective.start(start)?;
        let voxels = image.len();
        Ok(Self {
            objective: objective.clone(),
            relaxation,
            image,
            gradient: zeros(voxels),
            d: zeros(voxels),
            delta: 0.0,
            table: Vec::new(),
            table_sum: zeros(voxels),
            prior: zeros(voxels),
            count: Count::new(objective.subsets()),
        })
    }

    /// The table at the first image.
    fn fill_table(&mut self) {
        for k in 0..self.objective.subsets() {
            let mut gradient = zeros(self.image.len());
            self.objective.data_gradient(k, &self.image, &mut gradient);
            self.table.push(gradient);
        }
        self.count.projected(self.objective.subsets());
    }
}

impl Algorithm for Saga {
    fn update(&mut self) -> Step {
        let (k, subsets) = (self.count.subset(), self.objective.subsets() as f32);
        if self.table.is_empty() {
            self.fill_table();
        }
        if k == 0 {
            self.delta = harmonic(&self.objective, &self.image, &mut self.d);
            self.table_sum.fill(0.0);
            self.table.iter().for_each(|gradient| add(&mut self.table_sum, 1.0, gradient));
        }
        self.objective.data_gradient(k, &self.image, &mut self.gradient);
        self.prior.fill(0.0);
        self.objective.subtract_prior_gradient(&self.image, &mut self.prior);
        let (lambda, delta) = (self.relaxation.at(self.count.iterations()), self.delta);
        let (known, fresh) = (&mut self.table[k], &self.gradient);
        let step = |x: f32, [d, fresh, known, sum, prior]: [f32; 5]| {
            moved(x, lambda * d * (subsets * (fresh - known) + sum + prior), delta)
        };
        each(&mut self.image, [&self.d, fresh, known, &self.table_sum, &self.prior], step);
        each(&mut self.table_sum, [fresh, known], |sum, [fresh, known]| sum + (fresh - known));
        known.copy_from_slice(fresh);
        self.count.subset_done()
    }

    holds_image!(image);
}

/// `[algorithm.saga]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SagaConfig {
    /// Subsets of interleaved views; must divide the number of views. One image is kept per subset.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Step of the first iteration, in preconditioned steps. Above a third, convergence is not certain far from the
    /// maximum.
    #[serde(default = "relaxation::third")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "relaxation::twentieth")]
    pub relaxation_decay: NonNegative,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for SagaConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "saga",
            summary: "SAGA (Defazio et al. 2014).",
            formula: "g = K (∇Φₖ(x) − aₖ) + Σ a, aₖ ← ∇Lₖ(x), x ← P₊(x + λₙ D g)",
            citation: "Defazio, Bach & Lacoste-Julien 2014, NIPS 27",
            carries: &[Capability::Smooth],
            alone: true,
            examples: &["subsets = 4\niterations = 2"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(self.subsets, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        true
    }

    fn footprint(&self, _: Option<Capability>) -> Footprint {
        let (iterations, updates) = (self.iterations as f64, (self.iterations * self.subsets) as f64);
        Footprint {
            images: self.subsets + 6,
            passes: iterations + 1.0,
            evaluations: updates + iterations,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Saga::new(objective, Relaxation::of(self.relaxation, self.relaxation_decay), start)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::tests::{scan, small_grid};
    use crate::likelihood::Model;
    use crate::prior::Prior;

    /// The sum is that of the table after every update, not only where it is taken anew; and the table is that of the
    /// last visits.
    #[test]
    fn the_sum_follows_the_table() {
        let scan = scan();
        let model = Model::new(&scan, small_grid(), None, 4).unwrap();
        let objective = Objective::new(&model, &Prior::None, 0.0);
        let mut saga = Saga::new(&objective, Relaxation { first: 0.3, decay: 0.0 }, None).unwrap();
        let mut fresh = zeros(small_grid().voxels());
        for update in 0..10 {
            objective.data_gradient(update % 4, &saga.image, &mut fresh);
            saga.update();
            assert!(saga.table[update % 4] == fresh, "update {update}");
            let mut sum = zeros(fresh.len());
            saga.table.iter().for_each(|gradient| add(&mut sum, 1.0, gradient));
            let off: f64 = sum.iter().zip(&saga.table_sum).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            let size: f64 = fresh.iter().map(|g| f64::from(*g).powi(2)).sum();
            assert!(off < 1e-8 * size, "update {update}: {off:e} of {size:e}");
        }
    }
}
