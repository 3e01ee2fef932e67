//! The Poisson log-likelihood of a measurement, subset by subset.
//!
//! ȳ = m ⊙ (G B x) + b,  L(x) = Σᵢ yᵢ ln ȳᵢ − ȳᵢ  (the constant −ln yᵢ! left out),
//! ∇Lₖ(x) = Bᵀ Gₖᵀ \[m ⊙ y / ȳ\] − sₖ,  sₖ = Bᵀ Gₖᵀ m.
//!
//! Images are `[x, y, z]`, sinograms of a subset `[view of the subset, radial, tof, plane]`. Bins that cannot be seen
//! (ȳ = 0) are left out.

mod derivatives;
mod dual;
mod lines;
mod model;
mod poisson;

pub use model::{Model, Scratch};
pub use poisson::{Bins, log_likelihood, quotient, weight};
