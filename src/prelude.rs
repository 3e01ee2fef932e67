//! What a program that reconstructs needs first.

pub use crate::algorithm::{Algorithm, Lbfgs, Objective, Osem, Relaxation, Svrg, drive};
pub use crate::config::Source;
pub use crate::data::{Clock, Ledger, Measurement};
pub use crate::image::{Image, ImageGrid, ImageUnit};
pub use crate::io::Provenance;
pub use crate::likelihood::Model;
pub use crate::model::System;
pub use crate::operator::LinearOperator;
pub use crate::prior::{Neighbours, Pairs, Prior, relative_difference};
pub use crate::run::{Options, reconstruct};
pub use crate::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
pub use std::sync::Arc;
