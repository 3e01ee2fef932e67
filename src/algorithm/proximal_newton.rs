//! Proximal Newton (Lee, Sun & Saunders 2014, SIAM J. Optim. 24(3), 1420–1443). All data at once; converges to the maximum of Φ.
//!
//! Of the two parts of Φ the prior is cheap and bends sharply, and the likelihood is dear and smooth. So every update
//! replaces the likelihood by its second-order model and maximises the rest as it is, with the bound x ≥ 0, without a
//! projection:
//!
//!   x ← argmax over z ≥ 0 of ∇L(x)·(z − x) − ½ (z − x)ᵀ A (z − x) − β R(z).
//!
//! A starts as the shift-invariant [`Response`] and learns from every pass over the data (BFGS), also from one whose image loses.

use super::arithmetic::{add, dot, each, sum};
use super::ascent::{Ascent, keeps};
use super::kkt::{mean_inside, residual};
use super::objective::{Objective, Work};
use super::preconditioner::harmonic;
use super::quasi_newton::QuasiNewton;
use super::response::Response;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;

/// Steps that the ascent of an update remembers.
const MEMORY: usize = 7;

/// Passes over the data that A remembers, two images each.
const LEARNT: usize = 12;

/// Images that an update tries; every one makes A better.
const TRIALS: usize = 6;

/// Part of its activity that an image must keep in one update.
const LEAST_ACTIVITY: f64 = 0.1;

/// Part of its distance from the maximum that an update's ascent leaves, and the most steps it takes.
const LEFT: f64 = 0.03;
const MOST_STEPS: usize = 20;

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
        let response = Response::new(objective, &image);
        count.passed(1.0 + response.passes);
        let mut data_gradient = zeros(image.len());
        let value = objective.value_and_data_gradient(&image, &mut work, &mut data_gradient);
        let curvature = Curvature { response, learnt: Vec::new() };
        Self { objective, image, data_gradient, value, curvature, work, count }
    }

    /// Takes A anew at the present image.
    fn forget(&mut self) {
        let response = Response::new(self.objective, &self.image);
        self.count.passed(response.passes);
        self.curvature = Curvature { response, learnt: Vec::new() };
    }

    /// The maximum of the model around the image.
    fn maximum(&self) -> Vec<f32> {
        let (objective, s) = (self.objective, self.objective.sensitivity());
        let voxels = self.image.len();
        let (mut step, mut bent) = (zeros(voxels), zeros(voxels));
        let mut model = |x: &[f32], gradient: &mut [f32]| {
            each(&mut step, [x, &self.image], |_, [x, x0]| x - x0);
            self.curvature.apply(&step, &mut bent);
            each(gradient, [&self.data_gradient, &bent], |_, [g, bent]| g - bent);
            objective.subtract_prior_gradient(x, gradient);
            let gain = |[step, g, bent]: [f32; 3]| f64::from(step) * (f64::from(g) - 0.5 * f64::from(bent));
            sum([&step, &self.data_gradient, &bent], gain) - objective.penalty(x)
        };
        let mut ascent = Ascent::new(self.image.clone(), QuasiNewton::new(MEMORY), &mut model);
        let first = residual(&ascent.image, &ascent.gradient, s);
        let (mut d, mut distance) = (zeros(voxels), first);
        for _ in 0..MOST_STEPS {
            harmonic(objective, &ascent.image, &mut d);
            ascent.step(&d, distance, mean_inside(&ascent.image, s), &mut model);
            distance = residual(&ascent.image, &ascent.gradient, s);
            if distance < LEFT * first {
                break;
            }
        }
        ascent.image
    }
}

impl Algorithm for ProximalNewton<'_> {
    fn update(&mut self) -> Step {
        if self.curvature.learnt.len() == LEARNT {
            self.forget();
        }
        let mut gradient = zeros(self.image.len());
        let mut length = 1.0_f32;
        for _ in 0..TRIALS {
            let mut image = self.maximum();
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

/// A: the response, and what passes over the data have taught about it.
struct Curvature {
    response: Response,
    learnt: Vec<Learnt>,
}

/// A step p along which A p was wrong: A ← A − (A p)(A p)ᵀ / pᵀA p + c cᵀ / pᵀc, with c the change of −∇L.
struct Learnt {
    bent: Vec<f32>,
    change: Vec<f32>,
    inverse: [f64; 2],
}

impl Curvature {
    /// out = A q
    fn apply(&self, q: &[f32], out: &mut [f32]) {
        self.response.apply(q, out);
        for Learnt { bent, change, inverse } in &self.learnt {
            let weights = [-inverse[0] * dot(bent, q), inverse[1] * dot(change, q)].map(|weight| weight as f32);
            add(out, weights[0], bent);
            add(out, weights[1], change);
        }
    }

    /// Learns from a step and the change of −∇L along it; false where there was nothing to learn, or no room.
    fn learn(&mut self, step: &[f32], change: Vec<f32>) -> bool {
        let mut bent = zeros(step.len());
        self.apply(step, &mut bent);
        let products = [dot(step, &bent), dot(step, &change)];
        let learns = self.learnt.len() < LEARNT && products.iter().all(|&product| product > 0.0);
        if learns {
            self.learnt.push(Learnt { bent, change, inverse: products.map(f64::recip) });
        }
        learns
    }
}
