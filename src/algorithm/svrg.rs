//! Stochastic variance-reduced gradient (Johnson & Zhang 2013, NIPS 26; for PET: Twyman et al. 2023, IEEE TMI 42(1),
//! 29–41), with the preconditioner and the step rule that won PETRIC (Ehrhardt, Kereta & Schramm 2025,
//! arXiv:2506.04976).

use super::arithmetic::{add, each};
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::preconditioner::{harmonic, moved};
use super::relaxation::Relaxation;
use super::table::{AlgorithmTable, Footprint, Method, two};
use super::{Algorithm, Count, StartConfig, Step, Unfit, relaxation};
use crate::prior::Capability;
use crate::units::{NonNegative, Positive};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// g = K (∇Φₖ(x) − ∇Lₖ(x̃)) + ∇L(x̃),   x ← P₊(x + λₙ D g), no voxel more than doubled.
///
/// The anchor x̃ is renewed every few iterations, at the price of a pass over the data; the first update after that
/// uses ∇Φ(x̃) itself. D is `harmonic`. The K gradients at the anchor are kept: K images.
pub struct Svrg {
    objective: Arc<Objective>,
    relaxation: Relaxation,
    /// Full iterations between two anchors.
    anchor_every: usize,
    image: Vec<f32>,
    gradient: Vec<f32>,
    d: Vec<f32>,
    /// δ of D
    delta: f32,
    /// ∇Lₖ(x̃) of all subsets, and their sum.
    anchors: Vec<Vec<f32>>,
    anchor_sum: Vec<f32>,
    count: Count,
}

impl Svrg {
    /// Starts from `start`, or from a uniform image.
    pub fn new(
        objective: &Arc<Objective>,
        relaxation: Relaxation,
        anchor_every: usize,
        start: Option<Vec<f32>>,
    ) -> Result<Self, Unfit> {
        objective.fits(&SvrgConfig::entry())?;
        let image = objective.start(start)?;
        let voxels = image.len();
        Ok(Self {
            objective: objective.clone(),
            relaxation,
            anchor_every: anchor_every.max(1),
            image,
            gradient: zeros(voxels),
            d: zeros(voxels),
            delta: 0.0,
            anchors: vec![zeros(voxels); objective.subsets()],
            anchor_sum: zeros(voxels),
            count: Count::new(objective.subsets()),
        })
    }

    /// All gradients at the current image.
    fn renew_anchor(&mut self) {
        self.anchor_sum.fill(0.0);
        for (k, anchor) in self.anchors.iter_mut().enumerate() {
            self.objective.data_gradient(k, &self.image, anchor);
            add(&mut self.anchor_sum, 1.0, anchor);
        }
        self.count.projected(self.objective.subsets());
    }
}

impl Algorithm for Svrg {
    fn update(&mut self) -> Step {
        let (k, iteration, subsets) = (self.count.subset(), self.count.iterations(), self.objective.subsets() as f32);
        if k == 0 {
            self.delta = harmonic(&self.objective, &self.image, &mut self.d);
        }
        if k == 0 && iteration.is_multiple_of(self.anchor_every) {
            self.renew_anchor();
            self.gradient.copy_from_slice(&self.anchor_sum);
            self.objective.subtract_prior_gradient(&self.image, &mut self.gradient);
        } else {
            self.objective.subset_gradient(k, &self.image, &mut self.gradient);
            let difference = |g: f32, [at_anchor, sum]: [f32; 2]| subsets * (g - at_anchor) + sum;
            each(&mut self.gradient, [&self.anchors[k], &self.anchor_sum], difference);
            self.count.projected(1);
        }
        let (lambda, delta) = (self.relaxation.at(iteration), self.delta);
        each(&mut self.image, [&self.d, &self.gradient], |x, [d, g]| moved(x, lambda * d * g, delta));
        self.count.done()
    }

    holds_image!(image);
}

/// `[algorithm.svrg]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SvrgConfig {
    /// Subsets of interleaved views; must divide the number of views. One image is kept per subset.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets, those for new anchors not counted.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Step of the first iteration, in preconditioned steps.
    #[serde(default = "relaxation::unit_step")]
    pub relaxation: Positive,
    /// How fast the steps shrink: relaxation / (1 + decay · n) in iteration n = 0, 1, …
    #[serde(default = "relaxation::twentieth")]
    pub relaxation_decay: NonNegative,
    /// Full iterations between two anchors, each of which costs one pass more.
    #[serde(default = "two", deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub anchor_every: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for SvrgConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "svrg",
            summary: "Stochastic variance-reduced gradient (Johnson & Zhang 2013).",
            formula: "g = K (∇Φₖ(x) − ∇Lₖ(x̃)) + ∇L(x̃), x ← P₊(x + λₙ D g)",
            citation: "Johnson & Zhang 2013, NIPS 26; Twyman et al. 2023, IEEE Trans. Med. Imaging 42:29",
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
        let anchors = self.iterations.div_ceil(self.anchor_every.max(1)) as f64;
        Footprint {
            images: self.subsets + 5,
            passes: iterations + anchors,
            evaluations: updates + iterations,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Svrg::new(
            objective,
            Relaxation::of(self.relaxation, self.relaxation_decay),
            self.anchor_every,
            start,
        )?))
    }
}

impl SvrgConfig {
    /// Subsets and full iterations; all else as without any key.
    pub fn new(subsets: usize, iterations: usize) -> Self {
        let (relaxation, relaxation_decay, anchor_every) = (relaxation::unit_step(), relaxation::twentieth(), two());
        Self { subsets, iterations, relaxation, relaxation_decay, anchor_every, start: StartConfig::osem() }
    }
}
