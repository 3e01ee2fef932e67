//! Models that are known by name: files of `models/`, built in.

use super::ModelFileError;
use std::path::PathBuf;

/// A model in the program.
pub(in crate::prior) struct Shipped {
    pub name: &'static str,
    pub weights: &'static [u8],
    pub card: &'static str,
}

/// The files of a model.
macro_rules! shipped {
    ($name:literal) => {
        $crate::prior::model_file::Shipped {
            name: $name,
            weights: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, ".safetensors")),
            card: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, ".json")),
        }
    };
}
pub(in crate::prior) use shipped;

impl Shipped {
    /// The one of a name.
    pub fn find(all: &'static [Self], name: &str) -> Result<&'static Self, ModelFileError> {
        let known = || all.iter().map(|shipped| shipped.name).collect();
        let found = all.iter().find(|shipped| shipped.name == name);
        found.ok_or_else(|| ModelFileError::Unknown { name: name.into(), known: known() })
    }

    /// Its file with this ending, in errors.
    pub fn path(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("models/{}.{ending}", self.name))
    }
}
