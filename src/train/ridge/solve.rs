//! The reconstruction x* = argmin ½ ⟨x, F x⟩ − ⟨g, x⟩ + λ R(x), and linear systems with its curvature.

use super::survey::Survey;
use crate::prior::{Ridge, RidgeModel, Smooth};

/// What is minimised, without g.
pub(super) struct Problem<'a> {
    pub survey: &'a Survey,
    pub ridge: &'a Ridge,
    pub lambda: f32,
    /// Spectrum of F + λ S, where S bounds the curvature of R.
    metric: Vec<f32>,
}

impl<'a> Problem<'a> {
    /// With the regulariser `ridge` of `model` on images of `shape`.
    pub fn new(survey: &'a Survey, ridge: &'a Ridge, model: &RidgeModel, shape: [usize; 3], lambda: f32) -> Self {
        let metric = survey.plus(lambda, &autocorrelation(model, shape));
        Self { survey, ridge, lambda, metric }
    }

    /// x*, by steps (F + λ S)⁻¹ ∇Φ with Nesterov's momentum, which starts anew where it leads uphill
    /// (O'Donoghue & Candès 2015, Found. Comput. Math. 15, 715). Ends where a step is shorter than `tolerance` · ‖x‖.
    pub fn minimum(&self, g: &[f32], tolerance: f64, most: usize) -> Vec<f32> {
        let mut x = self.survey.divided(g, &self.metric);
        let (mut y, mut momentum) = (x.clone(), 1.0_f32);
        for _ in 0..most {
            let mut slope = self.survey.apply(&y);
            slope.iter_mut().zip(g).for_each(|(slope, g)| *slope -= g);
            self.ridge.add_gradient(self.lambda, &y, &mut slope);
            let step = self.survey.divided(&slope, &self.metric);
            let next: Vec<f32> = y.iter().zip(&step).map(|(y, step)| y - step).collect();
            let uphill: f64 = (0..x.len()).map(|j| f64::from(slope[j]) * f64::from(next[j] - x[j])).sum();
            let after = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
            let factor = if uphill > 0.0 { 0.0 } else { (momentum - 1.0) / after };
            momentum = if uphill > 0.0 { 1.0 } else { after };
            y = next.iter().zip(&x).map(|(next, x)| next + factor * (next - x)).collect();
            x = next;
            if dot(&step, &step) <= tolerance * tolerance * dot(&x, &x) {
                break;
            }
        }
        x
    }

    /// w with (F + λ ∇²R(x)) w = e, by conjugate gradients; stops early where the curvature is not positive.
    pub fn solved(&self, x: &[f32], e: &[f32], tolerance: f64, most: usize) -> Vec<f32> {
        let mut w = vec![0.0; e.len()];
        let mut residual = e.to_vec();
        let mut z = self.survey.divided(&residual, &self.metric);
        let (mut p, mut rho) = (z.clone(), dot(&residual, &z));
        let end = tolerance * tolerance * rho;
        for _ in 0..most {
            let mut curved = self.survey.apply(&p);
            self.ridge.add_curvature_product(self.lambda, x, &p, &mut curved);
            let along = dot(&p, &curved);
            if along <= 0.0 || rho <= end {
                break;
            }
            let step = (rho / along) as f32;
            w.iter_mut().zip(&p).for_each(|(w, p)| *w += step * p);
            residual.iter_mut().zip(&curved).for_each(|(r, c)| *r -= step * c);
            z = self.survey.divided(&residual, &self.metric);
            let next = dot(&residual, &z);
            let factor = (next / rho) as f32;
            p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + factor * *p);
            rho = next;
        }
        w
    }
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// The kernel of S = Σ_c s_c W_cᵀ W_c with the greatest slopes s_c, around voxel 0 of an image with periodic borders.
fn autocorrelation(model: &RidgeModel, shape: [usize; 3]) -> Vec<f32> {
    let [_, ky, kz] = model.kernel;
    let mut kernel = vec![0.0; shape.iter().product()];
    let place = |tap: usize| [tap / (ky * kz), tap / kz % ky, tap % kz];
    for (channel, filter) in model.filters.chunks_exact(model.taps()).enumerate() {
        let greatest = model.slopes_of(channel).iter().copied().fold(0.0, f32::max);
        for (a, &wa) in filter.iter().enumerate() {
            for (b, &wb) in filter.iter().enumerate() {
                let [x, y, z] =
                    std::array::from_fn(|axis| (shape[axis] + place(a)[axis] - place(b)[axis]) % shape[axis]);
                kernel[(x * shape[1] + y) * shape[2] + z] += greatest * wa * wb;
            }
        }
    }
    kernel
}
