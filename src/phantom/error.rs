//! What can be wrong with a phantom.

use crate::io::IoError;

/// A phantom that cannot be used, with the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhantomError {
    /// The file cannot be read.
    #[error("phantom {file}: {source}")]
    Read {
        /// Path of the file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is far larger than any phantom.
    #[error("phantom {file}: {found} bytes, expected a TOML text of at most {largest} bytes")]
    TooLarge {
        /// Path of the file.
        file: String,
        /// Its length in bytes.
        found: u64,
        /// What is accepted.
        largest: u64,
    },
    /// The text is not TOML, or has unknown, missing or malformed fields.
    #[error("phantom {file}: {source}")]
    Parse {
        /// Path of the file or name of the phantom.
        file: String,
        /// Line, column and reason.
        source: Box<toml::de::Error>,
    },
    /// An image of a phantom cannot be read.
    #[error("phantom {file}: `{field}`: {source}")]
    Image {
        /// Path of the phantom's file.
        file: String,
        /// Path of the field inside the file.
        field: String,
        /// What is wrong with it.
        source: Box<IoError>,
    },
    /// A field holds something that describes no shape.
    #[error("phantom {file}: `{field}` is {found}, expected {expected}")]
    Field {
        /// Path of the file or name of the phantom.
        file: String,
        /// Path of the field inside the file.
        field: String,
        /// What was found.
        found: String,
        /// What is possible.
        expected: &'static str,
    },
    /// A table of where to score names a region that is not there.
    #[error("phantom {file}: `{field}` names the region `{name}`, which is not there; the phantom has {}", known.join(", "))]
    Scoring {
        /// Path of the file or name of the phantom.
        file: String,
        /// Path of the field inside the file.
        field: String,
        /// The name.
        name: String,
        /// All regions.
        known: Vec<String>,
    },
    /// No shipped phantom of this name.
    #[error("no phantom is called `{name}`; shipped are {}; a file's name ends in .toml", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// All shipped phantoms.
        known: Vec<&'static str>,
    },
    /// No region of this name.
    #[error("phantom {phantom} has no region `{name}`; it has {}", known.join(", "))]
    NoRegion {
        /// Name of the phantom.
        phantom: String,
        /// What was asked for.
        name: String,
        /// All regions.
        known: Vec<String>,
    },
}
