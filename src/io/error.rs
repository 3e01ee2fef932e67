//! What can be wrong with a file.

use std::path::PathBuf;

/// A file that cannot be read or written, with the cure where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// The system refused.
    #[error("{}: {action} failed: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A field of the file is not what it should be.
    #[error("{}: {field} is {found}, expected {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// Field, key or dataset.
        field: String,
        /// What was found.
        found: String,
        /// What is possible.
        expected: String,
    },
    /// A field or dataset is missing.
    #[error("{}: {field} is missing; expected {expected}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Field, key or dataset.
        field: String,
        /// What is possible.
        expected: String,
    },
    /// The file is shorter or longer than its header says.
    #[error("{}: {found} bytes of data, expected {expected} ({why})", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Bytes found.
        found: u64,
        /// Bytes expected.
        expected: u64,
        /// Where the expectation comes from.
        why: String,
    },
    /// More data than memory.
    #[error("{}: {source}", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// What is needed, and what there is.
        source: crate::memory::NoRoom,
    },
    /// The target exists.
    #[error("{} exists already; use --force to replace it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another library's word on the file.
    #[error("{}: {text}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The word.
        text: String,
    },
}
