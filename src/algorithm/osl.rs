//! One step late: EM with the prior's gradient at the last image (Green 1990, IEEE TMI 9(1), 84–93).
//!
//! It is simple and fast for weak priors. It need not converge, and for strong ones it does not.

use super::arithmetic::each;
use super::drive::holds_image;
use super::em::EmStep;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::sensitivity::SubsetSensitivities;
use super::table::{AlgorithmTable, Footprint, Method, Sensitivities, one};
use super::waiting::Waiting;
use super::{Algorithm, Count, StartConfig, Step, Unfit};
use crate::prior::{Capability, Prior};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The prior may take at most this share of the denominator, which would otherwise reach 0.
const LARGEST_SHARE: f32 = 0.9;

/// x ← e d / (d + (β / K) ∇R(x)) with EM's step e of the subset and its weight d (`em`), which is sₖ where the subset
/// sees enough: x ← x ⊙ Bᵀ Gₖᵀ \[m ⊙ y / ȳ\] / (sₖ + (β / K) ∇R(x)).
///
/// With a denoiser M instead of an R, ∇R(x) is s (x − M x) / M x: the median root prior where M is a median
/// (Alenius & Ruotsalainen 1997, Eur. J. Nucl. Med. 24, 258–265).
pub struct Osl {
    objective: Arc<Objective>,
    image: Vec<f32>,
    back: Vec<f32>,
    prior: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    count: Count,
}

impl Osl {
    /// Starts from `start`, or from a uniform image.
    pub fn new(objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&OslConfig::entry())?;
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let sensitivities = objective.sensitivities();
        let image = objective.start(start)?;
        let (back, prior) = (zeros(image.len()), zeros(image.len()));
        Ok(Self {
            objective: objective.clone(),
            image,
            back,
            prior,
            sensitivities,
            waiting,
            count: Count::new(objective.subsets()),
        })
    }
}

impl Algorithm for Osl {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.objective.subsets());
        let (k, model, beta) = (self.count.subset(), self.objective.model(), self.objective.beta() as f32);
        model.back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, model);
        match self.objective.prior() {
            Prior::Denoiser(denoiser) => {
                denoiser.denoise(&self.image, &mut self.prior);
                let slope = |m: f32, [x, s, least]: [f32; 3]| match m > 0.0 {
                    true => beta * em.ratio(0.0, s, least).1 * (x - m) / m,
                    false => 0.0,
                };
                each(&mut self.prior, [&self.image, s, least], slope);
            }
            _ => self.objective.prior_share(&self.image, &mut self.prior),
        }
        each(&mut self.image, [&self.back, s, least, &self.prior], |x, [back, s, least, slope]| {
            let (e, d) = em.at(x, back, s, least);
            if d > 0.0 { e * (d / (d + slope.max(-LARGEST_SHARE * d))) } else { 0.0 }
        });
        self.waiting.follow(&mut self.image, [s, least]);
        self.count.subset_done()
    }

    holds_image!(image);
}

/// `[algorithm.osl]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OslConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

impl AlgorithmTable for OslConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "osl",
            summary: "EM with the prior one step late (Green 1990).",
            formula: "x ← x / (sₖ + (β / K) ∇R(x)) ⊙ Aₖᵀ(yₖ / ȳₖ)",
            citation: "Green 1990, IEEE Trans. Med. Imaging 9:84",
            carries: &[Capability::Smooth, Capability::Denoiser],
            alone: true,
            examples: &["subsets = 3\niterations = 2"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(self.subsets, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        false
    }

    fn footprint(&self, _: Option<Capability>) -> Footprint {
        let (iterations, updates) = (self.iterations as f64, (self.iterations * self.subsets) as f64);
        Footprint {
            images: 3,
            sensitivities: Sensitivities::AsRoomIs,
            passes: iterations,
            evaluations: updates,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Osl::new(objective, start)?))
    }
}
