//! Config of `coincide simulate`.

use super::collisions::{Written, collisions};
use super::{ConfigError, ScannerConfig, SinogramConfig, Source};
use crate::paths::{FilePath, NameOrFile};
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use crate::simulate::{SimulateError, SimulationConfig, unfit};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A simulated acquisition: `[acquisition]` of `coincide simulate`, `[measurement.simulated]` of a reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcquisitionConfig {
    /// What is in the scanner: a shipped phantom by name (`coincide phantoms` lists them), or a phantom file (`.toml`).
    pub phantom: NameOrFile,
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
        match (self.geometry(source, at), self.phantom(source, at)) {
            (Ok(geometry), Ok(phantom)) => {
                let told = |error: SimulateError| {
                    let key = match error {
                        SimulateError::NoActivity { .. } => format!("{at}.phantom"),
                        _ => format!("{at}.simulation.{}", error.key()),
                    };
                    source.mistake(key.trim_end_matches('.'), error.to_string(), None)
                };
                unfit(&phantom, &geometry, &self.simulation).map_err(told).err().into_iter().collect()
            }
            (geometry, phantom) => geometry.err().into_iter().chain(phantom.err()).collect(),
        }
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
    pub run: SimulateRunConfig,
}

/// `[run]` of a simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateRunConfig {
    /// Threads; 0 means all.
    #[serde(default, deserialize_with = "crate::units::threads")]
    #[schemars(range(max = 1024))]
    pub threads: usize,
    /// Memory in GB (10⁹ bytes) that the simulation may take; by default what the machine has free.
    #[serde(default)]
    pub memory_gb: Option<Positive>,
}

/// `[output]` of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateOutput {
    /// The measurement: HDF5.
    pub measurement: FilePath,
    /// Delayed coincidences, another scan of the expected randoms: HDF5.
    #[serde(default)]
    pub delayeds: Option<FilePath>,
    /// Singles of every crystal in counts per s, with `simulation.singles`: HDF5.
    #[serde(default)]
    pub singles: Option<FilePath>,
}

/// `scan.h5` → `scan.dose-0.25.h5`
fn dose_path(path: &Path, dose: f64) -> PathBuf {
    let ending = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    path.with_extension(format!("dose-{dose}{ending}"))
}

impl SimulateConfig {
    /// Reads a config.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config = source.parse()?;
        Ok((source, config))
    }

    /// The file of each dose level: `scan.h5` where there is one level, `scan.dose-0.25.h5` where there are several.
    pub fn measurements(&self) -> Vec<(f64, PathBuf)> {
        let (path, levels) = (&self.output.measurement, &self.acquisition.simulation.dose_levels);
        match levels[..] {
            [only] => vec![(only.get(), path.to_path_buf())],
            _ => levels.iter().map(|dose| (dose.get(), dose_path(path, dose.get()))).collect(),
        }
    }

    /// All files that are written.
    fn written(&self) -> Vec<Written> {
        let measurements = self.measurements();
        let several = measurements.len() > 1;
        let measurements = measurements.into_iter().map(|(dose, path)| match several {
            false => Written::named("output.measurement", &path),
            true => Written {
                at: "acquisition.simulation.dose_levels".into(),
                what: format!("the scan of dose {dose} (`acquisition.simulation.dose_levels`)"),
                path,
            },
        });
        let SimulateOutput { delayeds, singles, .. } = &self.output;
        let beside = [("output.delayeds", delayeds), ("output.singles", singles)];
        measurements.chain(beside.iter().filter_map(|(at, path)| Some(Written::named(at, path.as_ref()?)))).collect()
    }

    /// Everything that keeps the simulation from being run. `force` allows the file to be replaced.
    pub fn conflicts(&self, source: &Source, force: bool) -> Vec<ConfigError> {
        let mut conflicts = self.acquisition.conflicts(source, "acquisition");
        let written = self.written();
        let unwritable = |file: &Written| source.unwritable(&file.at, &file.path, &[".h5", ".hdf5"], force);
        conflicts.extend(written.iter().filter_map(unwritable));
        conflicts.extend(collisions(source, &written));
        let singles = &self.output.singles;
        if singles.is_some() && self.acquisition.simulation.singles.is_none() {
            let help = Some("add `singles = { window_ns = 5.0 }` to the simulation".into());
            conflicts.push(source.mistake("output.singles", "the simulation has no rates of singles", help));
        }
        conflicts
    }
}
