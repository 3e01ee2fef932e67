//! Relaxed ordered-subset separable paraboloidal surrogates (Ahn & Fessler 2003, IEEE TMI 22(5), 613–626, modified
//! OS-SPS; Erdoğan & Fessler 1999, Phys. Med. Biol. 44(11), 2835–2851).

use super::arithmetic::each;
use super::objective::Objective;
use super::relaxation::Relaxation;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;
use std::sync::Arc;

/// x ← P₊(x + λₙ K ∇Φₖ(x) / (d + β c)).
///
/// d = Bᵀ Gᵀ \[m² y / ȳ² ⊙ (G B 1)\] is worked out once at the first image, c is the curvature of the prior's surrogate
/// there (twice its second derivative where it has none).
pub struct Sps {
    objective: Arc<Objective>,
    relaxation: Relaxation,
    image: Vec<f32>,
    gradient: Vec<f32>,
    step: Vec<f32>,
    count: Count,
}

impl Sps {
    /// Starts from `start`, or from a uniform image.
    pub fn new(objective: &Arc<Objective>, relaxation: Relaxation, start: Option<Vec<f32>>) -> Self {
        let image = objective.start(start);
        let mut step = objective.model().curvature_row_sums(&image);
        let (mut prior, subsets) = (zeros(image.len()), objective.subsets() as f32);
        if objective.surrogate_share(&image, &mut prior) {
            each(&mut step, [&prior, objective.sensitivity()], |d, [c, s]| inverse(d + subsets * c, s));
        } else {
            objective.prior_curvature(&image, &mut prior);
            each(&mut step, [&prior, objective.sensitivity()], |d, [c, s]| inverse(d + 2.0 * c, s));
        }
        let mut count = Count::new(objective.subsets());
        // Two projections and a back projection: more than the half pass of a sensitivity, so they count.
        count.projected(objective.subsets() + objective.subsets().div_ceil(2));
        Self { objective: objective.clone(), relaxation, gradient: zeros(image.len()), image, step, count }
    }
}

/// 1 / d where the voxel is seen.
fn inverse(d: f32, s: f32) -> f32 {
    if s > 0.0 && d > 0.0 { 1.0 / d } else { 0.0 }
}

impl Algorithm for Sps {
    fn update(&mut self) -> Step {
        let k = self.count.subset();
        let lambda = self.relaxation.at(self.count.iterations()) * self.objective.subsets() as f32;
        self.objective.subset_gradient(k, &self.image, &mut self.gradient);
        each(&mut self.image, [&self.step, &self.gradient], |x, [d, g]| (x + lambda * d * g).max(0.0));
        self.count.subset_done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
