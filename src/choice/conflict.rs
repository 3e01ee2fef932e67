//! What a table has against its own values and the machine's files.

use std::path::{Path, PathBuf};

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

/// Where the relative paths of a config start: the folder of its file.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a>(pub &'a Path);

impl Folder<'_> {
    /// A path as the program opens it.
    pub fn resolve(self, path: &Path) -> PathBuf {
        self.0.join(path)
    }

    /// A file that is read: resolved, and there.
    pub fn input(self, key: &'static str, path: &Path) -> Result<PathBuf, Conflict> {
        let found = self.resolve(path);
        match found.is_file() {
            true => Ok(found),
            false => Err(Conflict::at(key, format!("there is no file {}", found.display()))),
        }
    }
}
