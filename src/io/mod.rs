//! Files: one format per module, nobody else names a format crate.

mod error;

pub use error::IoError;
