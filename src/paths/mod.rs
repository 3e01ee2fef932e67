//! Files that a config names: where they are, what a table says of them beside their path, how they are told.

mod file;
mod placed;
mod shown;

pub(crate) use file::resolved;
pub use file::{FilePath, NameOrFile};
pub use placed::{ImageFile, PathOr, PlacedFile};
pub(crate) use shown::shown;
