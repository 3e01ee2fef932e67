//! Files that a config names.
//!
//! Relative paths start at the folder of the config. They are resolved while it is read, by the name of these types
//! ([`resolved`]), so that whoever is handed one opens it as it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A file, or a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FilePath(PathBuf);

impl Deref for FilePath {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for FilePath {
    fn as_ref(&self) -> &Path {
        self
    }
}

impl<P: Into<PathBuf>> From<P> for FilePath {
    fn from(path: P) -> Self {
        Self(path.into())
    }
}

/// The name of something that is shipped, or a file (`.toml`, `.safetensors`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NameOrFile(String);

impl NameOrFile {
    /// One in a folder.
    pub fn within(folder: &Path, name: &str) -> Self {
        Self(resolved("NameOrFile", name, folder).unwrap_or_else(|| name.into()))
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        is_file(&self.0).then_some(Path::new(&self.0))
    }
}

/// Whether a name is that of a file.
fn is_file(name: &str) -> bool {
    let ending = Path::new(name).extension();
    ending.is_some_and(|ending| ["toml", "safetensors"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

impl fmt::Display for NameOrFile {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Deref for NameOrFile {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<S: Into<String>> From<S> for NameOrFile {
    fn from(name: S) -> Self {
        Self(name.into())
    }
}

/// The text of a value of the type `name`, with its path resolved where it is one of a file.
pub(crate) fn resolved(name: &str, text: &str, folder: &Path) -> Option<String> {
    let path = match name {
        "FilePath" => folder.join(text),
        "NameOrFile" if is_file(text) => folder.join(text),
        _ => return None,
    };
    path.into_os_string().into_string().ok()
}
