//! Which algorithm makes the image.

use super::{ConfigError, Source};
use crate::algorithm::fbp::FbpConfig;
use crate::data::subsets;
use crate::scanner::SinogramGeometry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[algorithm.…]`: the table's name is the algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlgorithmConfig {
    /// Maximum likelihood (Shepp & Vardi 1982): OSEM with one subset.
    Mlem(MlemConfig),
    /// Ordered subsets (Hudson & Larkin 1994).
    Osem(OsemConfig),
    /// Filtered back projection of rebinned sinograms.
    Fbp(FbpConfig),
}

/// `[algorithm.mlem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MlemConfig {
    /// Full iterations.
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

/// `[algorithm.osem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OsemConfig {
    /// Subsets of interleaved views; must divide the number of views.
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

/// The two ways to an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method<'a> {
    /// Updates of an image.
    Iterative(Iterations<'a>),
    /// One formula.
    Analytic(&'a FbpConfig),
}

/// What iterative algorithms have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iterations<'a> {
    /// Subsets that an iteration passes over.
    pub subsets: usize,
    /// Full iterations.
    pub count: usize,
    /// The first image.
    pub start: &'a StartConfig,
}

impl AlgorithmConfig {
    /// Name of the algorithm's table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlem(_) => "mlem",
            Self::Osem(_) => "osem",
            Self::Fbp(_) => "fbp",
        }
    }

    /// How the algorithm makes its image.
    pub fn method(&self) -> Method<'_> {
        match self {
            Self::Mlem(mlem) => {
                Method::Iterative(Iterations { subsets: 1, count: mlem.iterations, start: &mlem.start })
            }
            Self::Osem(osem) => {
                Method::Iterative(Iterations { subsets: osem.subsets, count: osem.iterations, start: &osem.start })
            }
            Self::Fbp(fbp) => Method::Analytic(fbp),
        }
    }

    /// Subsets, iterations and start of an iterative algorithm; `None` for analytic ones.
    pub fn iterations(&self) -> Option<Iterations<'_>> {
        match self.method() {
            Method::Iterative(iterations) => Some(iterations),
            Method::Analytic(_) => None,
        }
    }

    /// What the algorithm's own keys have against each other and the machine's files.
    pub fn conflicts(&self, source: &Source) -> Vec<ConfigError> {
        let Some(iterations) = self.iterations() else { return Vec::new() };
        let at = |key| format!("algorithm.{}.{key}", self.name());
        let mut conflicts = Vec::new();
        if iterations.count == 0 {
            let help = Some("1 is one pass over all counts".into());
            conflicts.push(source.mistake(&at("iterations"), "0 iterations make no image", help));
        }
        if let StartConfig::File(path) = iterations.start {
            conflicts.extend(source.input(&at("start.file"), path).err());
        }
        conflicts
    }

    /// What the algorithm has against the measurement.
    pub fn conflicts_with(&self, geometry: &SinogramGeometry, source: &Source) -> Option<ConfigError> {
        let Self::Osem(osem) = self else { return None };
        let error = subsets(geometry.views, osem.subsets).err()?;
        let message = format!("{} subsets do not divide {} views", error.subsets, error.views);
        let help = Some(format!("use one of {:?}", error.dividers));
        Some(source.mistake("algorithm.osem.subsets", message, help))
    }
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
