//! `coincide recon`: measurement → image → files.

use super::attenuation::attenuate;
use super::figures::Reference;
use super::iterate::Scene;
use super::measurement::{Acquired, acquire, early_geometry};
use super::{Options, RunError, first, write_outputs};
use crate::config::{Method, ReconConfig, Source};
use crate::image::{Image, ImageUnit};
use crate::likelihood::Model;
use crate::operator::GaussianFilter;
use crate::report::{ReconResult, Record};
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
    unless_interrupted(result, options)
}

/// The result, or the error that says what was saved when Ctrl-C ended the run.
pub(super) fn unless_interrupted(result: ReconResult, options: &Options) -> Result<ReconResult, RunError> {
    match options.interrupt.pressed() {
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
    if let Some(attenuation) = &config.attenuation {
        attenuate(&mut measurement, attenuation, source)?;
    }
    let grid = config.image.grid(&measurement.geometry, source)?;
    let resolution_mm = config.resolution.map(|filter| filter.widths_mm());
    let model = Model::new(&measurement, grid, resolution_mm, model_subsets(config, measurement.geometry.views))?;
    let reference = config.reference.as_ref().map(|truth| Reference::read(truth, &grid, source)).transpose()?;
    let mut record = Record::new("recon", &source.text, &source.path);
    (record.inputs, record.seed) = (inputs, seed);
    let unit = if measurement.calibrated { ImageUnit::BecquerelPerMl } else { ImageUnit::CountsPerMm };
    let provenance = record.pairs().into_iter().collect();
    let (model, reference) = (&model, reference.as_ref());
    let scene = Scene { source, config, model, reference, unit, provenance: &provenance, options };

    // Until the files are written, Ctrl-C must not lose the image.
    let (made, image, files) = options.interrupt.hold(|| -> Result<_, RunError> {
        let made = match config.algorithm.method() {
            Method::Iterative(iterations) => scene.iterate(iterations)?,
            Method::Analytic(fbp) => scene.analytic(fbp)?,
        };
        let image = post_filter(scene.image(made.values.clone()), config);
        record.seconds = vec![("reconstruction", made.seconds), ("total", whole.elapsed().as_secs_f64())];
        let provenance = record.pairs().into_iter().collect();
        let files = write_outputs(&config.output, source, options.force, &image, &provenance)?;
        Ok((made, image, files))
    })?;

    let mut result = scene.result(made, &image);
    (result.output, result.files) = (files.first().cloned(), files);
    result.seconds_total = whole.elapsed().as_secs_f64();
    Ok((image, result))
}

/// The Gaussian filter of the finished image.
fn post_filter(mut image: Image, config: &ReconConfig) -> Image {
    if let Some(filter) = config.post_filter {
        let mut filtered = vec![0.0; image.values.len()];
        GaussianFilter::new(&image.grid, filter.widths_mm()).apply(&image.values, &mut filtered);
        image.values = filtered;
    }
    image
}

/// Subsets of the algorithm; an analytic image is compared with the counts a few views at a time.
fn model_subsets(config: &ReconConfig, views: usize) -> usize {
    match config.algorithm.method() {
        Method::Iterative(iterations) => iterations.subsets,
        Method::Analytic(_) => (1..=views.min(32)).rev().find(|count| views.is_multiple_of(*count)).unwrap_or(1),
    }
}
