//! What an algorithm may ask of a prior, and which algorithms ask what.

use serde::Serialize;

/// Kind of a prior, known from its config alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Value, gradient, curvature and a separable surrogate ([`super::Smooth`]).
    Smooth,
    /// A simple function of a linear map ([`super::Dual`]).
    Dual,
    /// A map of images ([`super::Denoiser`]).
    Denoiser,
    /// A basis of images ([`super::KernelMatrix`]).
    Kernel,
    /// An image that every update is drawn to ([`super::network::Unrolled`]).
    Unrolled,
}

impl Capability {
    /// Names of the algorithms that can carry such a prior.
    pub fn algorithms(self) -> &'static [&'static str] {
        match self {
            Self::Smooth => &["osl", "de-pierro", "bsrem", "sps", "svrg", "saga", "lbfgs", "proximal-newton", "svrn"],
            Self::Dual => &["pdhg", "spdhg"],
            Self::Denoiser => &["mlem", "osem", "osl", "pnp-mm", "pnp-admm", "red"],
            Self::Kernel | Self::Unrolled => &["mlem", "osem"],
        }
    }
}
