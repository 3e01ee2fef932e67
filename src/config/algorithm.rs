//! Which algorithm makes the image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[algorithm.…]`: the table's name is the algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AlgorithmConfig {
    /// Maximum likelihood (Shepp & Vardi 1982): OSEM with one subset.
    Mlem {
        /// Full iterations.
        iterations: usize,
        /// The first image.
        #[serde(default)]
        start: StartConfig,
    },
    /// Ordered subsets (Hudson & Larkin 1994).
    Osem {
        /// Subsets of interleaved views; must divide the number of views.
        subsets: usize,
        /// Full iterations: passes over all subsets.
        iterations: usize,
        /// The first image.
        #[serde(default)]
        start: StartConfig,
    },
}

/// The first image of an iterative algorithm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartConfig {
    /// One value everywhere, of the right total.
    #[default]
    Uniform,
    /// An image file on the same grid.
    File(PathBuf),
}
