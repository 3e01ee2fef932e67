//! How well an image explains a measurement, ȳ = m ⊙ G B x + b:
//!
//! - objective: L = Σ y ln ȳ − ȳ, the Poisson log-likelihood without the terms that only hold y;
//! - trues in the image: Σ m ⊙ G B x, in counts;
//! - distance from the maximum: ‖x ⊙ ∇L / s‖ / ‖x‖ with s = Bᵀ Gᵀ m, the relative step that MLEM would take next.

use crate::likelihood::Model;

/// What an image says about a measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    pub objective: f64,
    pub counts_in_image: f64,
    pub kkt: f64,
}

/// Compares what the model expects of `image` with the counts.
pub(super) fn fit(model: &Model, image: &[f32]) -> Fit {
    let mut scratch = model.scratch();
    let objective = model.log_likelihood(image, &mut scratch);
    let counts_in_image = model.counts_in_image(image, &mut scratch);
    let (mut quotient, mut sensitivity) = (vec![0.0; image.len()], vec![0.0; image.len()]);
    let mut part = vec![0.0; image.len()];
    for subset in 0..model.subsets() {
        model.back_quotient(subset, image, &mut scratch, &mut part);
        add(&mut quotient, &part);
        model.sensitivity(subset, &mut scratch, &mut part);
        add(&mut sensitivity, &part);
    }
    Fit { objective, counts_in_image, kkt: relative_step(image, &quotient, &sensitivity) }
}

fn add(sum: &mut [f32], part: &[f32]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
}

/// ∇L / s = quotient / s − 1.
fn relative_step(image: &[f32], quotient: &[f32], sensitivity: &[f32]) -> f64 {
    let (mut step, mut norm) = (0.0, 0.0);
    for ((&x, &q), &s) in image.iter().zip(quotient).zip(sensitivity) {
        if s > 0.0 {
            step += (f64::from(x) * (f64::from(q) / f64::from(s) - 1.0)).powi(2);
            norm += f64::from(x).powi(2);
        }
    }
    if norm > 0.0 { (step / norm).sqrt() } else { 0.0 }
}
