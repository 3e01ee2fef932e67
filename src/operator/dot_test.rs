//! The dot-product test: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩.

use super::LinearOperator;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// |⟨A x, y⟩ − ⟨x, Aᵀ y⟩| / (‖A x‖ ‖y‖) for signed noise x and y. Outputs start as NaN, so that an operator that
/// does not overwrite all of its output does not pass. A true adjoint in f32 gives below 1e-6.
pub fn dot_test(operator: &dyn LinearOperator, seed: u64) -> f64 {
    let x = signed_noise(operator.domain(), seed);
    let y = signed_noise(operator.range(), seed.wrapping_add(1));
    let (mut ax, mut aty) = (vec![f32::NAN; y.len()], vec![f32::NAN; x.len()]);
    operator.forward(&x, &mut ax);
    operator.adjoint(&y, &mut aty);
    (dot(&ax, &y) - dot(&x, &aty)).abs() / (dot(&ax, &ax) * dot(&y, &y)).sqrt()
}

fn signed_noise(shape: &[usize], seed: u64) -> Vec<f32> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    (0..shape.iter().product()).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| a as f64 * b as f64).sum()
}
