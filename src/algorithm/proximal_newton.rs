//! Proximal Newton (Lee, Sun & Saunders 2014, SIAM J. Optim. 24(3), 1420–1443). All data at once; converges to the maximum of Φ.
//!
//! Of the two parts of Φ the prior is cheap and bends sharply, and the likelihood is dear and smooth. So every update
//! replaces the likelihood by its second-order model and maximises the rest as it is, with the bound x ≥ 0, without a
//! projection:
//!
//!   x ← argmax over z ≥ 0 of ∇L(x)·(z − x) − ½ (z − x)ᵀ A (z − x) − β R(z).
//!
//! A starts as a shift-invariant response and learns from every pass over the data (BFGS), also from one whose image loses.

use super::arithmetic::each;
use super::ascent::keeps;
use super::kkt::mean_inside;
use super::local_model::{Curvature, Effort, MEMORY};
use super::objective::{Objective, Work};
use super::quasi_newton::QuasiNewton;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;

/// Images that an update tries; every one makes A better.
const TRIALS: usize = 6;

/// Part of its activity that an image must keep in one update.
const LEAST_ACTIVITY: f64 = 0.1;

const EFFORT: Effort = Effort { left: 0.03, most_steps: 20 };

/// x ← the maximum of the model around x, or part of the way to it where Φ would fall. Besides A, which grows to 24 images, an
/// update takes about 20.
pub struct ProximalNewton<'a> {
    objective: &'a Objective<'a>,
    image: Vec<f32>,
    /// ∇L and Φ at the image.
    data_gradient: Vec<f32>,
    value: f64,
    curvature: Curvature,
    work: Work,
    count: Count,
}

impl<'a> ProximalNewton<'a> {
    /// Starts from `start`, or from a uniform image. The objective's subsets only keep its work space small.
    pub fn new(objective: &'a Objective<'a>, start: Option<Vec<f32>>) -> Self {
        let (image, mut work, mut count) = (objective.start(start), objective.work(), Count::new(1));
        let (curvature, passes) = Curvature::new(objective, &image);
        count.passed(1.0 + passes);
        let mut data_gradient = zeros(image.len());
        let value = objective.value_and_data_gradient(&image, &mut work, &mut data_gradient);
        Self { objective, image, data_gradient, value, curvature, work, count }
    }

    /// Takes A anew at the present image.
    fn forget(&mut self) {
        let (curvature, passes) = Curvature::new(self.objective, &self.image);
        self.count.passed(passes);
        self.curvature = curvature;
    }
}

impl Algorithm for ProximalNewton<'_> {
    fn update(&mut self) -> Step {
        if self.curvature.full() {
            self.forget();
        }
        let mut gradient = zeros(self.image.len());
        let mut length = 1.0_f32;
        for _ in 0..TRIALS {
            let mut known = QuasiNewton::new(MEMORY);
            let mut image = self.curvature.climb(self.objective, &self.image, &self.data_gradient, &mut known, EFFORT);
            each(&mut image, [&self.image], |after, [before]| before + length * (after - before));
            let value = self.objective.value_and_data_gradient(&image, &mut self.work, &mut gradient);
            self.count.passed(1.0);
            let (mut step, mut change) = (image.clone(), gradient.clone());
            each(&mut step, [&self.image], |after, [before]| after - before);
            each(&mut change, [&self.data_gradient], |after, [before]| before - after);
            let learnt = self.curvature.learn(&step, change);
            // A model is no guide to where L is not defined, because counted bins are left without activity.
            let s = self.objective.sensitivity();
            let defined = mean_inside(&image, s) >= LEAST_ACTIVITY * mean_inside(&self.image, s);
            if defined && keeps(self.value, value) {
                (self.image, self.value) = (image, value);
                std::mem::swap(&mut self.data_gradient, &mut gradient);
                return self.count.done();
            }
            // What was learnt may be enough; where nothing could be, or not enough, a shorter step always gains.
            length /= if learnt { 1.5 } else { 3.0 };
        }
        self.forget();
        self.count.done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
