//! Networks that are part of the program.

use super::model::Model;
use crate::prior::model_file::{ModelFileError, Shipped, shipped};

/// All of them.
const SHIPPED: &[Shipped] = &[shipped!("unrolled-2d"), shipped!("unrolled-2.5d"), shipped!("unrolled-3d")];

/// Names of the networks in the program.
pub fn shipped_models() -> Vec<&'static str> {
    SHIPPED.iter().map(|shipped| shipped.name).collect()
}

/// The network of a name.
pub fn shipped_model(name: &str) -> Result<Model, ModelFileError> {
    let shipped = Shipped::find(SHIPPED, name)?;
    Model::decode(&shipped.path("safetensors"), shipped.weights, &shipped.path("json"), shipped.card)
}
