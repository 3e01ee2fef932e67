//! Algorithms: one update per file; the loop over updates is written once.

mod arithmetic;
mod ascent;
mod bsrem;
mod count;
mod de_pierro;
mod drive;
pub mod fbp;
mod fourier;
mod kernel_em;
mod kkt;
mod lbfgs;
mod objective;
mod osem;
mod osl;
mod packed;
mod pdhg;
mod preconditioner;
mod proximal_newton;
mod quasi_newton;
mod relaxation;
mod response;
mod saga;
mod sensitivity;
mod sps;
mod start;
mod svrg;
mod unrolled;

pub use bsrem::{Bsrem, BsremVariant};
pub use de_pierro::DePierro;
pub use drive::{Algorithm, Observer, Step, Stop, drive};
pub use kernel_em::KernelEm;
pub use kkt::optimality;
pub use lbfgs::Lbfgs;
pub use objective::{Objective, Work};
pub use osem::Osem;
pub use osl::Osl;
pub use pdhg::Pdhg;
pub use proximal_newton::ProximalNewton;
pub use relaxation::Relaxation;
pub use saga::Saga;
pub use sps::Sps;
pub(crate) use start::field_of_view;
pub use svrg::Svrg;
pub use unrolled::UnrolledEm;

use count::Count;
