//! Plug-and-play ADMM (Venkatakrishnan, Bouman & Wohlberg 2013, IEEE GlobalSIP, 945–948), whose step of the data is a
//! few passes of De Pierro's EM.
//!
//! Where D is the proximal map of a convex R / γ, x converges to the maximum of L − R (Boyd et al. 2011, Found. Trends
//! Mach. Learn. 3(1), 1–122); for other denoisers a fixed point is all that can be hoped for.

use super::arithmetic::each;
use super::drive::holds_image;
use super::em::EmStep;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::pull::{denoiser, weight};
use super::sensitivity::SubsetSensitivities;
use super::table::{AlgorithmTable, Footprint, Method, Sensitivities, one, two};
use super::waiting::Waiting;
use super::{Algorithm, Count, StartConfig, Step, Unfit};
use crate::choice::Conflict;
use crate::prior::Capability;
use coincide_kernels::{fusion::fuse, zeros};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    pub fn new(objective: &Arc<Objective>, passes: usize, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&PnpAdmmConfig::entry())?;
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let sensitivities = objective.sensitivities();
        let image = objective.start(start)?;
        let gamma = weight(objective, &image);
        let [back, dual, mut target] = [(); 3].map(|()| zeros(image.len()));
        denoiser(objective).denoise(&image, &mut target);
        let count = Count::new(objective.subsets());
        Ok(Self {
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
        })
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

    holds_image!(image);

    /// γ μ, which ∇L(x) equals where the iterations stand still.
    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        let (mut pull, gamma) = (zeros(self.dual.len()), self.gamma);
        let inside = |_, [mu, s]: [f32; 2]| if s > 0.0 { gamma * mu } else { 0.0 };
        each(&mut pull, [&self.dual, self.objective.sensitivity()], inside);
        Some(pull)
    }
}

/// `[algorithm.pnp-admm]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PnpAdmmConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Passes over the data between two runs of the denoiser.
    #[serde(default = "two", deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub passes: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for PnpAdmmConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "pnp-admm",
            summary: "Plug-and-play ADMM (Venkatakrishnan et al. 2013).",
            formula: "x ← EM drawn to z − µ, z = D(x + µ), µ ← µ + x − z",
            citation: "Venkatakrishnan, Bouman & Wohlberg 2013, IEEE GlobalSIP:945",
            carries: &[Capability::Denoiser],
            alone: false,
            examples: &["iterations = 4"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(self.subsets, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        false
    }

    fn footprint(&self, _: Option<Capability>) -> Footprint {
        let iterations = self.iterations as f64;
        let evaluations = iterations / self.passes.max(1) as f64 + 1.0;
        Footprint {
            images: 3,
            sensitivities: Sensitivities::AsRoomIs,
            passes: iterations,
            evaluations,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(PnpAdmm::new(objective, self.passes, start)?))
    }

    fn conflicts(&self) -> Vec<Conflict> {
        let never = Conflict::at("passes", "0 passes never see the data").cure("2 are usual");
        (self.passes == 0).then_some(never).into_iter().collect()
    }
}
