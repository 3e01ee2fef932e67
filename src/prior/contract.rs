//! What an algorithm may ask of a prior.

/// R is differentiable.
pub trait Smooth: Send + Sync {
    /// R(x)
    fn value(&self, x: &[f32]) -> f64;
    /// gradient += weight · ∇R(x)
    fn add_gradient(&self, weight: f32, x: &[f32], gradient: &mut [f32]);
    /// diagonal += weight · ∂²R/∂xⱼ²(x)
    fn add_curvature(&self, weight: f32, x: &[f32], diagonal: &mut [f32]);
    /// diagonal += weight · dⱼ of a separable surrogate: R(z) ≤ R(x) + ∇R(x)·(z − x) + ½ Σ dⱼ (zⱼ − xⱼ)² for all z ≥ 0.
    fn add_surrogate(&self, weight: f32, x: &[f32], diagonal: &mut [f32]);
}

/// R(x) = F(K x) with a linear K and an F whose conjugate has a cheap proximal map (total variation and its kin).
pub trait Dual: Send + Sync {
    /// R(x)
    fn value(&self, x: &[f32]) -> f64;
    /// Floats of K x.
    fn dual_len(&self) -> usize;
    /// z = K x
    fn forward(&self, x: &[f32], z: &mut [f32]);
    /// out += Kᵀ z
    fn add_adjoint(&self, z: &[f32], out: &mut [f32]);
    /// z ← prox of σ (weight F)* at z
    fn prox_conjugate(&self, weight: f32, sigma: f32, z: &mut [f32]);
    /// An upper bound of ‖K‖.
    fn norm(&self) -> f64;
}

/// Replaces an image by a likelier one; there may be no R.
pub trait Denoiser: Send + Sync {
    /// out = D(x)
    fn denoise(&self, x: &[f32], out: &mut [f32]);
}
