//! How well an image explains a measurement, ȳ = m ⊙ G B x + b, and how near it is to the maximum that was looked for.

use super::unseen::Unseen;
use crate::algorithm::{Objective, optimality};

/// What an image says about a measurement and a prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    /// Φ = L − β R with L = Σ y ln ȳ − ȳ, the Poisson log-likelihood without the terms that only hold y.
    pub objective: f64,
    /// β R
    pub penalty: f64,
    /// Trues in the image: Σ m ⊙ G B x, in counts.
    pub counts_in_image: f64,
    /// ‖x⁺ − x‖ / max(‖x‖, ‖x⁺‖), x⁺ = P₊(x + D ∇Φ), D = (x + δ) / s: 0 at the maximum, the relative step of EM
    /// elsewhere.
    pub kkt: f64,
    /// Voxels that no line sees.
    pub unseen: Unseen,
}

/// Compares what the model expects of `image` with the counts; `subgradient` is one of β R where R has no gradient.
pub(super) fn fit(objective: &Objective, image: &[f32], subgradient: Option<&[f32]>) -> Fit {
    let counts_in_image = objective.model().counts_in_image(image);
    let (value, kkt) = optimality(objective, image, subgradient);
    let (grid, field) = (objective.model().grid(), objective.model().measurement().geometry.field_of_view());
    let unseen = Unseen::of(objective.sensitivity(), &grid, &field);
    Fit { objective: value, penalty: objective.penalty(image), counts_in_image, kkt, unseen }
}
