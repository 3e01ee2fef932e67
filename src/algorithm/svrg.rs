//! Stochastic variance-reduced gradient (Johnson & Zhang 2013, NIPS 26; for PET: Twyman et al. 2023, IEEE TMI 42(1),
//! 29–41), with the preconditioner and the step rule that won PETRIC (Ehrhardt, Kereta & Schramm 2025,
//! arXiv:2506.04976).

use super::arithmetic::{add, each};
use super::objective::Objective;
use super::preconditioner::harmonic;
use super::relaxation::Relaxation;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;
use std::sync::Arc;

/// g = K (∇Φₖ(x) − ∇Lₖ(x̃)) + ∇L(x̃),   x ← P₊(x + λₙ D g).
///
/// The anchor x̃ is renewed every few iterations, at the price of a pass over the data; the first update after that
/// uses ∇Φ(x̃) itself. D is `harmonic`. The K gradients at the anchor are kept: K images.
pub struct Svrg {
    objective: Arc<Objective>,
    relaxation: Relaxation,
    /// Full iterations between two anchors.
    anchor_every: usize,
    image: Vec<f32>,
    gradient: Vec<f32>,
    d: Vec<f32>,
    /// ∇Lₖ(x̃) of all subsets, and their sum.
    anchors: Vec<Vec<f32>>,
    anchor_sum: Vec<f32>,
    count: Count,
}

impl Svrg {
    /// Starts from `start`, or from a uniform image.
    pub fn new(
        objective: &Arc<Objective>,
        relaxation: Relaxation,
        anchor_every: usize,
        start: Option<Vec<f32>>,
    ) -> Self {
        let image = objective.start(start);
        let voxels = image.len();
        Self {
            objective: objective.clone(),
            relaxation,
            anchor_every: anchor_every.max(1),
            image,
            gradient: zeros(voxels),
            d: zeros(voxels),
            anchors: vec![zeros(voxels); objective.subsets()],
            anchor_sum: zeros(voxels),
            count: Count::new(objective.subsets()),
        }
    }

    /// All gradients at the current image.
    fn renew_anchor(&mut self) {
        self.anchor_sum.fill(0.0);
        for (k, anchor) in self.anchors.iter_mut().enumerate() {
            self.objective.data_gradient(k, &self.image, anchor);
            add(&mut self.anchor_sum, 1.0, anchor);
        }
        self.count.projected(self.objective.subsets());
    }
}

impl Algorithm for Svrg {
    fn update(&mut self) -> Step {
        let (k, iteration, subsets) = (self.count.subset(), self.count.iterations(), self.objective.subsets() as f32);
        if k == 0 {
            harmonic(&self.objective, &self.image, &mut self.d);
        }
        if k == 0 && iteration.is_multiple_of(self.anchor_every) {
            self.renew_anchor();
            self.gradient.copy_from_slice(&self.anchor_sum);
            self.objective.subtract_prior_gradient(&self.image, &mut self.gradient);
        } else {
            self.objective.subset_gradient(k, &self.image, &mut self.gradient);
            let difference = |g: f32, [at_anchor, sum]: [f32; 2]| subsets * (g - at_anchor) + sum;
            each(&mut self.gradient, [&self.anchors[k], &self.anchor_sum], difference);
            self.count.projected(1);
        }
        let lambda = self.relaxation.at(iteration);
        each(&mut self.image, [&self.d, &self.gradient], |x, [d, g]| (x + lambda * d * g).max(0.0));
        self.count.done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
