//! The first image of an iterative algorithm.

use crate::data::most_subsets;
use crate::paths::ImageFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most subsets of an OSEM start whose config does not say.
const USUAL_SUBSETS: usize = 14;

/// The first image of an iterative algorithm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartConfig {
    /// One value everywhere, of the right total.
    #[default]
    Uniform,
    /// A few updates of OSEM.
    Osem(OsemStart),
    /// An image file on the same grid.
    File(ImageFile),
}

/// `start.osem = { … }`: OSEM without a prior, from a uniform image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OsemStart {
    /// Subsets of interleaved views; by default the most that divide the views, up to 14.
    #[serde(default, deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: Option<usize>,
    /// Full iterations.
    #[serde(default = "one", deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
}

impl StartConfig {
    /// The start of gradient algorithms, which a uniform image would only slow down.
    pub fn osem() -> Self {
        Self::Osem(OsemStart::default())
    }
}

impl Default for OsemStart {
    fn default() -> Self {
        Self { subsets: None, iterations: one() }
    }
}

impl OsemStart {
    /// The subsets on a sinogram of `views`.
    pub fn subsets(&self, views: usize) -> usize {
        self.subsets.unwrap_or_else(|| most_subsets(views, USUAL_SUBSETS))
    }
}

fn one() -> usize {
    1
}
