//! Stochastic variance-reduced Newton (Dereziński 2022, arXiv:2206.02702), with the local model of proximal Newton.
//! Converges to the maximum of Φ.
//!
//!   x ← argmax over z ≥ 0 of g·(z − x) − ½ (z − x)ᵀ A (z − x) − β R(z),
//!
//! g is ∇L(x) in the first update of an iteration, where x is the anchor x̃, and K (∇Lₖ(x) − ∇Lₖ(x̃)) + ∇L(x̃) in the
//! others. The model is only roughly right, and a part of the data is enough to see where it led. A learns from anchor
//! to anchor.
//!
//! At the end of an iteration all data judge where it led: Φ never falls from one anchor to the next. Where it would,
//! the iteration is taken back, and the next one begins with a step of proximal Newton, which is tried until it gains,
//! and goes on with shorter ones. So it is near the border of the field without background: a subset whose lines hardly
//! see the image bends L far more sharply than A knows.

use super::arithmetic::{add, each};
use super::ascent::keeps;
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::local_model::{Curvature, Effort, MEMORY};
use super::newton_step::{Point, first_point, gaining_step, learn};
use super::objective::Objective;
use super::quasi_newton::QuasiNewton;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Count, StartConfig, Step, Unfit};
use crate::prior::Capability;
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A over the response: steps by a part of the data must not overshoot where the response is too small.
const STIFFNESS: f32 = 1.2;

const EFFORT: Effort = Effort { left: 0.1, most_steps: 16 };

/// x ← the maximum of the model around x, or part of the way. Besides A, which grows to 24 images, and the K gradients
/// at the anchor, an update takes about 20.
pub struct Svrn {
    objective: Arc<Objective>,
    image: Vec<f32>,
    /// x̃; never `None` between updates.
    anchor: Option<Point>,
    curvature: Curvature,
    /// The subset that is looked at next.
    next: usize,
    /// What the ascents since the anchor was taken learnt of the model.
    known: QuasiNewton,
    /// Part of the way to the model's maximum that an update goes.
    length: f32,
    /// Whether the last iteration was taken back.
    taken_back: bool,
    count: Count,
}

impl Svrn {
    /// Starts from `start`, or from a uniform image. With one subset every update is an anchor.
    pub fn new(objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&SvrnConfig::entry())?;
        let mut count = Count::new(objective.subsets());
        let at = &mut |image| point_at(objective, image, &mut count);
        let anchor = first_point(objective, objective.start(start)?, at);
        let (image, known) = (anchor.image.clone(), QuasiNewton::new(MEMORY));
        let curvature = fresh(objective, &image, &mut count);
        Ok(Self {
            objective: objective.clone(),
            image,
            anchor: Some(anchor),
            curvature,
            next: 0,
            known,
            length: 1.0,
            taken_back: false,
            count,
        })
    }

    /// g at the image.
    fn gradient(&mut self, anchor: &Point) -> Vec<f32> {
        let (mut g, subsets) = (anchor.gradient.clone(), self.objective.subsets());
        if self.count.subset() > 0 {
            let (k, mut now) = (self.next, zeros(g.len()));
            self.next = (k + 1) % subsets;
            self.objective.data_gradient(k, &self.image, &mut now);
            self.count.projected(1);
            each(&mut g, [&now, &anchor.parts[k]], |g, [now, then]| g + subsets as f32 * (now - then));
        }
        g
    }

    /// x ← part of the way to the maximum of the model.
    fn climb(&mut self, anchor: &Point) {
        let (g, length) = (self.gradient(anchor), self.length);
        let mut image = self.curvature.climb(&self.objective, &self.image, &g, &mut self.known, EFFORT);
        each(&mut image, [&self.image], |after, [before]| before + length * (after - before));
        self.image = image;
    }

    /// The anchor moves on by a step that gains.
    fn moved(&mut self, anchor: Point) -> Point {
        let (objective, count) = (&self.objective, &mut self.count);
        let step =
            gaining_step(objective, &mut self.curvature, &anchor, &mut |image| point_at(objective, image, count));
        let anchor = step.unwrap_or(anchor);
        self.image.copy_from_slice(&anchor.image);
        anchor
    }

    /// The image as the next anchor, or the last one where that was better.
    fn next_anchor(&mut self, last: Point) -> Point {
        let here = point_at(&self.objective, self.image.clone(), &mut self.count);
        self.known.forget();
        self.taken_back = !keeps(last.value, here.value);
        if !self.taken_back {
            learn(&mut self.curvature, &last, &here);
        }
        let anchor = if self.taken_back { last } else { here };
        self.length = if self.taken_back { 0.5 * self.length } else { (2.0 * self.length).min(1.0) };
        self.image.copy_from_slice(&anchor.image);
        if self.curvature.full() {
            self.curvature = fresh(&self.objective, &self.image, &mut self.count);
        }
        anchor
    }
}

impl Algorithm for Svrn {
    fn update(&mut self) -> Step {
        let mut anchor = self.anchor.take().expect("an anchor between updates");
        if self.taken_back && self.count.subset() == 0 {
            anchor = self.moved(anchor);
        } else {
            self.climb(&anchor);
        }
        if self.count.subset() + 1 == self.objective.subsets() && self.image != anchor.image {
            anchor = self.next_anchor(anchor);
        }
        self.anchor = Some(anchor);
        self.count.done()
    }

    holds_image!(image);
}

/// Φ, ∇L and ∇Lₖ at an image.
fn point_at(objective: &Objective, image: Vec<f32>, count: &mut Count) -> Point {
    let (mut gradient, mut value) = (zeros(image.len()), -objective.penalty(&image));
    let part = |k| {
        let mut part = zeros(image.len());
        value += objective.data_gradient(k, &image, &mut part);
        add(&mut gradient, 1.0, &part);
        part
    };
    let parts = (0..objective.subsets()).map(part).collect();
    count.passed(1.0);
    Point { image, value, gradient, parts }
}

/// A at an image, a little too large.
fn fresh(objective: &Objective, x: &[f32], count: &mut Count) -> Curvature {
    let (mut curvature, passes) = Curvature::new(objective, x);
    curvature.stiffen(STIFFNESS);
    count.passed(passes);
    curvature
}

/// `[algorithm.svrn]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SvrnConfig {
    /// Subsets of interleaved views; must divide the number of views. One image is kept per subset; 6 are good where
    /// that leaves 16 views or more.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Iterations of as many updates as there are subsets; each takes nearly two passes over the data.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for SvrnConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "svrn",
            summary: "Stochastic variance-reduced Newton with the same model (Dereziński 2022).",
            formula: "that of proximal-newton with the gradient of a subset, corrected at an anchor x̃",
            citation: "Dereziński 2022, arXiv:2206.02702",
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
        Footprint {
            images: 2 * self.subsets + 25,
            passes: 2.0 * iterations + 2.0,
            evaluations: 20.0 * updates,
            // The model's maximum takes up to 16 steps; what they learn from each other costs as much again.
            convolutions: 35.0 * updates,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Svrn::new(objective, start)?))
    }
}
