//! Tables of a parsed TOML text as serde reads them, with the place and the kind of what is wrong.
//!
//! The `toml` crate hands on what serde finds as an English sentence. Here an unknown key stays one, with the names
//! that could stand there, so that what the user is told does not hang on somebody else's words.

mod fault;
mod value;

pub(super) use fault::{Fault, Kind};

use serde::de::DeserializeOwned;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use value::Value;

/// A table as `Config`; `at` is where it stands, `folder` where the relative paths of files start.
pub(super) fn read<Config: DeserializeOwned>(table: DeTable, at: Range<usize>, folder: &Path) -> Result<Config, Fault> {
    Config::deserialize(Value { value: DeValue::Table(table), at, folder })
}

#[cfg(test)]
mod tests {
    use crate::config::{ReconConfig, SimulateConfig, Source};
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;
    use std::fmt::Debug;
    use std::fs;
    use std::path::Path;

    /// What is read is what the `toml` crate itself reads, and what it refuses is refused, at a place of the text.
    fn agree<Config: DeserializeOwned + PartialEq + Debug>(text: &str) {
        let source = Source { path: "a.toml".into(), text: text.into() };
        // Paths as they are written.
        let ours = source.table().and_then(|table| {
            super::read::<Config>(table, 0..0, Path::new("")).map_err(|fault| source.unreadable(fault))
        });
        match (ours, toml::from_str::<Config>(text)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
            (Err(error), Err(_)) => assert!(error.to_string().starts_with("a.toml"), "{error}"),
            (ours, theirs) => panic!("{ours:?}\n{theirs:?}\n{text}"),
        }
    }

    fn examples() -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let configs = files.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
        configs.map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    #[test]
    fn examples_are_read_as_the_toml_crate_reads_them() {
        let examples = examples();
        assert!(examples.iter().filter(|text| toml::from_str::<ReconConfig>(text).is_ok()).count() > 10);
        for text in &examples {
            agree::<ReconConfig>(text);
            agree::<SimulateConfig>(text);
        }
    }

    proptest! {
        /// An example with a line, or a few characters of it, replaced by something else.
        #[test]
        fn damaged_examples_are_read_as_the_toml_crate_reads_them(
            example in 0_usize..1000,
            line in 0_usize..1000,
            from in 0_usize..40,
            new in "[-0-9a-z=\\[\\]{}\"., ]{0,6}",
            whole in any::<bool>(),
        ) {
            let examples = examples();
            let text = &examples[example % examples.len()];
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let count = lines.len();
            let damaged = &mut lines[line % count];
            let kept: String = damaged.chars().take(if whole { 0 } else { from }).collect();
            *damaged = kept + &new;
            agree::<ReconConfig>(&lines.join("\n"));
        }
    }
}
