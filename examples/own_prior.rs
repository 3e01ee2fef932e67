//! A prior of one's own: R(x) = ½ Σ (xⱼ − m)² draws every voxel to a known mean m.
//!
//! `Smooth` is all that the algorithms need: value, gradient, curvature, and a bound of it for De Pierro's.

mod common;

use coincide::prelude::*;
use coincide::prior::Smooth;

/// m
struct KnownMean(f32);

impl Smooth for KnownMean {
    fn value(&self, x: &[f32]) -> f64 {
        x.iter().map(|x| 0.5 * f64::from(x - self.0).powi(2)).sum()
    }

    fn add_gradient(&self, weight: f32, x: &[f32], gradient: &mut [f32]) {
        gradient.iter_mut().zip(x).for_each(|(gradient, x)| *gradient += weight * (x - self.0));
    }

    fn add_curvature(&self, weight: f32, _: &[f32], diagonal: &mut [f32]) {
        diagonal.iter_mut().for_each(|diagonal| *diagonal += weight);
    }

    fn add_surrogate(&self, weight: f32, x: &[f32], diagonal: &mut [f32]) {
        self.add_curvature(weight, x, diagonal); // R is quadratic: its own bound
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::new(&common::scan(Vec::new())?, common::grid(), None, 6)?;
    for beta in [0.0, 100.0, 1e4] {
        let objective = Objective::new(&model, &Prior::Smooth(Arc::new(KnownMean(1.0))), beta);
        let mut algorithm = Lbfgs::new(&objective, 5, None)?;
        drive(&mut algorithm, 30, &mut []);
        common::report(&format!("beta {beta}"), algorithm.image());
    }
    Ok(())
}
