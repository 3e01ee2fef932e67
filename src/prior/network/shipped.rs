//! Models that are known by name: files of `models/`, built in.

use super::error::NetworkError;
use super::model::Model;
use std::path::PathBuf;

/// A model in the program.
struct Shipped {
    name: &'static str,
    weights: &'static [u8],
    card: &'static str,
}

/// All of them; an entry is `shipped!("unrolled-2d")`.
const SHIPPED: &[Shipped] = &[];

/// The files of a model.
#[allow(unused_macros, reason = "until the first model is trained")]
macro_rules! shipped {
    ($name:literal) => {
        Shipped {
            name: $name,
            weights: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, ".safetensors")),
            card: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, ".json")),
        }
    };
}

/// Where a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelName {
    /// In the program.
    Shipped(String),
    /// In a file that ends in `.safetensors`.
    File(PathBuf),
}

impl ModelName {
    /// What a config says: a path if it ends in `.safetensors`.
    pub fn new(name: &str) -> Self {
        if name.ends_with(".safetensors") { Self::File(name.into()) } else { Self::Shipped(name.into()) }
    }
}

/// Names of the models in the program.
pub fn shipped_models() -> Vec<&'static str> {
    SHIPPED.iter().map(|shipped| shipped.name).collect()
}

/// The model of a name.
pub fn shipped_model(name: &str) -> Result<Model, NetworkError> {
    let Some(shipped) = SHIPPED.iter().find(|shipped| shipped.name == name) else {
        return Err(NetworkError::Unknown { name: name.into(), known: shipped_models() });
    };
    let path = |ending| PathBuf::from(format!("models/{name}.{ending}"));
    Model::decode(&path("safetensors"), shipped.weights, &path("json"), shipped.card)
}
