//! Plug-and-play ADMM (Venkatakrishnan, Bouman & Wohlberg 2013, IEEE GlobalSIP, 945–948), whose step of the data is a
//! few passes of De Pierro's EM.
//!
//! Where D is the proximal map of a convex R / γ, x converges to the maximum of L − R (Boyd et al. 2011, Found. Trends
//! Mach. Learn. 3(1), 1–122); for other denoisers a fixed point is all that can be hoped for.

use super::arithmetic::each;
use super::em::EmStep;
use super::objective::Objective;
use super::pull::{denoiser, weight};
use super::sensitivity::SubsetSensitivities;
use super::waiting::Waiting;
use super::{Algorithm, Count, Step};
use coincide_kernels::{fusion::fuse, zeros};
use std::sync::Arc;

/// x ← fuse(e, z − μ, γ / K, d), with EM's step e of a subset and its weight d (`em`), over all subsets k and `passes`
/// times;   z = D(x + μ),   μ ← μ + x − z.
pub struct PnpAdmm {
    objective: Arc<Objective>,
    passes: usize,
    gamma: f32,
    image: Vec<f32>,
    back: Vec<f32>,
    /// μ
    dual: Vec<f32>,
    /// z − μ
    target: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    count: Count,
}

impl PnpAdmm {
    /// Starts from `start`, or from a uniform image, with μ = 0. The prior must be a denoiser.
    pub fn new(objective: &Arc<Objective>, passes: usize, start: Option<Vec<f32>>) -> Self {
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let sensitivities = objective.sensitivities();
        let image = objective.start(start);
        let gamma = weight(objective, &image);
        let [back, dual, mut target] = [(); 3].map(|()| zeros(image.len()));
        denoiser(objective).denoise(&image, &mut target);
        let count = Count::new(objective.subsets());
        Self {
            objective: objective.clone(),
            passes: passes.max(1),
            gamma,
            image,
            back,
            dual,
            target,
            sensitivities,
            waiting,
            count,
        }
    }

    /// z = D(x + μ),   μ ← μ + x − z
    fn split(&mut self) {
        each(&mut self.dual, [&self.image], |mu, [x]| mu + x);
        denoiser(&self.objective).denoise(&self.dual, &mut self.target);
        each(&mut self.dual, [&self.target], |sum, [z]| sum - z);
        each(&mut self.target, [&self.dual], |z, [mu]| z - mu);
    }
}

impl Algorithm for PnpAdmm {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.objective.subsets());
        let (k, model) = (self.count.subset(), self.objective.model());
        let gamma = self.gamma / self.objective.subsets() as f32;
        model.back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, model);
        each(&mut self.image, [&self.back, s, least, &self.target], |x, [back, s, least, target]| {
            let (e, d) = em.at(x, back, s, least);
            if d > 0.0 { fuse(e, target, gamma, d) } else { 0.0 }
        });
        self.waiting.follow(&mut self.image, [s, least]);
        let step = self.count.subset_done();
        if step.ends_iteration() && step.iteration.is_multiple_of(self.passes) {
            self.split();
        }
        step
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }

    /// γ μ, which ∇L(x) equals where the iterations stand still.
    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        let (mut pull, gamma) = (zeros(self.dual.len()), self.gamma);
        let inside = |_, [mu, s]: [f32; 2]| if s > 0.0 { gamma * mu } else { 0.0 };
        each(&mut pull, [&self.dual, self.objective.sensitivity()], inside);
        Some(pull)
    }
}
