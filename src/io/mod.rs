//! Files: one format per module, nobody else names a format crate.

mod error;
pub mod interfile;
pub mod listmode;
pub mod norm;
mod target;

pub use error::IoError;
pub use target::write_whole;
