//! No command writes one file twice, or over a file that its config names otherwise.

use super::{ConfigError, Source};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// A file that a command writes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    /// Dotted path of the key that asks for it.
    pub at: String,
    /// What it is, for messages; with the key's name.
    pub what: String,
    /// The file, as the config has it.
    pub path: PathBuf,
}

impl Written {
    /// The file of a key that names it.
    pub fn named(at: &str, path: &Path) -> Self {
        Self { at: at.into(), what: format!("`{at}`"), path: path.into() }
    }
}

/// Two keys whose files are the same one: both written, or the one written and the other named anywhere in the config.
pub(super) fn collisions(source: &Source, written: &[Written]) -> Vec<ConfigError> {
    let twice = |file: &Written, other: &str| {
        let message = format!("{} and {other} are the same file, {}", file.what, file.path.display());
        source.mistake(&file.at, message, Some("give each file a name of its own".into()))
    };
    let (mut found, mut places) = (Vec::new(), HashMap::new());
    for file in written {
        let before = places.insert(place(source, &file.path), file);
        found.extend(before.map(|before| twice(file, &before.what)));
    }
    let keys: HashSet<&str> = written.iter().map(|file| file.at.as_str()).collect();
    for (key, text) in source.texts().into_iter().filter(|(key, _)| !keys.contains(key.as_str())) {
        let same = places.get(&place(source, Path::new(&text)));
        found.extend(same.map(|same| twice(same, &format!("`{key}`"))));
    }
    found
}

/// Where a file is, whichever way its path is written; links are followed as far as they exist.
fn place(source: &Source, path: &Path) -> PathBuf {
    let path = source.folder().join(path);
    let folder = |path: &Path| {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(|| folder(&path)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("in.h5"), "").unwrap();
        let source = Source { path: folder.path().join("a.toml"), text: text.into() };
        let written: Vec<_> = files.iter().map(|(at, path)| Written::named(at, Path::new(path))).collect();
        collisions(&source, &written).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_is_found_however_its_path_is_written() {
        let text = "[measurement]\nfile = \"in.h5\"\n[output]\nimage = \"./in.h5\"\nother = [\"x\"]\n";
        let told = told(text, &[("output.image", "./in.h5")]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("a.toml:4:9: `output.image` and `measurement.file` are the same file"), "{told:?}");
    }

    #[test]
    fn two_outputs_are_not_one_file() {
        let text = "[output]\nimage = \"a.h5\"\n[sentinel]\nmap = \"./a.h5\"\n";
        let all = told(text, &[("output.image", "a.h5"), ("sentinel.map", "./a.h5")]);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].contains("`sentinel.map` and `output.image`"), "{all:?}");
        assert!(told(text, &[("output.image", "a.h5"), ("sentinel.map", "b.h5")]).is_empty());
    }
}
