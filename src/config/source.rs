//! The text of a config file: parsing with suggestions, and the place of a dotted path in it.

use super::reading::{Fault, Kind, read};
use super::{ConfigError, Mistake};
use crate::choice::Conflict;
use crate::io::ends_in;
use crate::paths::shown;
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Longest config file that is read; more is not a config.
const LONGEST: u64 = 16 << 20;

/// A config file's path and text.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The file, as the user named it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.into(), source };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > LONGEST {
            let text = format!("{length} bytes are too long for a config");
            return Err(unreadable(std::io::Error::new(std::io::ErrorKind::InvalidData, text)));
        }
        Ok(Self { path: path.into(), text: std::fs::read_to_string(path).map_err(unreadable)? })
    }

    /// The tables of the text as `Config`.
    pub fn parse<Config: DeserializeOwned>(&self) -> Result<Config, ConfigError> {
        read(self.table()?, 0..0, &self.folder()).map_err(|fault| self.unreadable(fault))
    }

    /// Whether the text has a table or key of this name at its top.
    pub fn has_table(&self, name: &str) -> Result<bool, ConfigError> {
        Ok(self.table()?.contains_key(name))
    }

    /// The text as TOML.
    pub(super) fn table(&self) -> Result<DeTable<'_>, ConfigError> {
        let unparsable = |error: toml::de::Error| self.located(error.span(), error.message().into(), None);
        DeTable::parse(&self.text).map(Spanned::into_inner).map_err(unparsable)
    }

    /// What is wrong with a table as a mistake in this text.
    pub(super) fn unreadable(&self, fault: Fault) -> ConfigError {
        let (message, help) = explain(&fault);
        self.located(fault.at.filter(|span| *span != (0..0)), message, help)
    }

    /// A mistake at a dotted path, or at the nearest table above it that is in the text.
    pub fn mistake(&self, path: &str, message: impl Into<String>, help: Option<String>) -> ConfigError {
        self.located(self.span_of(path), message.into(), help)
    }

    /// The folder at which relative paths start, wherever the program is.
    pub fn folder(&self) -> PathBuf {
        let folder = Path::new(".").join(self.path.parent().unwrap_or(Path::new("")));
        std::path::absolute(&folder).unwrap_or(folder)
    }

    /// What the table at a dotted path has against itself.
    pub fn conflict(&self, table: &str, conflict: Conflict) -> ConfigError {
        let Conflict { key, message, help } = conflict;
        let at = if key.is_empty() { table.to_owned() } else { format!("{table}.{key}") };
        self.mistake(&at, message, help)
    }

    /// A file that is read and is not there.
    pub(crate) fn missing(&self, at: &str, path: &Path) -> Option<ConfigError> {
        (!path.is_file()).then(|| self.mistake(at, format!("there is no file {}", shown(path)), None))
    }

    /// What keeps a file from being written: no folder, an ending of another format, or one that is there already.
    pub(super) fn unwritable(&self, at: &str, path: &Path, endings: &[&str], force: bool) -> Option<ConfigError> {
        let name = shown(path);
        let wrong = |message: String, help: String| Some(self.mistake(at, message, Some(help)));
        if !ends_in(path, endings) {
            return wrong(
                format!("`{name}` is not a name for this format"),
                format!("end it in {}", endings.join(" or ")),
            );
        }
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return wrong(format!("there is no folder {}", shown(folder)), "create it first".into());
        }
        if path.exists() && !force {
            return wrong(format!("{name} exists already"), "give --force to replace it, or name another file".into());
        }
        None
    }

    /// A mistake at a known place of the text.
    pub(super) fn located(&self, span: Option<Range<usize>>, message: String, help: Option<String>) -> ConfigError {
        let mistake = Mistake { path: self.path.clone(), text: self.text.clone(), span, message, help };
        ConfigError::Mistake(Box::new(mistake))
    }

    /// Where the value of a dotted path stands; the key itself where the value is a whole table. Numbers count the
    /// tables of an array.
    pub(super) fn span_of(&self, path: &str) -> Option<Range<usize>> {
        let root = DeTable::parse(&self.text).ok()?;
        let (mut table, mut span, mut names) = (Some(root.get_ref()), None, path.split('.'));
        while let Some(name) = names.next() {
            let Some((key, value)) = table.and_then(|table| table.get_key_value(name)) else { break };
            (table, span) = match value.get_ref() {
                DeValue::Table(inner) => (Some(inner), Some(key.span())),
                DeValue::Array(all) => {
                    let one = names.next().and_then(|number| all.get(number.parse::<usize>().ok()?));
                    let inner = one.and_then(|one| one.get_ref().as_table());
                    (inner, Some(if inner.is_some() { key.span() } else { value.span() }))
                }
                _ => (None, Some(value.span())),
            };
        }
        span
    }

    /// Every text in the config with its dotted path; those of a list stand under the path of the list.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        // A text that does not parse has been told of already.
        if let Ok(root) = DeTable::parse(&self.text) {
            root.get_ref().iter().for_each(|(key, value)| texts_in(key.get_ref(), value.get_ref(), &mut texts));
        }
        texts
    }

    /// The dotted path whose value, or whole table, stands at this place.
    pub fn path_at(&self, span: &Range<usize>) -> Option<String> {
        path_in(DeTable::parse(&self.text).ok()?.get_ref(), span)
    }
}

fn texts_in(path: &str, value: &DeValue, texts: &mut Vec<(String, String)>) {
    match value {
        DeValue::String(text) => texts.push((path.to_owned(), text.to_string())),
        DeValue::Array(all) => all.iter().for_each(|one| texts_in(path, one.get_ref(), texts)),
        DeValue::Table(table) => {
            table
                .iter()
                .for_each(|(key, value)| texts_in(&format!("{path}.{}", key.get_ref()), value.get_ref(), texts));
        }
        _ => {}
    }
}

fn path_in(table: &DeTable, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| match value.get_ref() {
        DeValue::Table(_) if key.span() == *span => Some(key.get_ref().to_string()),
        DeValue::Table(inner) => Some(format!("{}.{}", key.get_ref(), path_in(inner, span)?)),
        _ => (value.span() == *span).then(|| key.get_ref().to_string()),
    })
}

/// What is wrong in a user's words, and what would be right.
fn explain(fault: &Fault) -> (String, Option<String>) {
    let help = match &fault.kind {
        Kind::NotOne => "keep one of its entries, remove the others".into(),
        Kind::MissingKey("anatomical") => {
            let help =
                "add `anatomical = { file = \"mr.nii.gz\" }`, or `{ phantom = \"brain\" }` for the labels of a phantom";
            return ("this prior is guided by an anatomical image, and none is given".into(), Some(help.into()));
        }
        Kind::UnknownKey { found, known } | Kind::UnknownChoice { found, known } => suggestion(found, known),
        Kind::MissingKey(_) | Kind::NoList(_) | Kind::Other(_) => return (fault.to_string(), None),
    };
    (fault.to_string(), Some(help))
}

/// `did you mean …?` where a known name is near, else all known names.
pub(super) fn suggestion(found: &str, known: &[&str]) -> String {
    let lowered = found.to_lowercase();
    let distance = |name: &&&str| strsim::damerau_levenshtein(&lowered, &name.to_lowercase());
    match known.iter().min_by_key(distance) {
        None => "nothing can stand here".into(),
        Some(nearest) if distance(&nearest) <= 1 + found.chars().count() / 4 || nearest.contains(&lowered) => {
            format!("did you mean `{nearest}`? Known here: {}", known.join(", "))
        }
        Some(_) => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AttenuationConfig, MeasurementConfig, ReconConfig, ReferenceConfig};

    fn source(text: &str) -> Source {
        Source { path: "folder/scan.toml".into(), text: text.into() }
    }

    #[test]
    fn a_dotted_path_is_found_or_the_nearest_table_above_it() {
        let source = source("[algorithm.osem]\nsubsets = 6\n");
        let at = |path| source.span_of(path).map(|span| &source.text[span]);
        assert_eq!(at("algorithm.osem.subsets"), Some("6"));
        assert_eq!(at("algorithm.osem.iterations"), Some("osem"));
        assert_eq!(at("algorithm.mlem"), Some("algorithm"));
        assert_eq!(at("image"), None);
        for path in ["algorithm.osem.subsets", "algorithm.osem", "algorithm"] {
            assert_eq!(source.path_at(&source.span_of(path).unwrap()).as_deref(), Some(path));
        }
    }

    #[test]
    fn tables_of_an_array_are_counted() {
        let text = "[[scans]]\nfile = \"a\"\n[[scans]]\nfile = \"b\"\nplaces = [[1, 2]]\n";
        let found = |path: &str| source(text).span_of(path).map(|span| &text[span]);
        assert_eq!(found("scans.1.file"), Some("\"b\""));
        assert_eq!(found("scans.0.file"), Some("\"a\""));
        assert_eq!(found("scans.1.places"), Some("[[1, 2]]"));
        assert_eq!(found("scans.0.none"), Some("scans"));
    }

    #[test]
    fn a_mistake_names_line_column_and_cure() {
        let source = source("[algorithm.osem]\nsubsets = 6\n");
        let error = source.mistake("algorithm.osem.subsets", "6 subsets do not divide 20 views", Some("use 5".into()));
        assert_eq!(error.to_string(), "folder/scan.toml:2:11: 6 subsets do not divide 20 views (use 5)");
    }

    #[test]
    fn near_names_are_suggested() {
        assert!(suggestion("subset", &["subsets", "iterations"]).starts_with("did you mean `subsets`?"));
        assert!(suggestion("mmr", &["siemens-mmr", "ge-dmi-4ring"]).starts_with("did you mean `siemens-mmr`?"));
        assert!(suggestion("zebra", &["subsets", "iterations"]).starts_with("known here"));
    }

    #[test]
    fn paths_start_at_the_config() {
        let text = "measurement.file = \"scan.h5\"\nattenuation.phantom = \"own.toml\"\nreference.phantom = \"nema-iq\"\n\
                    output = { image = \"/data/image.h5\" }\nalgorithm.mlem.iterations = 1";
        let config: ReconConfig = source(text).parse().unwrap();
        let folder = std::env::current_dir().unwrap().join("folder");
        let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
        assert_eq!(config.measurement, MeasurementConfig::File(file("scan.h5").as_str().into()));
        assert_eq!(config.attenuation, Some(AttenuationConfig::Phantom(file("own.toml").into())));
        assert_eq!(config.reference, Some(ReferenceConfig::Phantom("nema-iq".into())));
        assert_eq!(config.output.image, Some("/data/image.h5".into()));
    }
}
