//! Config of `coincide recon`, `check` and `verify`.

use super::{
    AlgorithmConfig, AttenuationConfig, ConfigError, FilterConfig, ImageConfig, MeasurementConfig, OutputConfig,
    PhantomConfig, RunConfig, Source, StopConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A reconstruction: which measurement, which image, which algorithm, which files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconConfig {
    /// Where the measurement comes from.
    pub measurement: MeasurementConfig,
    /// The voxel grid.
    #[serde(default)]
    pub image: ImageConfig,
    /// Image-space resolution model B; without it B is the identity.
    #[serde(default)]
    pub resolution: Option<FilterConfig>,
    /// Attenuation map; its factors exp(−∫µ) multiply those of the measurement.
    #[serde(default)]
    pub attenuation: Option<AttenuationConfig>,
    /// The algorithm.
    pub algorithm: AlgorithmConfig,
    /// Gaussian filter of the finished image.
    #[serde(default)]
    pub post_filter: Option<FilterConfig>,
    /// Reasons to stop early.
    #[serde(default)]
    pub stop: StopConfig,
    /// The truth, where it is known: figures of merit are printed against it.
    #[serde(default)]
    pub reference: Option<PhantomConfig>,
    /// Files to write.
    #[serde(default)]
    pub output: OutputConfig,
    /// Threads and seed.
    #[serde(default)]
    pub run: RunConfig,
}

impl ReconConfig {
    /// Reads a config and checks what can be checked without the measurement.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config: Self = source.parse()?;
        config.check(&source)?;
        Ok((source, config))
    }

    fn check(&self, source: &Source) -> Result<(), ConfigError> {
        if self.output.snapshots_every.is_some() && self.output.image.is_none() {
            let help = Some("add `image = \"image.h5\"` to [output]".into());
            return Err(source.mistake("output.snapshots_every", "snapshots need an `image` to stand beside", help));
        }
        if self.output.snapshots_every == Some(0) {
            let help = Some("1 writes an image after every full iteration".into());
            return Err(source.mistake("output.snapshots_every", "0 is not a number of iterations", help));
        }
        if let MeasurementConfig::MmrListmode(listmode) = &self.measurement
            && let (Some(start), Some(stop)) = (listmode.start_s, listmode.stop_s)
            && stop <= start
        {
            let message = format!("the frame ends at {} s, before it starts at {} s", stop.get(), start.get());
            return Err(source.mistake("measurement.mmr-listmode.stop_s", message, None));
        }
        Ok(())
    }
}
