//! Relaxed ordered-subset separable paraboloidal surrogates (Ahn & Fessler 2003, IEEE TMI 22(5), 613–626, modified
//! OS-SPS; Erdoğan & Fessler 1999, Phys. Med. Biol. 44(11), 2835–2851).

use super::arithmetic::each;
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::relaxation::Relaxation;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Count, StartConfig, Step, Unfit, relaxation};
use crate::prior::Capability;
use crate::units::{NonNegative, Positive};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// x ← P₊(x + λₙ K ∇Φₖ(x) / (d + β c)).
///
/// d = Bᵀ Gᵀ \[m² y / ȳ² ⊙ (G B 1)\] is worked out once at the first image, c is the curvature of the prior's surrogate
/// there.
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
    pub fn new(objective: &Arc<Objective>, relaxation: Relaxation, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&SpsConfig::entry())?;
        let image = objective.start(start)?;
        let mut step = objective.model().curvature_row_sums(&image);
        let (mut prior, subsets) = (zeros(image.len()), objective.subsets() as f32);
        objective.surrogate_share(&image, &mut prior);
        each(&mut step, [&prior, objective.sensitivity()], |d, [c, s]| inverse(d + subsets * c, s));
        let mut count = Count::new(objective.subsets());
        // Two projections and a back projection: more than the half pass of a sensitivity, so they count.
        count.projected(objective.subsets() + objective.subsets().div_ceil(2));
        Ok(Self { objective: objective.clone(), relaxation, gradient: zeros(image.len()), image, step, count })
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

    holds_image!(image);
}

/// `[algorithm.sps]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpsConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Step of the first iteration, in steps of the surrogate.
    #[serde(default = "relaxation::unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "relaxation::tenth")]
    pub relaxation_decay: NonNegative,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for SpsConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "sps",
            summary: "Relaxed ordered-subset separable paraboloidal surrogates (Ahn & Fessler 2003).",
            formula: "x ← P₊(x + λₙ K ∇Φₖ(x) / (d + β c)), d and c curvatures of surrogates",
            citation: "Ahn & Fessler 2003, IEEE Trans. Med. Imaging 22:613",
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
        Footprint { images: 4, passes: iterations + 1.5, evaluations: updates + 1.0, ..Footprint::default() }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Sps::new(objective, Relaxation::of(self.relaxation, self.relaxation_decay), start)?))
    }
}
