//! `coincide recon`: measurement → image → files.

use super::attenuation::attenuate;
use super::figures::Reference;
use super::fit::fit;
use super::iterate::{Scene, interrupted};
use super::measurement::{Acquired, acquire, early_geometry};
use super::{Options, RunError, first, write_outputs};
use crate::config::{Method, OutputConfig, ReconConfig, Source};
use crate::image::{Image, ImageUnit};
use crate::io::{Provenance, hdf5};
use crate::likelihood::Model;
use crate::operator::GaussianFilter;
use crate::report::{Input, ReconResult, Record, ReplayResult, hash_lines, peak_memory_mb};
use coincide_kernels::Level;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Reconstructs the measurement of a config and writes its files.
pub fn recon(path: &Path, options: &Options) -> Result<ReconResult, RunError> {
    let (source, config) = ReconConfig::read(path)?;
    recon_config(&source, &config, options)
}

/// Reconstructs with a config that is already read.
pub(super) fn recon_config(source: &Source, config: &ReconConfig, options: &Options) -> Result<ReconResult, RunError> {
    first(config.conflicts(source, options.force))?;
    if let Some(geometry) = early_geometry(&config.measurement, source)? {
        first(config.conflicts_with(&geometry, source))?;
    }
    let (_, result) = options.pool(config.run.threads)?.install(|| {
        let acquired = acquire(&config.measurement, source, options)?;
        reconstruct(source, config, acquired, options)
    })?;
    unless_interrupted(result)
}

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
    first(config.conflicts(&source, options.force))?;
    let (image, result) = options.pool(config.run.threads)?.install(|| {
        let acquired = acquire(&config.measurement, &source, options)?;
        let stored = provenance.get("inputs_sha256").unwrap_or_default();
        let same = |(line, input): (&str, &Input)| line.starts_with(&input.sha256);
        if stored.lines().count() != acquired.inputs.len() || !stored.lines().zip(&acquired.inputs).all(same) {
            let now = hash_lines(&acquired.inputs);
            return Err(RunError::Usage(format!(
                "the input files have changed since then; their hashes are now\n{now}"
            )));
        }
        reconstruct(&source, &config, acquired, options)
    })?;
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let identical = image.grid == stored.grid && bits(&image.values) == bits(&stored.values);
    Ok(ReplayResult { image: path.into(), identical, seconds: unless_interrupted(result)?.seconds })
}

/// The result, or the error that says what was saved when Ctrl-C ended the run.
pub(super) fn unless_interrupted(result: ReconResult) -> Result<ReconResult, RunError> {
    match interrupted(&result.stop) {
        false => Ok(result),
        true => Err(RunError::Interrupted { files: result.files }),
    }
}

/// Reconstructs a measurement that is there, and returns the image too.
pub(super) fn reconstruct(
    source: &Source,
    config: &ReconConfig,
    acquired: Acquired,
    options: &Options,
) -> Result<(Image, ReconResult), RunError> {
    let whole = Instant::now();
    let Acquired { mut measurement, inputs, seed } = acquired;
    first(config.conflicts_with(&measurement.geometry, source))?;
    let grid = config.image.grid(&measurement.geometry, source)?;
    if let Some(attenuation) = &config.attenuation {
        attenuate(&mut measurement, attenuation, source)?;
    }
    let resolution_mm = config.resolution.map(|filter| filter.widths_mm());
    let model = Model::new(&measurement, grid, resolution_mm, model_subsets(config, measurement.geometry.views))?;
    let reference = config.reference.as_ref().map(|truth| Reference::read(truth, &grid, source)).transpose()?;
    let unit = if measurement.calibrated { ImageUnit::BecquerelPerMl } else { ImageUnit::CountsPerMm };
    let mut record = Record {
        command: "recon",
        config: source.text.clone(),
        config_path: std::path::absolute(&source.path).unwrap_or_else(|_| source.path.clone()),
        inputs,
        seed,
        threads: rayon::current_num_threads(),
        level: Level::best().name().into(),
        seconds: Vec::new(),
    };
    let scene = Scene {
        source,
        config,
        model: &model,
        reference: reference.as_ref(),
        unit,
        provenance: &record.pairs().into_iter().collect(),
        options,
    };

    let made = match config.algorithm.method() {
        Method::Iterative(iterations) => scene.iterate(iterations)?,
        Method::Analytic(fbp) => scene.analytic(fbp)?,
    };
    let fit = fit(&model, &made.values);
    let image = scene.image(&match config.post_filter {
        None => made.values,
        Some(filter) => {
            let mut filtered = vec![0.0; made.values.len()];
            GaussianFilter::new(&grid, filter.widths_mm()).apply(&made.values, &mut filtered);
            filtered
        }
    });
    let metrics = reference.as_ref().map_or_else(BTreeMap::new, |reference| reference.figures(&image));
    record.seconds = vec![("reconstruction", made.seconds), ("total", whole.elapsed().as_secs_f64())];
    let provenance: Provenance = record.pairs().into_iter().collect();
    let files = options.interrupt.hold(|| write_outputs(&config.output, source, options.force, &image, &provenance))?;
    let iterative = config.algorithm.iterations().is_some();
    let result = ReconResult {
        output: files.first().cloned(),
        files,
        algorithm: config.algorithm.name().into(),
        updates: made.updates,
        stop: made.stop,
        seconds: made.seconds,
        seconds_total: whole.elapsed().as_secs_f64(),
        objective: iterative.then_some(fit.objective),
        counts_in_image: fit.counts_in_image,
        counts_net: measurement.total_prompts() - measurement.total_background(),
        counts_prompts: measurement.total_prompts(),
        metrics,
        kkt: iterative.then_some(fit.kkt),
        unit: unit.to_string(),
        threads: record.threads,
        level: record.level,
        peak_memory_mb: peak_memory_mb(),
        history: made.history,
    };
    Ok((image, result))
}

/// Subsets of the algorithm; an analytic image is compared with the counts a few views at a time.
fn model_subsets(config: &ReconConfig, views: usize) -> usize {
    match config.algorithm.method() {
        Method::Iterative(iterations) => iterations.subsets,
        Method::Analytic(_) => (1..=views.min(32)).rev().find(|count| views % count == 0).unwrap_or(1),
    }
}
