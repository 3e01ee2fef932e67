//! The local model of Φ that both Newton methods climb: the likelihood by its second-order model, prior and bound as
//! they are.

use super::arithmetic::{add, dot, each, sum};
use super::ascent::Ascent;
use super::kkt::{mean_inside, residual};
use super::objective::Objective;
use super::preconditioner::harmonic;
use super::quasi_newton::QuasiNewton;
use super::response::Response;
use coincide_kernels::zeros;

/// Passes over the data that A remembers, two images each.
const LEARNT: usize = 12;

/// Steps that an ascent remembers.
pub(super) const MEMORY: usize = 7;

/// How well a model is climbed: the part of its distance from the maximum that is left, and the most steps.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    pub left: f64,
    pub most_steps: usize,
}

/// A, the curvature of −L: the shift-invariant [`Response`], and what passes over the data have taught about it (BFGS).
pub(super) struct Curvature {
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
    /// A at an image, before anything is learnt, and the passes over the data that it took.
    pub fn new(objective: &Objective, x: &[f32]) -> (Self, f64) {
        let response = Response::new(objective, x);
        let passes = response.passes;
        (Self { response, learnt: Vec::new() }, passes)
    }

    /// Makes the response larger.
    pub fn stiffen(&mut self, factor: f32) {
        self.response.stiffen(factor);
    }

    /// Whether there is no room to learn more.
    pub fn full(&self) -> bool {
        self.learnt.len() == LEARNT
    }

    /// Learns from a step and the change of −∇L along it; false where there was nothing to learn, or no room.
    pub fn learn(&mut self, step: &[f32], change: Vec<f32>) -> bool {
        let mut bent = zeros(step.len());
        self.apply(step, &mut bent);
        let products = [dot(step, &bent), dot(step, &change)];
        let learns = !self.full() && products.iter().all(|&product| product > 0.0);
        if learns {
            self.learnt.push(Learnt { bent, change, inverse: products.map(f64::recip) });
        }
        learns
    }

    /// argmax over z ≥ 0 of g·(z − x) − ½ (z − x)ᵀ A (z − x) − β R(z), nearly. `known` is what earlier ascents have
    /// learnt.
    pub fn climb(
        &self,
        objective: &Objective,
        x: &[f32],
        g: &[f32],
        known: &mut QuasiNewton,
        effort: Effort,
    ) -> Vec<f32> {
        let s = objective.sensitivity();
        let (mut step, mut bent) = (zeros(x.len()), zeros(x.len()));
        let mut model = |z: &[f32], gradient: &mut [f32]| {
            each(&mut step, [z, x], |_, [z, x]| z - x);
            self.apply(&step, &mut bent);
            each(gradient, [g, &bent], |_, [g, bent]| g - bent);
            objective.subtract_prior_gradient(z, gradient);
            let gain = |[step, g, bent]: [f32; 3]| f64::from(step) * (f64::from(g) - 0.5 * f64::from(bent));
            sum([&step, g, &bent], gain) - objective.penalty(z)
        };
        let taken = std::mem::replace(known, QuasiNewton::new(MEMORY));
        let mut ascent = Ascent::new(x.to_vec(), taken, &mut model);
        let first = residual(objective, &ascent.image, &ascent.gradient);
        let (mut d, mut distance) = (zeros(x.len()), first);
        for _ in 0..effort.most_steps {
            harmonic(objective, &ascent.image, &mut d);
            ascent.step(&d, distance, mean_inside(&ascent.image, s), &mut model);
            distance = residual(objective, &ascent.image, &ascent.gradient);
            if distance < effort.left * first {
                break;
            }
        }
        *known = ascent.known;
        ascent.image
    }

    /// out = A q
    fn apply(&self, q: &[f32], out: &mut [f32]) {
        self.response.apply(q, out);
        for Learnt { bent, change, inverse } in &self.learnt {
            let weights = [-inverse[0] * dot(bent, q), inverse[1] * dot(change, q)].map(|weight| weight as f32);
            add(out, weights[0], bent);
            add(out, weights[1], change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::tests::{scan, small_grid};
    use crate::likelihood::Model;
    use crate::prior::Prior;

    /// A p = c after every lesson, and A stays symmetric: what was learnt takes the place of what was wrong.
    #[test]
    fn what_was_learnt_holds_exactly_along_its_step() {
        let scan = scan();
        let model = Model::new(&scan, small_grid(), None, 1).unwrap();
        let objective = Objective::new(&model, &Prior::None, 0.0);
        let x = objective.start(None).unwrap();
        let (mut curvature, _) = Curvature::new(&objective, &x);
        let inside = |seed: usize| {
            let value = |(j, s): (usize, &f32)| if *s > 0.0 { (j * seed % 13) as f32 - 6.0 } else { 0.0 };
            objective.sensitivity().iter().enumerate().map(value).collect::<Vec<f32>>()
        };
        let mut bent = zeros(x.len());
        for seed in [31, 17, 7] {
            let step = inside(seed);
            curvature.apply(&step, &mut bent);
            // Not what A says, and not a multiple of it.
            let change: Vec<f32> = bent.iter().zip(&step).map(|(bent, step)| 1.7 * bent + 0.3 * step).collect();
            assert!(curvature.learn(&step, change.clone()));
            curvature.apply(&step, &mut bent);
            let off: f64 = bent.iter().zip(&change).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            assert!(off < 1e-8 * dot(&change, &change), "{off:e} of {:e}", dot(&change, &change));
        }
        let (a, b, mut of_a) = (inside(5), inside(11), zeros(x.len()));
        curvature.apply(&a, &mut of_a);
        curvature.apply(&b, &mut bent);
        let scale = (dot(&of_a, &of_a) * dot(&b, &b)).sqrt();
        assert!((dot(&of_a, &b) - dot(&bent, &a)).abs() < 1e-5 * scale, "{} {}", dot(&of_a, &b), dot(&bent, &a));
    }
}
