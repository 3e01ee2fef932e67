//! What a table has against its own values and the machine's files.

use crate::paths::shown;
use std::path::Path;

/// A mistake in a table that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key, dotted below the table; empty for the table itself.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Conflict {
    /// A mistake at a key.
    pub fn at(key: &'static str, message: impl ToString) -> Self {
        Self { key, message: message.to_string(), help: None }
    }

    /// The same with its cure.
    pub fn cure(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// A file that is read and is not there.
pub(crate) fn missing(key: &'static str, path: &Path) -> Option<Conflict> {
    (!path.is_file()).then(|| Conflict::at(key, format!("there is no file {}", shown(path))))
}
