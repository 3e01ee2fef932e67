//! Where a file comes from.

use std::collections::BTreeMap;

/// Named texts that every output carries: config, hashes of the inputs, version, seed, threads, timings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance(pub BTreeMap<String, String>);

impl Provenance {
    /// The text of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Sets the text of a key.
    pub fn set(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.0.insert(key.into(), text.into());
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Provenance {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, text)| (key.into(), text.into())).collect())
    }
}
