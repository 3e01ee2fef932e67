//! Phantoms by name: one that is shipped, or a file.

use super::source::suggestion;
use super::{ConfigError, Source};
use crate::paths::NameOrFile;
use crate::phantom::{PRESETS, Phantom, PhantomError};

/// The phantom of a shipped name, or of a file; `at` is the dotted path of the name.
pub fn phantom(source: &Source, at: &str, name: &NameOrFile) -> Result<Phantom, ConfigError> {
    let Some(path) = name.file() else {
        return Phantom::load(name).map_err(|error| match error {
            PhantomError::Unknown { .. } => {
                source.mistake(at, format!("no phantom `{name}`"), Some(suggestion(name, PRESETS)))
            }
            error => source.mistake(at, error.to_string(), None),
        });
    };
    source.missing(at, path).map_or(Ok(()), Err)?;
    Phantom::read(path).map_err(|error| source.mistake(at, error.to_string(), None))
}

/// A phantom of a study, whose list keeps the names as they are: results are named after them.
pub fn study_phantom(source: &Source, name: &str) -> Result<Phantom, ConfigError> {
    phantom(source, "phantoms", &NameOrFile::within(&source.folder(), name))
}
