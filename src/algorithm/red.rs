//! Regularisation by denoising (Romano, Elad & Milanfar 2017, SIAM J. Imaging Sci. 10(4), 1804–1844), over ordered
//! subsets.

use super::arithmetic::each;
use super::kkt::mean_inside;
use super::objective::Objective;
use super::preconditioner::FLOOR;
use super::pull::{DenoiseEvery, denoiser, pull, weight};
use super::relaxation::Relaxation;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;
use std::sync::Arc;

/// x ← P₊(x + λₙ K d (∇Lₖ(x) − (γ / K) (x − D(x)))).
///
/// 1 / d = s / (x + δ) + 2 γ: the step of EM, shortened so that the pull of a D that enlarges no difference cannot
/// overshoot. A fixed point is one of plug-and-play EM too; the way there differs.
pub struct Red {
    objective: Arc<Objective>,
    relaxation: Relaxation,
    every: DenoiseEvery,
    gamma: f32,
    image: Vec<f32>,
    /// D(x)
    denoised: Vec<f32>,
    gradient: Vec<f32>,
    count: Count,
}

impl Red {
    /// Starts from `start`, or from a uniform image. The prior must be a denoiser.
    pub fn new(
        objective: &Arc<Objective>,
        relaxation: Relaxation,
        every: DenoiseEvery,
        start: Option<Vec<f32>>,
    ) -> Self {
        let image = objective.start(start);
        let gamma = weight(objective, &image);
        let (denoised, gradient) = (zeros(image.len()), zeros(image.len()));
        let count = Count::new(objective.subsets());
        Self { objective: objective.clone(), relaxation, every, gamma, image, denoised, gradient, count }
    }
}

impl Algorithm for Red {
    fn update(&mut self) -> Step {
        let (k, subsets) = (self.count.subset(), self.objective.subsets() as f32);
        if self.every.before(k) {
            denoiser(&self.objective).denoise(&self.image, &mut self.denoised);
        }
        self.objective.data_gradient(k, &self.image, &mut self.gradient);
        let s = self.objective.sensitivity();
        let delta = (FLOOR * mean_inside(&self.image, s)) as f32;
        let (gamma, lambda) = (self.gamma, self.relaxation.at(self.count.iterations()) * subsets);
        each(&mut self.image, [&self.gradient, &self.denoised, s], |x, [g, z, s]| match s > 0.0 {
            true => {
                let d = 1.0 / (s / (x + delta) + 2.0 * gamma);
                (x + lambda * d * (g - gamma / subsets * (x - z))).max(0.0)
            }
            false => 0.0,
        });
        self.count.subset_done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }

    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        Some(pull(&self.objective, self.gamma, &self.image))
    }
}
