//! Algorithms: one update per file; the loop over updates is written once.

mod arithmetic;
mod ascent;
mod bsrem;
mod count;
mod de_pierro;
mod drive;
mod em;
pub mod fbp;
mod fourier;
mod kernel_em;
mod kkt;
mod lbfgs;
mod local_model;
mod map_start;
mod newton_step;
mod objective;
mod osem;
mod osl;
mod packed;
mod pdhg;
mod pnp_admm;
mod pnp_mm;
mod preconditioner;
mod proximal_newton;
mod pull;
mod quasi_newton;
mod red;
mod relaxation;
mod response;
mod saga;
mod sensitivity;
mod sps;
mod start;
mod svrg;
mod svrn;
mod unrolled;
mod waiting;

pub use bsrem::{Bsrem, BsremVariant};
pub use de_pierro::DePierro;
pub use drive::{Algorithm, Observer, Step, Stop, drive};
pub(crate) use em::{EmStep, least_sensitivity};
pub(crate) use fourier::Fourier;
pub use kernel_em::KernelEm;
pub use kkt::optimality;
pub use lbfgs::Lbfgs;
pub(crate) use map_start::map_image;
pub use objective::Objective;
pub use osem::Osem;
pub use osl::Osl;
pub use pdhg::Pdhg;
pub use pnp_admm::PnpAdmm;
pub use pnp_mm::PnpMm;
pub use proximal_newton::ProximalNewton;
pub use pull::DenoiseEvery;
pub use red::Red;
pub use relaxation::Relaxation;
pub use saga::Saga;
pub(crate) use sensitivity::{ReconstructionSize, sensitivity};
pub use sps::Sps;
pub(crate) use start::field_of_view;
pub use svrg::Svrg;
pub use svrn::Svrn;
pub use unrolled::UnrolledEm;

use count::Count;

/// A scan for the tests of single algorithms, of a few thousand lines.
#[cfg(test)]
mod tests {
    use crate::data::{Background, Measurement};
    use crate::image::ImageGrid;
    use crate::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
    use std::sync::Arc;

    pub(super) fn small_grid() -> ImageGrid {
        ImageGrid::centred([12, 12, 5], [20.0, 20.0, 2.03125])
    }

    pub(super) fn scan() -> Arc<Measurement> {
        let scanner = Scanner { crystals_per_ring: 48, radial_bins: 21, rings: 3, ..preset("siemens-mmr").unwrap() };
        let axial = AxialCompression::Span { span: 1, max_ring_difference: 1 };
        let geometry = SinogramGeometry::new(scanner, axial, 1, 0).unwrap();
        let prompts = (0..geometry.bins()).map(|bin| (bin % 5) as f32).collect();
        let background = Some(Background::of_bins(geometry.shape(), vec![0.5; geometry.bins()]));
        Arc::new(Measurement { geometry, prompts, factors: None, background, calibrated: true, duration_s: None })
    }
}
