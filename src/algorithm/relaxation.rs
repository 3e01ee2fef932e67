//! Steps that shrink, as convergence over subsets needs them.

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
    /// λ of a full iteration.
    pub fn at(&self, iteration: usize) -> f32 {
        (self.first / (1.0 + self.decay * iteration as f64)) as f32
    }
}
