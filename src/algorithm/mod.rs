//! Algorithms: one update per file; the loop over updates is written once.
//!
//! A file holds the update, as it is written in its paper, and its table `[algorithm.NAME]` with what there is to know
//! of it (`AlgorithmTable`). A new one is named twice below.

mod analytic;
mod arithmetic;
mod ascent;
mod bsrem;
mod config;
mod count;
mod de_pierro;
mod drive;
mod em;
mod entry;
pub mod fbp;
mod fourier;
mod kernel_em;
mod kkt;
mod lbfgs;
mod local_model;
mod map_image;
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
mod start_config;
mod svrg;
mod svrn;
mod table;
mod unfit;
mod unrolled;
mod waiting;

pub use bsrem::{Bsrem, BsremConfig, BsremVariant};
pub use de_pierro::{DePierro, DePierroConfig};
pub use drive::{Algorithm, Observer, Step, Stop, drive};
pub(crate) use em::{EmStep, least_sensitivity};
pub use entry::AlgorithmEntry;
pub(crate) use fourier::Fourier;
pub use kernel_em::KernelEm;
pub use kkt::optimality;
pub use lbfgs::{Lbfgs, LbfgsConfig};
pub(crate) use map_image::{companions, map_image, map_image_from};
pub use objective::Objective;
pub use osem::{MlemConfig, Osem, OsemConfig};
pub use osl::{Osl, OslConfig};
pub use pdhg::{Pdhg, PdhgConfig, SpdhgConfig};
pub use pnp_admm::{PnpAdmm, PnpAdmmConfig};
pub use pnp_mm::{PnpMm, PnpMmConfig};
pub use proximal_newton::{ProximalNewton, ProximalNewtonConfig};
pub use pull::DenoiseEvery;
pub use red::{Red, RedConfig};
pub use relaxation::Relaxation;
pub use saga::{Saga, SagaConfig};
pub(crate) use sensitivity::{ReconstructionSize, sensitivity};
pub use sps::{Sps, SpsConfig};
pub(crate) use start::field_of_view;
pub use start_config::{OsemStart, StartConfig};
pub use svrg::{Svrg, SvrgConfig};
pub use svrn::{Svrn, SvrnConfig};
pub(crate) use table::{AlgorithmTable, Sensitivities};
pub use table::{Iterations, Method};
pub use unfit::Unfit;
pub use unrolled::UnrolledEm;

use crate::choice::choices;
use count::Count;
use fbp::FbpConfig;

choices! {
    /// `[algorithm.…]`: the table's name is the algorithm; `coincide algorithms` lists them.
    AlgorithmConfig, tables of AlgorithmTable, entries of AlgorithmEntry:
    Mlem(MlemConfig),
    Osem(OsemConfig),
    Osl(OslConfig),
    DePierro(DePierroConfig),
    Bsrem(BsremConfig),
    Sps(SpsConfig),
    Svrg(SvrgConfig),
    Saga(SagaConfig),
    Lbfgs(LbfgsConfig),
    ProximalNewton(ProximalNewtonConfig),
    Svrn(SvrnConfig),
    Pdhg(PdhgConfig),
    Spdhg(SpdhgConfig),
    PnpMm(PnpMmConfig),
    PnpAdmm(PnpAdmmConfig),
    Red(RedConfig),
    Fbp(FbpConfig),
}

/// A scan for the tests of single algorithms, of a few thousand lines.
#[cfg(test)]
mod tests {
    use crate::data::{Background, Clock, Ledger, Measurement};
    use crate::image::ImageGrid;
    use crate::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
    use std::sync::Arc;

    pub(super) fn small_grid() -> ImageGrid {
        ImageGrid::centred([12, 12, 5], [20.0, 20.0, 2.03125])
    }

    pub(super) fn scan() -> Arc<Measurement> {
        let scanner = Scanner {
            crystals_per_ring: 48,
            crystals_per_block: 8,
            radial_bins: 21,
            rings: 3,
            ..preset("siemens-mmr").unwrap()
        };
        let axial = AxialCompression::Span { span: 1, max_ring_difference: 1 };
        let geometry = SinogramGeometry::new(scanner, axial, 1, 0).unwrap();
        let prompts = (0..geometry.bins()).map(|bin| (bin % 5) as f32).collect();
        let background = Some(Background::of_bins(geometry.shape(), vec![0.5; geometry.bins()]));
        Arc::new(Measurement {
            geometry,
            prompts,
            factors: None,
            background,
            ledger: Ledger::raw().calibrated(),
            clock: Clock::default(),
        })
    }
}
