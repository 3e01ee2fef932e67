//! The inverse Hessian of a concave function as its last steps know it: the two-loop recursion of limited-memory BFGS (Nocedal
//! 1980, Math. Comput. 35, 773–782) with a diagonal preconditioner, for x ≥ 0.

use super::arithmetic::{add, dot, each, sum};
use coincide_kernels::zeros;
use std::collections::VecDeque;

/// The last steps.
pub(super) struct QuasiNewton {
    memory: usize,
    pairs: VecDeque<Pair>,
}

/// A step and the change of minus the gradient along it.
struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
    /// 1 / ⟨step, change⟩
    inverse: f64,
}

impl QuasiNewton {
    /// Remembers up to `memory` steps, two images each.
    pub fn new(memory: usize) -> Self {
        Self { memory: memory.max(1), pairs: VecDeque::new() }
    }

    /// Forgets all steps.
    pub fn forget(&mut self) {
        self.pairs.clear();
    }

    /// Learns from a step and the change of minus the gradient along it. Without curvature there is nothing to learn.
    pub fn learn(&mut self, step: Vec<f32>, change: Vec<f32>) {
        let product = dot(&step, &change);
        if product > 0.0 {
            if self.pairs.len() == self.memory {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, inverse: 1.0 / product });
        }
    }

    /// H g on the voxels that are free, with the preconditioner `d` as the first guess of H. Those within `near` of 0 and drawn
    /// there go there, as their bending would mislead all others (Bertsekas 1982, SIAM J. Control Optim. 20(2), 221–246).
    pub fn direction(&self, x: &[f32], g: &[f32], d: &[f32], near: f32) -> Vec<f32> {
        let free = |x: f32, g: f32| g > 0.0 || x > near;
        let mut q = zeros(x.len());
        each(&mut q, [x, g], |_, [x, g]| if free(x, g) { g } else { 0.0 });
        let mut weights = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let weight = pair.inverse * dot(&pair.step, &q);
            add(&mut q, -weight as f32, &pair.change);
            weights.push(weight);
        }
        let scale = self.scale(d) as f32;
        each(&mut q, [d], |q, [d]| scale * d * q);
        for (pair, weight) in self.pairs.iter().zip(weights.iter().rev()) {
            let correction = weight - pair.inverse * dot(&pair.change, &q);
            add(&mut q, correction as f32, &pair.step);
        }
        each(&mut q, [x, g], |q, [x, g]| if free(x, g) { q } else { -x });
        q
    }

    /// What makes the preconditioner right along the last step.
    fn scale(&self, d: &[f32]) -> f64 {
        let Some(last) = self.pairs.back() else { return 1.0 };
        let curvature = sum([&last.change, d], |[y, d]| f64::from(y) * f64::from(d) * f64::from(y));
        if curvature > 0.0 { 1.0 / (last.inverse * curvature) } else { 1.0 }
    }
}
