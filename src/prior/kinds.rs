//! A prior, by what it can do.

use super::network::Unrolled;
use super::{Denoiser, Dual, KernelMatrix, Smooth};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// A prior, by what it can do. Clones share it.
#[derive(Clone)]
pub enum Prior {
    /// R = 0.
    None,
    /// A differentiable R.
    Smooth(Arc<dyn Smooth>),
    /// A simple function of a linear map.
    Dual(Arc<dyn Dual>),
    /// Only a map of images.
    Denoiser(Arc<dyn Denoiser>),
    /// A basis of images: x = K α.
    Kernel(Arc<KernelMatrix>),
    /// An image that every EM update is drawn to.
    Unrolled(Arc<Unrolled>),
}

/// Kind of a prior, known from its config alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Capability {
    /// Value, gradient, curvature and a separable surrogate ([`Smooth`]).
    Smooth,
    /// A simple function of a linear map ([`Dual`]).
    Dual,
    /// A map of images ([`Denoiser`]).
    Denoiser,
    /// A basis of images ([`KernelMatrix`]).
    Kernel,
    /// An image that every update is drawn to ([`Unrolled`]).
    Unrolled,
}

impl Prior {
    /// Its kind; `None` where R = 0.
    pub fn capability(&self) -> Option<Capability> {
        match self {
            Self::None => None,
            Self::Smooth(_) => Some(Capability::Smooth),
            Self::Dual(_) => Some(Capability::Dual),
            Self::Denoiser(_) => Some(Capability::Denoiser),
            Self::Kernel(_) => Some(Capability::Kernel),
            Self::Unrolled(_) => Some(Capability::Unrolled),
        }
    }

    /// What an update asks of the prior once, with the results in `out`: the gradient of R, K with its proximal map and
    /// transpose, D(x), K and Kᵀ, or the image that the first stage draws to. For clocks.
    pub fn exercise(&self, x: &[f32], out: &mut [f32]) {
        match self {
            Self::None => (),
            Self::Smooth(prior) => prior.add_gradient(1.0, x, out),
            Self::Dual(prior) => {
                let mut dual = vec![0.0; prior.dual_len()];
                prior.forward(x, &mut dual);
                prior.prox_conjugate(1.0, 1.0, &mut dual);
                prior.add_adjoint(&dual, out);
            }
            Self::Denoiser(prior) => prior.denoise(x, out),
            Self::Kernel(kernel) => {
                let mut image = vec![0.0; x.len()];
                kernel.forward(x, &mut image);
                kernel.transpose(&image, out);
            }
            // As if its companions showed the same.
            Self::Unrolled(prior) => {
                let alike = x.iter().map(|value| value / prior.scale()).collect();
                prior.target(0, x, &vec![alike; prior.companions().len()], out);
            }
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Smooth => "a smooth prior",
            Self::Dual => "a prior with a proximal map",
            Self::Denoiser => "a denoiser",
            Self::Kernel => "a kernel",
            Self::Unrolled => "an unrolled network",
        })
    }
}
