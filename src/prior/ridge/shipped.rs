//! Ridge regularisers that are known by name: files of `models/`, built in.

use super::file::RidgeFile;
use crate::prior::network::NetworkError;
use std::path::PathBuf;

/// A model in the program.
struct Shipped {
    name: &'static str,
    weights: &'static [u8],
    card: &'static str,
}

/// The files of a model.
macro_rules! shipped {
    ($name:literal) => {
        Shipped {
            name: $name,
            weights: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, ".safetensors")),
            card: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, ".json")),
        }
    };
}

/// All of them.
const SHIPPED: &[Shipped] = &[shipped!("ridge-2d"), shipped!("ridge-3d")];

/// Names of the models in the program.
pub fn shipped_ridges() -> Vec<&'static str> {
    SHIPPED.iter().map(|shipped| shipped.name).collect()
}

/// The model of a name.
pub fn shipped_ridge(name: &str) -> Result<RidgeFile, NetworkError> {
    let Some(shipped) = SHIPPED.iter().find(|shipped| shipped.name == name) else {
        return Err(NetworkError::Unknown { name: name.into(), known: shipped_ridges() });
    };
    let path = |ending| PathBuf::from(format!("models/{name}.{ending}"));
    RidgeFile::decode(&path("safetensors"), shipped.weights, &path("json"), shipped.card)
}
