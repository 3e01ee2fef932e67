//! Files: one format per module, nobody else names a format crate.

pub mod columns;
pub mod csv;
pub mod drawing;
mod error;
pub mod hdf5;
pub mod interfile;
pub mod listmode;
pub mod metaimage;
pub mod nifti;
pub mod norm;
pub mod png;
mod provenance;
pub mod svg;
mod target;
mod unit;
mod values;
mod voxels;
pub mod zip;

pub use error::IoError;
pub use provenance::Provenance;
pub use target::write_whole;
pub use values::{Rounding, TINY, zero_rounding};
pub use voxels::{ImageOptions, NanRule, ReadImage, TiltRule};
