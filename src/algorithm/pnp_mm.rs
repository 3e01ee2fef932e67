//! Plug-and-play EM: De Pierro's update with a denoiser in place of the prior.
//!
//! With L = 1 it is the update of unrolled networks (Mehranian & Reader 2021, IEEE TRPMS 5(1), 54–64). Where x − D(x)
//! is the gradient of a function R with Lipschitz constant L and K = 1, L(x) − γ R(x) never falls (majorisation and
//! minimisation: Modrzyk, Etxebeste, Bretin & Maxim 2026, arXiv:2603.24156); for other denoisers nothing is certain.

use super::arithmetic::each;
use super::em::EmStep;
use super::objective::Objective;
use super::pull::{DenoiseEvery, denoiser, pull, weight};
use super::sensitivity::SubsetSensitivities;
use super::waiting::Waiting;
use super::{Algorithm, Count, Step};
use coincide_kernels::{fusion::fuse, zeros};
use std::sync::Arc;

/// z = x − (x − D(x)) / L,   x ← fuse(e, z, L γ / K, d), with EM's step e of the subset and its weight d (`em`).
pub struct PnpMm {
    objective: Arc<Objective>,
    lipschitz: f32,
    every: DenoiseEvery,
    /// γ; none during the first iteration from a uniform image, which has no scale and nothing to denoise: that is
    /// OSEM.
    gamma: Option<f32>,
    image: Vec<f32>,
    back: Vec<f32>,
    target: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    count: Count,
}

impl PnpMm {
    /// Starts from `start`, or from a uniform image. The prior must be a denoiser.
    pub fn new(objective: &Arc<Objective>, lipschitz: f64, every: DenoiseEvery, start: Option<Vec<f32>>) -> Self {
        let uniform = start.is_none();
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let sensitivities = objective.sensitivities();
        let image = objective.start(start);
        let gamma = (!uniform).then(|| weight(objective, &image));
        let (back, target) = (zeros(image.len()), zeros(image.len()));
        let count = Count::new(objective.subsets());
        let lipschitz = lipschitz as f32;
        Self {
            objective: objective.clone(),
            lipschitz,
            every,
            gamma,
            image,
            back,
            target,
            sensitivities,
            waiting,
            count,
        }
    }

    /// z = x − (x − D(x)) / L
    fn aim(&mut self) {
        denoiser(&self.objective).denoise(&self.image, &mut self.target);
        let share = 1.0 / self.lipschitz;
        each(&mut self.target, [&self.image], |z, [x]| x + share * (z - x));
    }
}

impl Algorithm for PnpMm {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.objective.subsets());
        let (k, objective) = (self.count.subset(), self.objective.clone());
        if self.count.iterations() > 0 && self.gamma.is_none() {
            self.gamma = Some(weight(&self.objective, &self.image));
        }
        if self.gamma.is_some() && self.every.before(k) {
            self.aim();
        }
        let gamma = self.gamma.unwrap_or(0.0) * self.lipschitz / self.objective.subsets() as f32;
        objective.model().back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, objective.model());
        each(&mut self.image, [&self.back, s, least, &self.target], |x, [back, s, least, z]| {
            let (e, d) = em.at(x, back, s, least);
            if d > 0.0 { fuse(e, z, gamma, d) } else { 0.0 }
        });
        self.waiting.follow(&mut self.image, [s, least]);
        self.count.subset_done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }

    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        self.gamma.map(|gamma| pull(&self.objective, gamma, &self.image))
    }
}
