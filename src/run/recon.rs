//! `coincide recon`: measurement → image → files.

use super::confidence::Confidence;
use super::corrections::{Corrections, correct};
use super::field::field;
use super::finished::image_of;
use super::impossible::{LeftOut, impossible_counts};
use super::inputs::further_inputs;
use super::measurement::{acquire, outline};
use super::named::NamedImages;
use super::page::{Shown, recon_page};
use super::prepare::{Prepared, prepare};
use super::scan::Scan;
use super::scene::Scene;
use super::sentinel::held_out;
use super::uptake::suv_of;
use super::{Options, RunError, first, write_outputs};
use crate::config::{Method, ReconConfig, ResolutionConfig, Source};
use crate::data::{Outline, most_subsets};
use crate::image::{Image, ImageGrid};
use crate::likelihood::Model;
use crate::operator::Margin;
use crate::report::{ReconResult, Record};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Voxels of a scanned image are finer where they are this much smaller.
const FINER: f64 = 0.7;

/// Reconstructs the measurement of a config and writes its files.
pub fn recon(path: &Path, options: &Options) -> Result<ReconResult, RunError> {
    let (source, config) = ReconConfig::read(path)?;
    first(config.conflicts(&source, options.force))?;
    let outline = outline(&config.measurement, &source)?;
    let scan = || acquire(&config.measurement, &source, options);
    Ok(on_its_threads(&source, &config, &outline, scan, options)?.result)
}

/// Reconstructs a measurement that is in memory: everything that [`recon`] does with one that its config names.
///
/// The config has no `[measurement]`; relative paths in it start at the folder of `source.path`, and what is written is
/// what `[output]` says. The images come back as they are written, in the unit of the measurement.
///
/// ```no_run
/// use coincide::config::Source;
/// use coincide::prelude::*;
/// # fn of(measurement: Measurement) -> Result<(), Box<dyn std::error::Error>> {
/// let text = "[prior.relative-difference]\nbeta = 0.01\n[algorithm.svrg]\nsubsets = 6\niterations = 4";
/// let source = Source { path: "in-memory.toml".into(), text: text.into() };
/// let made = reconstruct(&source, &source.parse()?, measurement, &Options::default())?;
/// println!("{} {:?}", made.result.seconds, made.image.grid.shape);
/// # Ok(())
/// # }
/// ```
pub fn reconstruct(
    source: &Source,
    config: &ReconConfig,
    scan: impl Into<Scan>,
    options: &Options,
) -> Result<Reconstruction, RunError> {
    let scan = scan.into();
    first(config.conflicts(source, options.force))?;
    let outline = Outline::from(&scan.measurement);
    on_its_threads(source, config, &outline, || Ok(scan), options)
}

/// Says where the voxels that were scanned are not finer than those of the image: the scan is then made by nearly the
/// model that explains it.
fn told_of_inverse_crime(scanned_mm: Option<[f64; 3]>, grid: &ImageGrid, options: &Options) {
    let coarse = |mm: &[f64; 3]| (0..3).any(|axis| mm[axis] > FINER * grid.voxel_mm[axis]);
    if let Some([x, y, z]) = scanned_mm.filter(coarse) {
        options.warn(&format!(
            "the scanned image has voxels of {x} x {y} x {z} mm, hardly finer than those of the image: a scan made \
             with the model that explains it looks better than any real one; scan a finer image"
        ));
    }
}

/// Gets a scan and reconstructs it on the threads that the config asks for.
fn on_its_threads(
    source: &Source,
    config: &ReconConfig,
    outline: &Outline,
    scan: impl FnOnce() -> Result<Scan, RunError> + Send,
    options: &Options,
) -> Result<Reconstruction, RunError> {
    let pool = options.pool(config.run.threads)?;
    let mut made = pool.install(|| {
        let Prepared { corrections, images, problems, .. } = prepare(source, config, outline, options);
        first(problems)?;
        reconstruct_prepared(source, config, (&corrections, images), scan()?, options)
    })?;
    made.result = unless_interrupted(made.result, options)?;
    Ok(made)
}

/// The result, or the error that says what was saved when Ctrl-C ended the run.
pub(super) fn unless_interrupted(result: ReconResult, options: &Options) -> Result<ReconResult, RunError> {
    match options.interrupt.pressed() {
        false => Ok(result),
        true => Err(RunError::Interrupted { files: result.files }),
    }
}

/// A finished reconstruction.
pub struct Reconstruction {
    /// The image, filtered as the config asks.
    pub image: Image,
    /// The image on the grid of the model, and what of it is wanted.
    pub(crate) whole: (Image, Margin),
    /// What is said of it: figures, warnings, distance from the maximum, sentinel, files.
    pub result: ReconResult,
    pub(crate) confidence: Option<Confidence>,
    /// Voxels at which the sentinel says that activity is missing.
    pub(crate) missing: Option<Vec<bool>>,
}

/// Reconstructs a measurement that is there, on the threads of the caller.
pub(crate) fn reconstruct_scan(
    source: &Source,
    config: &ReconConfig,
    acquired: Scan,
    options: &Options,
) -> Result<Reconstruction, RunError> {
    let outline = Outline::from(&acquired.measurement);
    first(config.conflicts_with(&outline.geometry, source))?;
    let (corrections, conflicts) = Corrections::read(config, &outline, source, options);
    first(conflicts)?;
    let (grid, unit) = (config.image.grid(&outline.geometry, source)?, corrections.unit(&outline.ledger));
    let (images, conflicts) = NamedImages::read(config, (&grid, unit), source, options);
    first(conflicts)?;
    reconstruct_prepared(source, config, (&corrections, images), acquired, options)
}

fn reconstruct_prepared(
    source: &Source,
    config: &ReconConfig,
    (corrections, images): (&Corrections, NamedImages),
    acquired: Scan,
    options: &Options,
) -> Result<Reconstruction, RunError> {
    let whole = Instant::now();
    let Scan { mut measurement, inputs, seed, scanned_voxels_mm } = acquired;
    correct(&mut measurement, corrections, config, source, options)?;
    let suv = |suv| suv_of(suv, &measurement.ledger, &measurement.clock, config.decay.as_ref(), source);
    let suv = config.suv.as_ref().map(suv).transpose()?;
    let grid = config.image.grid(&measurement.geometry, source)?;
    told_of_inverse_crime(scanned_voxels_mm, &grid, options);
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    let sentinel = config.sentinel();
    let (measurement, kept) = held_out(sentinel.as_ref(), measurement)?;
    let margin = field(config, &measurement, grid, options);
    let subsets = model_subsets(config, measurement.geometry.views);
    let (mut measurement, kept) = (Arc::new(measurement), kept.map(Arc::new));
    let model = Model::new(&measurement, margin.wider(), widths.clone(), subsets)?;
    let left_out = match config.algorithm.method() {
        Method::Iterative(_) => impossible_counts(&model, config.run.impossible)?,
        Method::Analytic(_) => LeftOut::default(),
    };
    let model = if left_out.bins.is_empty() {
        model
    } else {
        drop(model); // whose measurement it is, too
        Arc::make_mut(&mut measurement).prompts.clear(&left_out.bins);
        Model::new(&measurement, margin.wider(), widths, subsets)?
    };
    left_out.warning.iter().for_each(|warning| options.warn(warning));
    let mut record = Record::new("recon", &source.text, &source.path);
    (record.inputs, record.seed) = (inputs.into_iter().chain(further_inputs(config)?).collect(), seed);
    record.told = vec![("holds", measurement.ledger.in_words()), ("activity", measurement.ledger.moment())];
    let unit = measurement.ledger.unit();
    let provenance = record.pairs().into_iter().collect();
    let (model, images, reference) = (&model, &images, images.reference.as_ref());
    let scene =
        Scene { source, config, model, margin: &margin, images, reference, unit, provenance: &provenance, options };

    // Until the files are written, Ctrl-C must not lose the image.
    let (made, whole_image, image, mut files) = options.interrupt.hold(|| -> Result<_, RunError> {
        let (made, whole_image) = image_of(&scene)?;
        let image = margin.crop(&whole_image);
        record.told.push(("updates", made.updates.to_string()));
        record.told.extend(made.blend.map(|blend| ("blend", blend.to_string())));
        record.seconds = vec![("reconstruction", made.seconds), ("total", whole.elapsed().as_secs_f64())];
        let provenance = record.pairs().into_iter().collect();
        let files = write_outputs(&config.output, options, &image, &provenance)?;
        Ok((made, whole_image, image, files))
    })?;

    let judged = sentinel.map(|sentinel| scene.sentinel(&sentinel, &whole_image, kept.as_ref())).transpose()?;
    let asked = config.confidence.as_ref().filter(|_| !options.interrupt.pressed());
    let confidence = asked.map(|confidence| scene.confidence(confidence, &whole_image)).transpose()?.flatten();
    let mut result = scene.result(made, &image, suv);
    result.warnings.splice(0..0, options.warnings.take());
    result.sentinel = judged.as_ref().map(|judged| judged.result.clone());
    result.confidence = confidence.as_ref().map(|confidence| confidence.result.clone());
    files.extend(judged.iter().flat_map(|judged| judged.files.clone()));
    files.extend(confidence.as_ref().and_then(|confidence| confidence.file.clone()));
    result.seconds_total = whole.elapsed().as_secs_f64();
    if let Some(path) = config.output.report.as_ref() {
        let shown = Shown { image: &image, reference, judged: judged.as_ref(), confidence: confidence.as_ref() };
        recon_page(&result, &shown, &record.pairs()).write(path, options.force)?;
        files.push(path.to_path_buf());
    }
    (result.output, result.files) = (files.first().cloned(), files);
    let missing = judged.map(|judged| judged.missing);
    Ok(Reconstruction { image, whole: (whole_image, margin), result, confidence, missing })
}

/// Subsets of the algorithm; an analytic image is compared with the counts a few views at a time.
fn model_subsets(config: &ReconConfig, views: usize) -> usize {
    match config.algorithm.method() {
        Method::Iterative(iterations) => iterations.subsets,
        Method::Analytic(_) => most_subsets(views, 32),
    }
}
