//! Steps that shrink, as convergence over subsets needs them.

use crate::units::{NonNegative, Positive};

/// λₙ = first / (1 + decay · n) in full iteration n = 0, 1, 2, … The sum of all λₙ diverges and that of their squares
/// does not, which is what the proofs ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relaxation {
    /// λ₀, in EM steps.
    pub first: f64,
    /// How fast the steps shrink.
    pub decay: f64,
}

impl Relaxation {
    /// Those of a config.
    pub(super) fn of(first: Positive, decay: NonNegative) -> Self {
        Self { first: first.get(), decay: decay.get() }
    }

    /// λ of a full iteration.
    pub fn at(&self, iteration: usize) -> f32 {
        (self.first / (1.0 + self.decay * iteration as f64)) as f32
    }
}

pub(super) fn unit_step() -> Positive {
    Positive::constant(1.0)
}

pub(super) fn tenth() -> NonNegative {
    NonNegative::constant(0.1)
}

/// 1 / 3L, the step of SAGA's proof, in units of a preconditioned step.
pub(super) fn third() -> Positive {
    Positive::constant(1.0 / 3.0)
}

pub(super) fn twentieth() -> NonNegative {
    NonNegative::constant(0.05)
}
