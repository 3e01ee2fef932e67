//! Config of `coincide simulate`.

use super::ConfigError;
use super::{PhantomConfig, RunConfig, ScannerConfig, SinogramConfig, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A simulated acquisition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatedConfig {
    /// What is in the scanner.
    pub phantom: PhantomConfig,
    /// The scanner.
    pub scanner: ScannerConfig,
    /// How its sinogram is compressed.
    #[serde(default)]
    pub sinogram: SinogramConfig,
}

/// Config of `coincide simulate`: the tables of a simulated acquisition, and where it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateConfig {
    /// What is in the scanner.
    pub phantom: PhantomConfig,
    /// The scanner.
    pub scanner: ScannerConfig,
    /// How its sinogram is compressed.
    #[serde(default)]
    pub sinogram: SinogramConfig,
    /// The file to write.
    pub output: SimulateOutput,
    /// Threads and seed.
    #[serde(default)]
    pub run: RunConfig,
}

/// `[output]` of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateOutput {
    /// The measurement: HDF5.
    pub measurement: PathBuf,
}

impl SimulateConfig {
    /// Reads a config.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config = source.parse()?;
        Ok((source, config))
    }
}
