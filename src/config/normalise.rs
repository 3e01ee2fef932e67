//! Config of `coincide normalise`.

use super::collisions::{Written, collisions};
use super::{ConfigError, DecayConfig, MeasurementConfig, RandomsSource, RunConfig, Source, phantom};
use crate::data::NormParts;
use crate::normalise::ROUNDS;
use crate::paths::FilePath;
use crate::paths::NameOrFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A normalisation from the scan of an object that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormaliseConfig {
    /// The scan: uncompressed, one bin per pair of crystals. Its factors are not looked at, its background is.
    pub measurement: MeasurementConfig,
    /// What was scanned: a shipped phantom by name, or a phantom file (`.toml`), with its activity and attenuation.
    pub object: NameOrFile,
    /// Decay of the object's activity, which its phantom states for a moment before the scan.
    #[serde(default)]
    pub decay: Option<DecayConfig>,
    /// Randoms, where the measurement has none.
    #[serde(default)]
    pub randoms: Option<RandomsSource>,
    /// What is found.
    #[serde(default)]
    pub components: ComponentsConfig,
    /// The file to write.
    pub output: NormaliseOutput,
    /// Threads.
    #[serde(default)]
    pub run: RunConfig,
}

/// `[components]` of a normalisation: those that are false stay 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComponentsConfig {
    /// Efficiency of every crystal.
    pub crystals: bool,
    /// Radial profile of every sum of two rings.
    pub geometric: bool,
    /// Interference of the crystals of a block.
    pub interference: bool,
    /// One factor for every plane.
    pub axial: bool,
    /// Rounds, each stepping all of them.
    #[schemars(range(min = 1, max = 1000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub rounds: usize,
}

impl Default for ComponentsConfig {
    fn default() -> Self {
        Self { crystals: true, geometric: true, interference: true, axial: true, rounds: ROUNDS }
    }
}

impl ComponentsConfig {
    /// Which components are found.
    pub fn parts(&self) -> NormParts {
        let Self { crystals, geometric, interference, axial, .. } = *self;
        NormParts { crystals, geometric, interference, axial }
    }
}

/// `[output]` of a normalisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormaliseOutput {
    /// The components: HDF5.
    pub normalisation: FilePath,
}

impl NormaliseConfig {
    /// Reads a config.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config = source.parse()?;
        Ok((source, config))
    }

    /// Everything that keeps it from being run. `force` allows the file to be replaced.
    pub fn conflicts(&self, source: &Source, force: bool) -> Vec<ConfigError> {
        let mut conflicts = self.measurement.conflicts(source, "measurement");
        conflicts.extend(phantom(source, "object", &self.object).err());
        conflicts.extend(self.randoms.as_ref().and_then(|randoms| randoms.conflicts(source)));
        if !(1..=1000).contains(&self.components.rounds) {
            let (message, help) =
                (format!("{} rounds", self.components.rounds), format!("1 to 1000; {ROUNDS} will do"));
            conflicts.push(source.mistake("components.rounds", message, Some(help)));
        }
        conflicts.extend(source.unwritable(
            "output.normalisation",
            &self.output.normalisation,
            &[".h5", ".hdf5"],
            force,
        ));
        conflicts.extend(collisions(source, &[Written::named("output.normalisation", &self.output.normalisation)]));
        conflicts
    }
}
