//! Files: one format per module, nobody else names a format crate or looks at an ending. [`open_image`],
//! [`open_measurement`] and [`holds`] go by what is in a file, [`save_image`] and [`save_measurement`] by its name.

pub mod columns;
pub mod csv;
mod door;
pub mod drawing;
mod error;
mod format;
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

pub use door::{
    FORMATS, ends_in, holds, image_endings, measurement_endings, open_image, open_measurement, outline, save_image,
    save_measurement, whole,
};
pub use error::IoError;
pub use format::{Format, Holds, Images, Measurements, OpenImage};
pub use provenance::Provenance;
pub use target::write_whole;
pub use values::{Rounding, TINY, zero_rounding};
pub use voxels::{ImageOptions, NanRule, ReadImage, TiltRule};
