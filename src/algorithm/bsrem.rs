//! Block-sequential regularised EM (De Pierro & Yamagishi 2001, IEEE TMI 20(4), 280–288; Ahn & Fessler 2003, IEEE TMI
//! 22(5), 613–626). Converges to the maximum of Φ, as λₙ → 0.

use super::arithmetic::each;
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::preconditioner::{em, harmonic, moved};
use super::relaxation::Relaxation;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Count, StartConfig, Step, Unfit, relaxation};
use crate::prior::Capability;
use crate::units::{NonNegative, Positive};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the prior acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BsremVariant {
    /// BSREM-I: after all subsets of an iteration (De Pierro & Yamagishi).
    One,
    /// BSREM-II: with every subset, in a step that is projected on x ≥ 0 (Ahn & Fessler).
    #[default]
    Two,
}

/// BSREM-I: x ← P₊(x + λₙ K D' ∇Lₖ(x)) for all k, then x ← P₊(x − λₙ K D' β ∇R(x)).
/// BSREM-II: x ← P₊(x + λₙ K D(x) ∇Φₖ(x)).
///
/// D = (x + δ) / s is EM's step. D' is shortened by the curvature of the prior (`harmonic`), as nothing in its own half
/// step holds the prior back; both halves take the D' of the iteration's first image, or they would balance elsewhere
/// than at the maximum. No step more than doubles a voxel, which cuts nothing off where steps are short.
pub struct Bsrem {
    objective: Arc<Objective>,
    relaxation: Relaxation,
    variant: BsremVariant,
    image: Vec<f32>,
    gradient: Vec<f32>,
    d: Vec<f32>,
    /// δ of D
    delta: f32,
    count: Count,
}

impl Bsrem {
    /// Starts from `start`, or from a uniform image.
    pub fn new(
        objective: &Arc<Objective>,
        relaxation: Relaxation,
        variant: BsremVariant,
        start: Option<Vec<f32>>,
    ) -> Result<Self, Unfit> {
        objective.fits(&BsremConfig::entry())?;
        let image = objective.start(start)?;
        let (gradient, d) = (zeros(image.len()), zeros(image.len()));
        let count = Count::new(objective.subsets());
        Ok(Self { objective: objective.clone(), relaxation, variant, image, gradient, d, delta: 0.0, count })
    }

    /// x ← P₊(x + λ D g)
    fn step(&mut self, lambda: f32) {
        let delta = self.delta;
        each(&mut self.image, [&self.d, &self.gradient], |x, [d, g]| moved(x, lambda * d * g, delta));
    }
}

impl Algorithm for Bsrem {
    fn update(&mut self) -> Step {
        let k = self.count.subset();
        let lambda = self.relaxation.at(self.count.iterations());
        let of_subset = lambda * self.objective.subsets() as f32;
        match self.variant {
            BsremVariant::Two => {
                self.objective.subset_gradient(k, &self.image, &mut self.gradient);
                self.delta = em(&self.objective, &self.image, &mut self.d);
                self.step(of_subset);
            }
            BsremVariant::One => {
                if k == 0 {
                    self.delta = harmonic(&self.objective, &self.image, &mut self.d);
                }
                self.objective.data_gradient(k, &self.image, &mut self.gradient);
                self.step(of_subset);
                if k + 1 == self.objective.subsets() {
                    self.gradient.fill(0.0);
                    self.objective.subtract_prior_gradient(&self.image, &mut self.gradient);
                    self.step(of_subset);
                }
            }
        }
        self.count.subset_done()
    }

    holds_image!(image);
}

/// `[algorithm.bsrem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BsremConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Step of the first iteration, in EM steps.
    #[serde(default = "relaxation::unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "relaxation::tenth")]
    pub relaxation_decay: NonNegative,
    /// Where the prior acts: "two" with every subset (BSREM-II), "one" after all of them (BSREM-I).
    #[serde(default)]
    pub variant: BsremVariant,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for BsremConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "bsrem",
            summary: "Block-sequential regularised EM (De Pierro & Yamagishi 2001, Ahn & Fessler 2003).",
            formula: "x ← P₊(x + λₙ K (x / s) ∇Φₖ(x))",
            citation: "De Pierro & Yamagishi 2001, IEEE Trans. Med. Imaging 20:280; Ahn & Fessler 2003, ibid. 22:613",
            carries: &[Capability::Smooth],
            alone: true,
            examples: &["subsets = 4\niterations = 2", "subsets = 4\niterations = 2\nvariant = \"one\""],
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
        Footprint { images: 4, passes: iterations, evaluations: updates, ..Footprint::default() }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Bsrem::new(
            objective,
            Relaxation::of(self.relaxation, self.relaxation_decay),
            self.variant,
            start,
        )?))
    }
}
