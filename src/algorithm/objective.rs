//! What MAP algorithms maximise:
//!
//!   Φ(x) = L(x) − β R(x) over x ≥ 0,   Φₖ(x) = Lₖ(x) − (β / K) R(x),   Φ = Σₖ Φₖ.
//!
//! The prior's weight is shared over the K subsets here and nowhere else. Images are `[x, y, z]`; they are 0, and no
//! gradient is, outside the field of view, which is where all views see and the sensitivity is positive.

use super::arithmetic::{add, each};
use super::sensitivity::{SubsetSensitivities, sensitivities, sensitivity, total};
use super::start::{field_of_view, start_on, uniform_activity, uniform_start};
use super::{AlgorithmEntry, Unfit};
use crate::likelihood::Model;
use crate::prior::Prior;
use coincide_kernels::zeros;
use std::sync::{Arc, OnceLock};

/// Least activity of a voxel where a start has none, over that of a uniform image.
const LEAST_ACTIVITY: f64 = 0.01;

/// Φ of one measurement and one prior.
pub struct Objective {
    model: Model,
    prior: Prior,
    beta: f64,
    /// s = Bᵀ Gᵀ m; 0 outside the field of view. Worked out when it is asked for first.
    sensitivity: OnceLock<Vec<f32>>,
    uniform: OnceLock<f64>,
}

impl Objective {
    /// L − β R.
    pub fn new(model: &Model, prior: &Prior, beta: f64) -> Arc<Self> {
        let (model, prior) = (model.clone(), prior.clone());
        Arc::new(Self { model, prior, beta, sensitivity: OnceLock::new(), uniform: OnceLock::new() })
    }

    /// The model of the measurement.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The prior.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// β
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// K
    pub fn subsets(&self) -> usize {
        self.model.subsets()
    }

    /// s of all subsets together, 0 outside the field of view.
    pub fn sensitivity(&self) -> &[f32] {
        self.sensitivity.get_or_init(|| self.seen(sensitivity(&self.model)))
    }

    /// The sₖ; s is known afterwards, without a back projection of its own.
    pub(super) fn sensitivities(&self) -> SubsetSensitivities {
        sensitivities(&self.model, |s| _ = self.sensitivity.get_or_init(|| self.seen(s.to_vec()))).1
    }

    /// maxₖ sₖ; s is known afterwards, without a back projection of its own.
    pub(super) fn largest_sensitivity(&self) -> Vec<f32> {
        let mut largest = zeros(self.model.grid().voxels());
        let s = total(&self.model, |one| each(&mut largest, [one], |most, [s]| most.max(s)));
        _ = self.sensitivity.get_or_init(|| self.seen(s));
        largest
    }

    /// Whether an algorithm can carry the prior.
    pub(super) fn fits(&self, algorithm: &AlgorithmEntry) -> Result<(), Unfit> {
        Unfit::of(algorithm, self.prior.capability()).map_or(Ok(()), Err)
    }

    /// s where all views see.
    fn seen(&self, mut s: Vec<f32>) -> Vec<f32> {
        let inside = field_of_view(&self.model);
        s.iter_mut().zip(inside).filter(|(_, inside)| !inside).for_each(|(s, _)| *s = 0.0);
        s
    }

    /// The activity of a uniform image with the counts of the measurement.
    pub(super) fn uniform(&self) -> f64 {
        let value = || uniform_activity(&self.model, self.sensitivity(), &field_of_view(&self.model));
        *self.uniform.get_or_init(value)
    }

    /// A first image: the given one, or a uniform one with the counts of the measurement; 0 outside the field of view.
    pub fn start(&self, given: Option<Vec<f32>>) -> Result<Vec<f32>, Unfit> {
        let given = start_on(&self.model, given)?.unwrap_or_else(|| uniform_start(&self.model, self.sensitivity()));
        let mut image = zeros(given.len());
        each(&mut image, [&given, self.sensitivity()], |_, [x, s]| if s > 0.0 { x.max(0.0) } else { 0.0 });
        Ok(image)
    }

    /// An image at which L is finite: at least 1 % of the uniform image's activity everywhere in the field of view, for
    /// starts that make a counted bin impossible.
    pub(super) fn lifted(&self, mut image: Vec<f32>) -> Vec<f32> {
        let least = (LEAST_ACTIVITY * self.uniform()) as f32;
        each(&mut image, [self.sensitivity()], |x, [s]| if s > 0.0 { x.max(least) } else { 0.0 });
        image
    }

    /// β R(x); 0 where there is no R.
    pub fn penalty(&self, x: &[f32]) -> f64 {
        match &self.prior {
            Prior::None | Prior::Denoiser(_) | Prior::Kernel(_) | Prior::Unrolled(_) => 0.0,
            Prior::Smooth(prior) => self.beta * prior.value(x),
            Prior::Dual(prior) => self.beta * prior.value(x),
        }
    }

    /// Φ(x)
    pub fn value(&self, x: &[f32]) -> f64 {
        self.model.log_likelihood(x) - self.penalty(x)
    }

    /// gradient = ∇Φ(x); returns Φ(x). Of a prior without a gradient only the value counts.
    pub fn gradient(&self, x: &[f32], gradient: &mut [f32]) -> f64 {
        let value = self.value_and_data_gradient(x, gradient);
        self.subtract_prior(1.0, x, gradient);
        value
    }

    /// gradient = ∇L(x); returns Φ(x).
    pub fn value_and_data_gradient(&self, x: &[f32], gradient: &mut [f32]) -> f64 {
        gradient.fill(0.0);
        let (mut value, mut part) = (0.0, self.model.system().image());
        for k in 0..self.subsets() {
            value += self.model.gradient(k, x, &mut part);
            add(gradient, 1.0, &part);
        }
        self.inside(gradient);
        value - self.penalty(x)
    }

    /// gradient = ∇Φₖ(x)
    pub fn subset_gradient(&self, k: usize, x: &[f32], gradient: &mut [f32]) {
        self.model.gradient(k, x, gradient);
        self.subtract_prior(self.share(), x, gradient);
    }

    /// gradient = ∇Lₖ(x), the part of ∇Φₖ(x) that differs from subset to subset; returns Lₖ(x).
    pub fn data_gradient(&self, k: usize, x: &[f32], gradient: &mut [f32]) -> f64 {
        let value = self.model.gradient(k, x, gradient);
        self.inside(gradient);
        value
    }

    /// gradient −= β ∇R(x)
    pub fn subtract_prior_gradient(&self, x: &[f32], gradient: &mut [f32]) {
        self.subtract_prior(1.0, x, gradient);
    }

    /// gradient = (β / K) ∇R(x)
    pub fn prior_share(&self, x: &[f32], gradient: &mut [f32]) {
        gradient.fill(0.0);
        if let Prior::Smooth(prior) = &self.prior {
            prior.add_gradient((self.beta * self.share()) as f32, x, gradient);
        }
    }

    /// diagonal = β ∂²R/∂xⱼ²(x); 0 where R has no second derivative.
    pub fn prior_curvature(&self, x: &[f32], diagonal: &mut [f32]) {
        diagonal.fill(0.0);
        if let Prior::Smooth(prior) = &self.prior {
            prior.add_curvature(self.beta as f32, x, diagonal);
        }
    }

    /// diagonal = that of a separable surrogate of (β / K) R at x.
    pub fn surrogate_share(&self, x: &[f32], diagonal: &mut [f32]) {
        diagonal.fill(0.0);
        if let Prior::Smooth(prior) = &self.prior {
            prior.add_surrogate((self.beta * self.share()) as f32, x, diagonal);
        }
    }

    fn share(&self) -> f64 {
        1.0 / self.subsets() as f64
    }

    fn subtract_prior(&self, share: f64, x: &[f32], gradient: &mut [f32]) {
        if let Prior::Smooth(prior) = &self.prior {
            prior.add_gradient((-self.beta * share) as f32, x, gradient);
        }
        self.inside(gradient);
    }

    /// 0 outside the field of view.
    fn inside(&self, gradient: &mut [f32]) {
        each(gradient, [self.sensitivity()], |g, [s]| if s > 0.0 { g } else { 0.0 });
    }
}
