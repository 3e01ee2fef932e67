//! The Poisson log-likelihood of a measurement, subset by subset.
//!
//! ȳ = m ⊙ (G A x) + b,  L(x) = Σᵢ yᵢ ln ȳᵢ − ȳᵢ  (the constant −ln yᵢ! left out),
//! ∇Lₖ(x) = Aᵀ Gₖᵀ \[m ⊙ y / ȳ\] − sₖ,  sₖ = Aᵀ Gₖᵀ m.
//!
//! Images are `[x, y, z]`, sinograms of a subset `[view of the subset, radial, tof, plane]`. Bins with ȳ = y = 0 add
//! nothing; where ȳ = 0 < y, L is −∞. Counts that no image at all can explain are found by [`Model::impossible`].

mod derivatives;
mod dual;
mod impossible;
mod lines;
mod model;
mod poisson;

pub use model::Model;
pub use poisson::{Bins, log_likelihood, quotient, weight};
