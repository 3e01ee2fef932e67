//! Stochastic variance-reduced Newton (Dereziński 2022, arXiv:2206.02702), with the local model of proximal Newton. Converges to the
//! maximum of Φ.
//!
//!   x ← argmax over z ≥ 0 of g·(z − x) − ½ (z − x)ᵀ A (z − x) − β R(z),
//!
//! g is ∇L(x) in the first update of an iteration, which makes x the anchor x̃, and K (∇Lₖ(x) − ∇Lₖ(x̃)) + ∇L(x̃) in the others. The
//! model is only roughly right, and a part of the data is enough to see where it led. A learns from anchor to anchor.

use super::arithmetic::{add, each};
use super::ascent::keeps;
use super::kkt::mean_inside;
use super::local_model::{Curvature, Effort, MEMORY};
use super::objective::{Objective, Work};
use super::quasi_newton::QuasiNewton;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;

/// A over the response: steps by a part of the data must not overshoot where the response is too small.
const STIFFNESS: f32 = 1.2;

/// Part of its activity that an image must keep from one anchor to the next.
const LEAST_ACTIVITY: f64 = 0.1;

const EFFORT: Effort = Effort { left: 0.1, most_steps: 16 };

/// x ← the maximum of the model around x. Where Φ fell from one anchor to the next, the next update starts from the one before,
/// with a larger A. Besides A, which grows to 24 images, and the K gradients at the anchor, an update takes about 20.
pub struct Svrn<'a> {
    objective: &'a Objective<'a>,
    image: Vec<f32>,
    anchor: Option<Anchor>,
    curvature: Curvature,
    /// The subset that is looked at next.
    next: usize,
    /// What the ascents since the anchor was taken learnt of the model.
    known: QuasiNewton,
    work: Work,
    count: Count,
}

/// x̃, with Φ, ∇L and ∇Lₖ there.
struct Anchor {
    image: Vec<f32>,
    value: f64,
    gradient: Vec<f32>,
    parts: Vec<Vec<f32>>,
}

impl<'a> Svrn<'a> {
    /// Starts from `start`, or from a uniform image. With one subset every update is an anchor.
    pub fn new(objective: &'a Objective<'a>, start: Option<Vec<f32>>) -> Self {
        let (image, mut count) = (objective.start(start), Count::new(objective.subsets()));
        let curvature = fresh(objective, &image, &mut count);
        let (work, known) = (objective.work(), QuasiNewton::new(MEMORY));
        Self { objective, image, anchor: None, curvature, next: 0, known, work, count }
    }

    /// g at the image.
    fn gradient(&mut self) -> Vec<f32> {
        let (first, subsets) = (self.count.subset() == 0, self.objective.subsets());
        let anchor = match self.anchor.take() {
            Some(anchor) if !first => anchor,
            last => self.next_anchor(last),
        };
        let mut g = anchor.gradient.clone();
        if !first {
            let (k, mut now) = (self.next, zeros(g.len()));
            self.next = (k + 1) % subsets;
            self.objective.data_gradient(k, &self.image, &mut self.work, &mut now);
            self.count.projected(1);
            each(&mut g, [&now, &anchor.parts[k]], |g, [now, then]| g + subsets as f32 * (now - then));
        }
        self.anchor = Some(anchor);
        g
    }

    /// The image as the anchor, or the last one where that was better.
    fn next_anchor(&mut self, last: Option<Anchor>) -> Anchor {
        let anchor = self.anchor_here();
        self.known.forget();
        let Some(last) = last else { return anchor };
        let (mut step, mut change) = (anchor.image.clone(), last.gradient.clone());
        each(&mut step, [&last.image], |after, [before]| after - before);
        each(&mut change, [&anchor.gradient], |before, [after]| before - after);
        self.curvature.learn(&step, change);
        // A model is no guide to where L is not defined, because counted bins are left without activity.
        let activity = |image: &[f32]| mean_inside(image, self.objective.sensitivity());
        let defined = activity(&anchor.image) >= LEAST_ACTIVITY * activity(&last.image);
        let anchor = if defined && keeps(last.value, anchor.value) {
            anchor
        } else {
            self.image.copy_from_slice(&last.image);
            self.curvature.stiffen(2.0);
            last
        };
        if self.curvature.full() {
            self.curvature = fresh(self.objective, &self.image, &mut self.count);
        }
        anchor
    }

    fn anchor_here(&mut self) -> Anchor {
        let (mut gradient, mut value) = (zeros(self.image.len()), -self.objective.penalty(&self.image));
        let mut part = |k| {
            let mut part = zeros(gradient.len());
            value += self.objective.data_gradient(k, &self.image, &mut self.work, &mut part);
            add(&mut gradient, 1.0, &part);
            part
        };
        let parts = (0..self.objective.subsets()).map(&mut part).collect();
        self.count.passed(1.0);
        Anchor { image: self.image.clone(), value, gradient, parts }
    }
}

impl Algorithm for Svrn<'_> {
    fn update(&mut self) -> Step {
        let g = self.gradient();
        self.image = self.curvature.climb(self.objective, &self.image, &g, &mut self.known, EFFORT);
        self.count.done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}

/// A at an image, a little too large.
fn fresh(objective: &Objective, x: &[f32], count: &mut Count) -> Curvature {
    let (mut curvature, passes) = Curvature::new(objective, x);
    curvature.stiffen(STIFFNESS);
    count.passed(passes);
    curvature
}
