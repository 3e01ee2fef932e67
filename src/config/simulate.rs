//! Config of `coincide simulate`.

use super::{ConfigError, RunConfig, ScannerConfig, SinogramConfig, Source};
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use crate::simulate::SimulationConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A simulated acquisition: `[acquisition]` of `coincide simulate`, `[measurement.simulated]` of a reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcquisitionConfig {
    /// What is in the scanner: a shipped phantom by name (`coincide phantoms` lists them), or a phantom file (`.toml`).
    pub phantom: String,
    /// The scanner.
    pub scanner: ScannerConfig,
    /// How its sinogram is compressed.
    #[serde(default)]
    pub sinogram: SinogramConfig,
    /// Counts, background, resolution.
    pub simulation: SimulationConfig,
}

impl AcquisitionConfig {
    /// The geometry of the simulated sinogram; `at` is the dotted path of this table.
    pub fn geometry(&self, source: &Source, at: &str) -> Result<SinogramGeometry, ConfigError> {
        let scanner = self.scanner.scanner(source, &format!("{at}.scanner"))?;
        self.sinogram.geometry(scanner, source, &format!("{at}.sinogram"))
    }

    /// What is in the scanner.
    pub fn phantom(&self, source: &Source, at: &str) -> Result<Phantom, ConfigError> {
        super::phantom(source, &format!("{at}.phantom"), &self.phantom)
    }

    /// What keeps the acquisition from being simulated.
    pub fn conflicts(&self, source: &Source, at: &str) -> Vec<ConfigError> {
        let geometry = self.geometry(source, at).err();
        geometry.into_iter().chain(self.phantom(source, at).err()).collect()
    }
}

/// Config of `coincide simulate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateConfig {
    /// What is simulated.
    pub acquisition: AcquisitionConfig,
    /// The file to write.
    pub output: SimulateOutput,
    /// Threads.
    #[serde(default)]
    pub run: RunConfig,
}

/// `[output]` of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateOutput {
    /// The measurement: HDF5.
    pub measurement: PathBuf,
    /// Delayed coincidences, another scan of the expected randoms: HDF5.
    #[serde(default)]
    pub delayeds: Option<PathBuf>,
    /// Singles of every crystal in counts per s, with `simulation.singles`: HDF5.
    #[serde(default)]
    pub singles: Option<PathBuf>,
}

impl SimulateConfig {
    /// Reads a config.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config = source.parse()?;
        Ok((source, config))
    }

    /// Everything that keeps the simulation from being run. `force` allows the file to be replaced.
    pub fn conflicts(&self, source: &Source, force: bool) -> Vec<ConfigError> {
        let mut conflicts = self.acquisition.conflicts(source, "acquisition");
        let SimulateOutput { measurement, delayeds, singles } = &self.output;
        let files =
            [("measurement", Some(measurement)), ("delayeds", delayeds.as_ref()), ("singles", singles.as_ref())];
        for (name, path) in files {
            let at = format!("output.{name}");
            conflicts.extend(path.and_then(|path| source.output(&at, path, &[".h5", ".hdf5"], force).err()));
        }
        if singles.is_some() && self.acquisition.simulation.singles.is_none() {
            let help = Some("add `singles = { window_ns = 5.0 }` to the simulation".into());
            conflicts.push(source.mistake("output.singles", "the simulation has no rates of singles", help));
        }
        conflicts
    }
}
