//! The likelihood's conjugate, for primal-dual algorithms: −L(x) = max over u of Σᵢ uᵢ (A x)ᵢ − L*(u), A = m ⊙ G B.

use super::lines::{AT_LEAST, Unpacked};
use super::model::Model;
use super::poisson::Bins;
use rayon::prelude::*;

impl Model {
    /// u = 1 − y / ȳ(x), the dual variable that belongs to an image; out = Aₖᵀ u = −∇Lₖ(x).
    pub fn dual_of(&self, subset: usize, x: &[f32], u: &mut [f32], out: &mut [f32]) {
        let mut sinogram = self.system.sinogram();
        self.system.forward(subset, x, &mut sinogram);
        let (column, planes) = (self.column(), self.planes());
        let lines = sinogram.par_chunks_mut(column).zip(u.par_chunks_mut(column)).enumerate();
        lines.with_min_len(AT_LEAST).for_each_init(Unpacked::default, |room, (line, (integrals, u))| {
            let bins = self.bins(subset, line, room);
            for (p, (integral, u)) in integrals.iter_mut().zip(u).enumerate() {
                let (y, m, b) = bins.at(p, planes);
                let mean = m * *integral + b;
                *u = if mean > 0.0 { (mean - y) / mean } else { 1.0 };
                *integral = m * *u;
            }
        });
        self.system.back(subset, &sinogram, out);
    }

    /// u ← prox of σ L* at u + σ Aₖ x with σ = step / (Aₖ 1); out = Aₖᵀ of the change of u.
    ///
    /// `lengths` are the line integrals Gₖ B 1. The prox of Σ ȳ − y ln ȳ's conjugate is ½ (v + 1 + σ b − √((v − 1 + σ
    /// b)² + 4 σ y)).
    pub fn dual_step(&self, subset: usize, x: &[f32], step: f32, lengths: &[f32], u: &mut [f32], out: &mut [f32]) {
        let mut sinogram = self.system.sinogram();
        self.system.forward(subset, x, &mut sinogram);
        let (column, planes) = (self.column(), self.planes());
        let lines = sinogram.par_chunks_mut(column).zip(u.par_chunks_mut(column));
        let lines = lines.zip(lengths.par_chunks(column)).enumerate().with_min_len(AT_LEAST);
        lines.for_each_init(Unpacked::default, |room, (line, ((integrals, u), lengths))| {
            ascend(self.bins(subset, line, room), planes, step, lengths, u, integrals);
        });
        self.system.back(subset, &sinogram, out);
    }

    /// Line integrals Gₖ B 1 of an image of ones.
    pub fn lengths(&self, subset: usize) -> Vec<f32> {
        let mut lengths = coincide_kernels::zeros(self.system.subset_bins());
        self.system.forward(subset, &vec![1.0; self.grid().voxels()], &mut lengths);
        lengths
    }
}

/// One dual step on the bins of a line; leaves m times the change of u in place of the line integrals.
fn ascend(bins: Bins, planes: usize, step: f32, lengths: &[f32], u: &mut [f32], integrals: &mut [f32]) {
    for (p, ((integral, u), &length)) in integrals.iter_mut().zip(u).zip(lengths).enumerate() {
        let (y, m, b) = bins.at(p, planes);
        let seen = m * length;
        if seen > 0.0 {
            let sigma = step / seen;
            let v = *u + step * *integral / length;
            let (ahead, behind) = (v + 1.0 + sigma * b, v - 1.0 + sigma * b);
            let root = (behind * behind + 4.0 * sigma * y).sqrt();
            // ahead − root may cancel; the product of both roots is v + σ b − σ y.
            let next = if ahead > 0.0 { 2.0 * (v + sigma * (b - y)) / (ahead + root) } else { 0.5 * (ahead - root) };
            *integral = m * (next - *u);
            *u = next;
        } else {
            *integral = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dual_step_solves_its_equation() {
        // The prox u minimises ½ (u − v)² / σ + L*(u), L*(u) = −b u − y ln(1 − u) + …, so (u − v) / σ − b + y / (1 − u)
        // = 0.
        for (y, m, b, length, x, u0) in [(3.0, 0.5, 1.0, 2.0, 4.0, 0.1), (0.0, 1.0, 0.2, 1.0, 0.5, -0.3)] {
            let (counts, factors, background) = ([y], [m], [b]);
            let bins = Bins { counts: &counts, factors: Some(&factors), background: Some(&background) };
            let (step, mut u, mut integral) = (0.7_f32, [u0], [x]);
            ascend(bins, 1, step, &[length], &mut u, &mut integral);
            let sigma = step / (m * length);
            let v = u0 + sigma * m * x;
            let residual = (u[0] - v) / sigma - b + y / (1.0 - u[0]);
            assert!((residual.abs() < 1e-5 && u[0] < 1.0) || (y == 0.0 && u[0] <= 1.0), "{residual} {}", u[0]);
            assert!((integral[0] - m * (u[0] - u0)).abs() < 1e-6);
        }
    }
}
