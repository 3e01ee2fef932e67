//! Plug-and-play EM: De Pierro's update with a denoiser in place of the prior.
//!
//! With L = 1 it is the update of unrolled networks (Mehranian & Reader 2021, IEEE TRPMS 5(1), 54–64). Where x − D(x)
//! is the gradient of a function R with Lipschitz constant L and K = 1, L(x) − γ R(x) never falls (majorisation and
//! minimisation: Modrzyk, Etxebeste, Bretin & Maxim 2026, arXiv:2603.24156); for other denoisers nothing is certain.

use super::arithmetic::each;
use super::drive::holds_image;
use super::em::EmStep;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::pull::{DenoiseEvery, denoiser, pull, weight};
use super::sensitivity::SubsetSensitivities;
use super::table::{AlgorithmTable, Footprint, Method, Sensitivities, one};
use super::waiting::Waiting;
use super::{Algorithm, Count, StartConfig, Step, Unfit, relaxation};
use crate::prior::Capability;
use crate::units::Positive;
use coincide_kernels::{fusion::fuse, zeros};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    pub fn new(
        objective: &Arc<Objective>,
        lipschitz: f64,
        every: DenoiseEvery,
        start: Option<Vec<f32>>,
    ) -> Result<Self, Unfit> {
        objective.fits(&PnpMmConfig::entry())?;
        let uniform = start.is_none();
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let sensitivities = objective.sensitivities();
        let image = objective.start(start)?;
        let gamma = (!uniform).then(|| weight(objective, &image));
        let (back, target) = (zeros(image.len()), zeros(image.len()));
        let count = Count::new(objective.subsets());
        let lipschitz = lipschitz as f32;
        Ok(Self {
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
        })
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

    holds_image!(image);

    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        self.gamma.map(|gamma| pull(&self.objective, gamma, &self.image))
    }
}

/// `[algorithm.pnp-mm]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PnpMmConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Lipschitz constant L of x − D(x). 1 pulls to D(x) itself; 2 is safe for every D that enlarges no difference.
    #[serde(default = "relaxation::unit_step")]
    pub lipschitz: Positive,
    /// When D is run: before each "iteration" or each "update".
    #[serde(default)]
    pub denoise_every: DenoiseEvery,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for PnpMmConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "pnp-mm",
            summary: "Plug-and-play EM: De Pierro's update with a denoiser (Mehranian & Reader 2021, Modrzyk et al. 2026).",
            formula: "z = x − (x − D(x)) / L, x ← argmax of EM's surrogate − L γ/2K (x − z)²",
            citation: "Mehranian & Reader 2021, IEEE Trans. Radiat. Plasma Med. Sci. 5:54; Modrzyk et al. 2026, arXiv:2603.24156",
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
        Footprint {
            images: 2,
            sensitivities: Sensitivities::AsRoomIs,
            passes: self.iterations as f64,
            evaluations,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(PnpMm::new(objective, self.lipschitz.get(), self.denoise_every, start)?))
    }
}
