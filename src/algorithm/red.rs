//! Regularisation by denoising (Romano, Elad & Milanfar 2017, SIAM J. Imaging Sci. 10(4), 1804–1844), over ordered
//! subsets.

use super::arithmetic::each;
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::kkt::mean_inside;
use super::objective::Objective;
use super::preconditioner::FLOOR;
use super::pull::{DenoiseEvery, denoiser, pull, weight};
use super::relaxation::Relaxation;
use super::table::{AlgorithmTable, Footprint, Method, one};
use super::{Algorithm, Count, StartConfig, Step, Unfit, relaxation};
use crate::prior::Capability;
use crate::units::{NonNegative, Positive};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    ) -> Result<Self, Unfit> {
        objective.fits(&RedConfig::entry())?;
        let image = objective.start(start)?;
        let gamma = weight(objective, &image);
        let (denoised, gradient) = (zeros(image.len()), zeros(image.len()));
        let count = Count::new(objective.subsets());
        Ok(Self { objective: objective.clone(), relaxation, every, gamma, image, denoised, gradient, count })
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

    holds_image!(image);

    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        Some(pull(&self.objective, self.gamma, &self.image))
    }
}

/// `[algorithm.red]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Step of the first iteration, in steps of EM shortened by the pull.
    #[serde(default = "relaxation::unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "relaxation::twentieth")]
    pub relaxation_decay: NonNegative,
    /// When D is run: before each "iteration" or each "update".
    #[serde(default)]
    pub denoise_every: DenoiseEvery,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for RedConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "red",
            summary: "Regularisation by denoising (Romano et al. 2017).",
            formula: "x ← P₊(x + λₙ K d (∇Lₖ(x) − (γ / K) (x − D(x))))",
            citation: "Romano, Elad & Milanfar 2017, SIAM J. Imaging Sci. 10:1804",
            carries: &[Capability::Denoiser],
            alone: false,
            examples: &["iterations = 3", "subsets = 4\niterations = 2\ndenoise_every = \"update\""],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(self.subsets, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        false
    }

    fn footprint(&self, _: Option<Capability>) -> Footprint {
        let evaluations = self.denoise_every.runs(self.iterations, self.subsets);
        Footprint { images: 4, passes: self.iterations as f64, evaluations, ..Footprint::default() }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Red::new(
            objective,
            Relaxation::of(self.relaxation, self.relaxation_decay),
            self.denoise_every,
            start,
        )?))
    }
}
