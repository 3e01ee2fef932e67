//! Why a model cannot be used.

use std::path::{Path, PathBuf};

/// A model that cannot be read, with what was found and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// The system refused.
    #[error("{}: {action} failed: {text}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        text: String,
    },
    /// A field or tensor is not what it should be.
    #[error("{}: {field} is {found}, expected {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// Field of the card or name of the tensor.
        field: String,
        /// What was found.
        found: String,
        /// What is possible.
        expected: String,
    },
    /// A tensor or file is missing.
    #[error("{}: {field} is missing; expected {expected}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Name of the tensor or the file.
        field: String,
        /// What is possible.
        expected: String,
    },
    /// The file is not of its format at all.
    #[error("{}: {text}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format's word.
        text: String,
    },
    /// No model of this name is shipped.
    #[error("no model `{name}` is shipped; {}", shipped(known))]
    Unknown {
        /// The name.
        name: String,
        /// Names that are known.
        known: Vec<&'static str>,
    },
}

fn shipped(known: &[&str]) -> String {
    let path = "a path that ends in .safetensors names a file";
    if known.is_empty() { format!("none is yet: {path}") } else { format!("known are {}; {path}", known.join(", ")) }
}

impl ModelFileError {
    pub(in crate::prior) fn field(
        path: &Path,
        field: impl Into<String>,
        found: impl ToString,
        expected: impl ToString,
    ) -> Self {
        let (found, expected) = (found.to_string(), expected.to_string());
        Self::Field { path: path.into(), field: field.into(), found, expected }
    }

    pub(in crate::prior) fn format(path: &Path, text: impl Into<String>) -> Self {
        Self::Format { path: path.into(), text: text.into() }
    }

    pub(in crate::prior) fn system(path: &Path, action: &'static str, error: std::io::Error) -> Self {
        Self::System { path: path.into(), action, text: error.to_string() }
    }
}
