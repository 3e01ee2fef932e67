//! Phantoms by name: one that is shipped, or a file.

use super::source::suggestion;
use super::{ConfigError, Source};
use crate::phantom::{PRESETS, Phantom, PhantomError};

/// The phantom of a shipped name, or of a file where `name` ends in `.toml`; `at` is the dotted path of the name.
pub fn phantom(source: &Source, at: &str, name: &str) -> Result<Phantom, ConfigError> {
    if !name.ends_with(".toml") {
        return Phantom::load(name).map_err(|error| match error {
            PhantomError::Unknown { .. } => {
                source.mistake(at, format!("no phantom `{name}`"), Some(suggestion(name, PRESETS)))
            }
            error => source.mistake(at, error.to_string(), None),
        });
    }
    let path = source.input(at, name.as_ref())?;
    Phantom::read(&path).map_err(|error| source.mistake(at, error.to_string(), None))
}
