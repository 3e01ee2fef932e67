//! `coincide recon --replay`: the run inside an image, once more.

use super::inputs::further_inputs;
use super::measurement::acquire;
use super::recon::{reconstruct_scan, unless_interrupted};
use super::{Options, RunError, first};
use crate::config::{OutputConfig, ReconConfig, Source, StopConfig};
use crate::io::hdf5;
use crate::report::{Input, ReplayResult, hash_lines};
use std::path::Path;

/// Runs the config inside an image's provenance again, writes nothing, and says whether every bit came out the same.
pub fn replay(path: &Path, options: &Options) -> Result<ReplayResult, RunError> {
    let (stored, provenance) = hdf5::read_image(path)?;
    let text = |key: &str| {
        let missing = || RunError::Usage(format!("{} has no `{key}` in its provenance", path.display()));
        provenance.get(key).map(str::to_owned).ok_or_else(missing)
    };
    let source = Source { path: text("config_path")?.into(), text: text("config")? };
    let mut config: ReconConfig = source.parse()?;
    config.output = OutputConfig::default();
    // As many updates as were made, whatever ended them.
    if let Some(updates) = provenance.get("updates").and_then(|updates| updates.parse().ok()) {
        config.stop = StopConfig { updates: Some(updates), ..StopConfig::default() };
    }
    // The image alone is made again; what the sentinel holds out stays out.
    config.confidence = None;
    config
        .sentinel
        .iter_mut()
        .for_each(|sentinel| (sentinel.map, sentinel.fallback, sentinel.simulated) = (None, None, 0));
    first(config.conflicts(&source, options.force))?;
    let made = options.pool(config.run.threads)?.install(|| {
        let mut acquired = acquire(&config.measurement, &source, options)?;
        acquired.inputs.extend(further_inputs(&config)?);
        let stored = provenance.get("inputs_sha256").unwrap_or_default();
        let same = |(line, input): (&str, &Input)| line.starts_with(&input.sha256);
        if stored.lines().count() != acquired.inputs.len() || !stored.lines().zip(&acquired.inputs).all(same) {
            let now = hash_lines(&acquired.inputs);
            return Err(RunError::Usage(format!(
                "the input files have changed since then; their hashes are now\n{now}"
            )));
        }
        reconstruct_scan(&source, &config, acquired, options)
    })?;
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let identical = made.image.grid == stored.grid && bits(&made.image.values) == bits(&stored.values);
    Ok(ReplayResult { image: path.into(), identical, seconds: unless_interrupted(made.result, options)?.seconds })
}
