//! Ridge regularisers that are part of the program.

use super::file::RidgeFile;
use crate::prior::model_file::{ModelFileError, Shipped, shipped};

/// All of them.
const SHIPPED: &[Shipped] = &[shipped!("ridge-2d"), shipped!("ridge-3d")];

/// Names of the regularisers in the program.
pub fn shipped_ridges() -> Vec<&'static str> {
    SHIPPED.iter().map(|shipped| shipped.name).collect()
}

/// The regulariser of a name.
pub fn shipped_ridge(name: &str) -> Result<RidgeFile, ModelFileError> {
    let shipped = Shipped::find(SHIPPED, name)?;
    RidgeFile::decode(&shipped.path("safetensors"), shipped.weights, &shipped.path("json"), shipped.card)
}
