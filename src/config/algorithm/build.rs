//! From a table to an algorithm.

use super::AlgorithmConfig;
use super::tables::steps;
use crate::algorithm::{
    Algorithm, Bsrem, DePierro, DenoiseEvery, KernelEm, Lbfgs, Objective, Osem, Osl, Pdhg, PnpAdmm, PnpMm,
    ProximalNewton, Red, Saga, Sps, Svrg, Svrn, UnrolledEm,
};
use crate::prior::Prior;
use std::sync::Arc;

impl AlgorithmConfig {
    /// The algorithm, before its first update; `None` where it is not iterative.
    pub fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Option<Box<dyn Algorithm>> {
        Some(match self {
            Self::Mlem(_) | Self::Osem(_) => match objective.prior() {
                Prior::Kernel(kernel) => Box::new(KernelEm::new(objective, kernel, start)),
                Prior::Denoiser(_) => Box::new(PnpMm::new(objective, 1.0, DenoiseEvery::Iteration, start)),
                Prior::Unrolled(network) => Box::new(UnrolledEm::new(objective, network, start)),
                _ => Box::new(Osem::new(objective.model(), start)),
            },
            Self::Osl(_) => Box::new(Osl::new(objective, start)),
            Self::DePierro(_) => Box::new(DePierro::new(objective, start)),
            Self::Bsrem(c) => {
                Box::new(Bsrem::new(objective, steps(c.relaxation, c.relaxation_decay), c.variant, start))
            }
            Self::Sps(c) => Box::new(Sps::new(objective, steps(c.relaxation, c.relaxation_decay), start)),
            Self::Svrg(c) => {
                Box::new(Svrg::new(objective, steps(c.relaxation, c.relaxation_decay), c.anchor_every, start))
            }
            Self::Saga(c) => Box::new(Saga::new(objective, steps(c.relaxation, c.relaxation_decay), start)),
            Self::Lbfgs(c) => Box::new(Lbfgs::new(objective, c.memory, start)),
            Self::ProximalNewton(_) => Box::new(ProximalNewton::new(objective, start)),
            Self::Svrn(_) => Box::new(Svrn::new(objective, start)),
            Self::Pdhg(c) => Box::new(Pdhg::new(objective, c.balance.get(), 0, start)),
            Self::Spdhg(c) => Box::new(Pdhg::new(objective, c.balance.get(), c.seed, start)),
            Self::PnpMm(c) => Box::new(PnpMm::new(objective, c.lipschitz.get(), c.denoise_every, start)),
            Self::PnpAdmm(c) => Box::new(PnpAdmm::new(objective, c.passes, start)),
            Self::Red(c) => {
                Box::new(Red::new(objective, steps(c.relaxation, c.relaxation_decay), c.denoise_every, start))
            }
            Self::Fbp(_) => return None,
        })
    }
}
