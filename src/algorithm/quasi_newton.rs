//! The inverse Hessian of a concave function as its last steps know it: the two-loop recursion of limited-memory BFGS
//! (Nocedal 1980, Math. Comput. 35, 773–782) with a diagonal preconditioner, for x ≥ 0.

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

    /// H g on the voxels that are free, with the preconditioner `d` as the first guess of H. Those within `near` of 0
    /// and drawn there go there, as their bending would mislead all others (Bertsekas 1982, SIAM J. Control Optim.
    /// 20(2), 221–246).
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

#[cfg(test)]
mod tests {
    use super::*;

    /// −½ c ‖x‖²: along every step the gradient changes by c times the step.
    fn known(steps: &[[f32; 4]], curvature: f32) -> QuasiNewton {
        let mut known = QuasiNewton::new(5);
        steps.iter().for_each(|step| known.learn(step.to_vec(), step.map(|s| curvature * s).to_vec()));
        known
    }

    /// H y = s for the last step s and its change y, whatever the preconditioner, and H is symmetric (Nocedal 1980).
    #[test]
    fn the_inverse_is_symmetric_and_knows_its_last_step() {
        let (step, change) = ([0.2, 1.0, 0.0, -1.0], [0.1, 4.0, 1.0, -2.0]);
        let mut known = QuasiNewton::new(5);
        known.learn(vec![1.0, -2.0, 0.5, 0.0], vec![3.0, -1.0, 2.0, 0.5]);
        known.learn(step.to_vec(), change.to_vec());
        let times = |g: [f32; 4]| known.direction(&[9.0; 4], &g, &[0.3, 2.0, 1.0, 0.7], 0.0);
        for (found, expected) in times(change).iter().zip(step) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        let (u, v) = ([1.0, 0.5, -2.0, 0.3], [-0.4, 1.5, 0.2, 2.0]);
        let [one_way, other_way] = [dot(&u, &times(v)), dot(&v, &times(u))];
        assert!((one_way - other_way).abs() < 1e-5 && one_way > 0.05, "{one_way} {other_way}");
    }

    /// A preconditioner that is wrong by a factor is put right by what one step taught, also across that step.
    #[test]
    fn one_step_sets_the_scale_of_all_others() {
        let known = known(&[[1.0, 1.0, 0.0, 0.0]], 4.0);
        let found = known.direction(&[9.0; 4], &[0.0, 0.0, 8.0, -4.0], &[100.0; 4], 0.0);
        for (found, expected) in found.iter().zip([0.0, 0.0, 2.0, -1.0]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn voxels_next_to_zero_that_are_drawn_there_go_there() {
        let found = known(&[], 1.0).direction(&[0.05, 0.05, 5.0, 0.0], &[-1.0, 1.0, -1.0, 1.0], &[2.0; 4], 0.1);
        assert_eq!(found, [-0.05, 2.0, -2.0, 2.0]);
    }
}
