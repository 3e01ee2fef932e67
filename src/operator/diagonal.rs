//! y = m ⊙ x: attenuation, normalisation and calibration factors.

use super::{LinearOperator, check};
use rayon::prelude::*;

/// Multiplication by factors that all TOF bins share: x and y are `[view, radial, tof, plane]`, the factors
/// `[view, radial, plane]`.
pub struct Diagonal<'a> {
    factors: &'a [f32],
    shape: [usize; 4],
}

impl<'a> Diagonal<'a> {
    /// Multiplication of arrays of `shape` by `factors`.
    pub fn new(factors: &'a [f32], shape: [usize; 4]) -> Self {
        check("factors", factors, &[shape[0], shape[1], shape[3]]);
        Self { factors, shape }
    }

    fn apply(&self, from: &[f32], to: &mut [f32]) {
        let [_, _, tof, planes] = self.shape;
        check("input", from, &self.shape);
        check("output", to, &self.shape);
        let lines = to.par_chunks_mut(tof * planes).zip(from.par_chunks(tof * planes));
        lines.zip(self.factors.par_chunks(planes)).for_each(|((to, from), factors)| {
            for (to, from) in to.chunks_mut(planes).zip(from.chunks(planes)) {
                for ((to, from), factor) in to.iter_mut().zip(from).zip(factors) {
                    *to = factor * from;
                }
            }
        });
    }
}

impl LinearOperator for Diagonal<'_> {
    fn domain(&self) -> &[usize] {
        &self.shape
    }
    fn range(&self) -> &[usize] {
        &self.shape
    }
    fn forward(&self, x: &[f32], y: &mut [f32]) {
        self.apply(x, y);
    }
    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        self.apply(y, x);
    }
}
