//! Which phantom: one that is shipped, or a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A phantom: `phantom = "nema-nu2"` or `file = "phantom.toml"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PhantomConfig {
    /// A shipped phantom by name; `coincide phantoms` lists them.
    Phantom(String),
    /// A phantom file of one's own.
    File(PathBuf),
}
