//! The measurement of a config: read, histogrammed or simulated, with the hashes of the files that went into it.

use super::listmode::{from_listmode, listmode_outline};
use super::scan::{Scan, inputs};
use super::{Options, RunError};
use crate::config::{
    AcquisitionConfig, BelowZero, ConfigError, InterfileConfig, MeasurementConfig, MeasurementFile, NegativePrompts,
    Source,
};
use crate::data::{Background, Clock, Correction, Isotope, Ledger, Measurement, Outline};
use crate::io::interfile::{Contents, ProjectionData, read_projection_data};
use crate::io::{self, IoError, TINY, zero_rounding};
use crate::paths::FilePath;
use crate::scanner::SinogramGeometry;
use crate::simulate::{SimulationConfig, simulate};
use crate::units::DelaySeconds;
use std::path::Path;

/// Reads, histograms or simulates the measurement.
pub(crate) fn acquire(config: &MeasurementConfig, source: &Source, options: &Options) -> Result<Scan, RunError> {
    match config {
        MeasurementConfig::File(file) => {
            let (mut measurement, _) = io::open_measurement(&file.path)?;
            complete(file, &mut measurement.ledger, &mut measurement.clock, source)?;
            if measurement.factors.is_none() && measurement.background.is_none() {
                told_of_corrected_counts(&measurement.ledger, options);
            }
            Ok(Scan { inputs: inputs(&file.path)?, ..measurement.into() })
        }
        MeasurementConfig::Memory => Err(MeasurementConfig::missing(source).into()),
        MeasurementConfig::Interfile(files) => from_interfile(files, source, options),
        MeasurementConfig::MmrListmode(listmode) => from_listmode(listmode, options),
        MeasurementConfig::Simulated(acquisition) => {
            let (scans, scanned_voxels_mm) = simulated(acquisition, source, "measurement.simulated", options)?;
            let seed = Some(acquisition.simulation.seed);
            match <[Measurement; 1]>::try_from(scans) {
                Ok([measurement]) => {
                    let inputs = acquisition.phantom.file().map_or(Ok(Vec::new()), inputs)?;
                    Ok(Scan { measurement, inputs, seed, scanned_voxels_mm })
                }
                Err(scans) => Err(several_levels(scans.len(), source).into()),
            }
        }
    }
}

/// The key that names the measurement.
pub(super) fn key(config: &MeasurementConfig) -> &'static str {
    match config {
        MeasurementConfig::File(_) => "measurement.file",
        MeasurementConfig::Interfile(_) => "measurement.interfile.prompts",
        MeasurementConfig::MmrListmode(_) => "measurement.mmr-listmode.file",
        MeasurementConfig::Simulated(_) | MeasurementConfig::Memory => "measurement",
    }
}

/// What is known of the measurement before its counts are there.
pub(super) fn outline(config: &MeasurementConfig, source: &Source) -> Result<Outline, RunError> {
    Ok(match config {
        MeasurementConfig::Memory => return Err(MeasurementConfig::missing(source).into()),
        MeasurementConfig::Simulated(acquisition) => {
            let levels = acquisition.simulation.dose_levels.len();
            if levels != 1 {
                return Err(several_levels(levels, source).into());
            }
            simulated_outline(acquisition.geometry(source, "measurement.simulated")?, &acquisition.simulation)
        }
        MeasurementConfig::MmrListmode(listmode) => listmode_outline(listmode)?,
        MeasurementConfig::Interfile(files) => {
            let mut outline = io::outline(&files.prompts)?;
            outline.factors = files.factors.is_some();
            outline.background = files.background.is_some() || files.additive.is_some();
            (outline.ledger, outline.clock) = files_ledger(files, &outline, source)?;
            outline
        }
        MeasurementConfig::File(file) => {
            let mut outline = io::outline(&file.path)?;
            complete(file, &mut outline.ledger, &mut outline.clock, source)?;
            outline
        }
    })
}

fn several_levels(levels: usize, source: &Source) -> ConfigError {
    let message = format!("{levels} dose levels; a reconstruction takes one");
    let at = "measurement.simulated.simulation.dose_levels";
    source.mistake(at, message, Some("`coincide simulate` writes one file per level".into()))
}

/// What is known of a scan before it is simulated.
pub(crate) fn simulated_outline(geometry: SinogramGeometry, simulation: &SimulationConfig) -> Outline {
    let (ledger, clock) = (simulation.ledger(), simulation.clock());
    Outline { ledger, factors: true, background: true, ..Outline::of_counts(geometry, clock) }
}

/// Adds what the config says of a file that does not say it itself.
fn complete(file: &MeasurementFile, ledger: &mut Ledger, clock: &mut Clock, source: &Source) -> Result<(), RunError> {
    if let Some(stated) = &file.contains {
        let stated = stated.iter().copied().collect();
        match &ledger.contains {
            Some(own) if *own != stated => {
                let message = format!("the file itself says that it holds {}", ledger.in_words());
                return Err(source
                    .mistake("measurement.file.contains", message, Some("remove this key".into()))
                    .into());
            }
            _ => ledger.contains = Some(stated),
        }
    }
    decay_moment(ledger, file.decay_moment_s, "measurement.file", source)?;
    clock.isotope = one_isotope(clock.isotope, file.isotope, "measurement.file.isotope", source)?;
    Ok(())
}

/// The moment to which decay that a measurement holds is corrected: the file's own, or that of the config.
fn decay_moment(
    ledger: &mut Ledger,
    stated: Option<DelaySeconds>,
    at: &str,
    source: &Source,
) -> Result<(), ConfigError> {
    let key = format!("{at}.decay_moment_s");
    let stated = stated.map(DelaySeconds::get);
    match (ledger.holds(Correction::Decay), ledger.moment_s, stated) {
        (true, None, None) => {
            let message = "it is not known to which moment its decay is corrected";
            let help =
                "add `decay_moment_s = 0` where it is the start of the acquisition, or so many seconds before it";
            Err(source.mistake(&format!("{at}.contains"), message, Some(help.into())))
        }
        (false, _, Some(_)) => {
            let message = "the measurement does not hold its decay, so that it refers to no moment";
            Err(source.mistake(&key, message, Some("name `decay` in `contains`, or remove this key".into())))
        }
        (true, Some(own), Some(stated)) if own != stated => {
            let message = format!("the file itself says that its decay is corrected to {own} s before the start");
            Err(source.mistake(&key, message, Some("remove this key".into())))
        }
        (_, own, stated) => {
            ledger.moment_s = own.or(stated);
            Ok(())
        }
    }
}

/// The isotope of two that may say it.
pub(super) fn one_isotope(
    own: Option<Isotope>,
    stated: Option<Isotope>,
    at: &str,
    source: &Source,
) -> Result<Option<Isotope>, ConfigError> {
    match (own, stated) {
        (Some(own), Some(stated)) if own != stated => {
            let message = format!("the measurement says that its isotope is {own}, not {stated}");
            Err(source.mistake(at, message, Some("correct the one or the other".into())))
        }
        _ => Ok(stated.or(own)),
    }
}

/// Simulates an acquisition: one measurement per dose level, and the voxels in mm of the image that was scanned.
pub(super) fn simulated(
    config: &AcquisitionConfig,
    source: &Source,
    at: &str,
    options: &Options,
) -> Result<(Vec<Measurement>, Option<[f64; 3]>), RunError> {
    let (geometry, phantom) = (config.geometry(source, at)?, config.phantom(source, at)?);
    let progress = options.console.progress("simulating");
    let scans = simulate(&phantom, &geometry, &config.simulation, &|done, total| progress.set(done, total))?;
    Ok((scans, phantom.voxel_grid().map(|grid| grid.voxel_mm)))
}

/// Prompts with those below zero set to zero, and a word on how many they were.
fn without_negatives(path: &Path, options: &Options) -> Result<ProjectionData, RunError> {
    let mut data = read_projection_data(path, Contents::Signed)?;
    let (mut bins, mut sum) = (0, 0.0);
    for value in data.values.iter_mut().filter(|value| **value < 0.0) {
        bins += 1;
        sum += f64::from(*value);
        *value = 0.0;
    }
    let of = data.values.len();
    options.console.say(format!("{bins} of {of} prompts were below zero ({sum:.1} together) and are set to 0"));
    Ok(data)
}

/// Says that prompts are no counts any more.
fn told_of_corrected_counts(own: &Ledger, options: &Options) {
    if own.contains.as_ref().is_some_and(|held| !held.is_empty()) {
        options.warn(&format!(
            "the header says that the counts themselves were corrected ({}): they are no Poisson counts any more, and \
             are weighted as if they were; give the prompts as measured where you have them",
            own.in_words()
        ));
    }
}

/// What the files of an Interfile measurement hold, and when they were made; what the header of the prompts says of
/// them joins what the config says of the factors and the background.
fn files_ledger(files: &InterfileConfig, own: &Outline, source: &Source) -> Result<(Ledger, Clock), RunError> {
    let of_counts = own.ledger.contains.clone().unwrap_or_default();
    let others = files.factors.is_some() || files.background.is_some() || files.additive.is_some();
    let stated = files.contains.as_ref().map(|stated| stated.iter().copied().collect());
    if stated.is_none() && others && !of_counts.is_empty() {
        let message = format!("the header of the prompts says that they were corrected ({})", own.ledger.in_words());
        let help = "say what factors and background hold: `contains = [\"attenuation\"]`";
        return Err(source.mistake("measurement.interfile", message, Some(help.into())).into());
    }
    let contains = match stated {
        Some(stated) => Some(&stated | &of_counts),
        None if others => None,
        None => Some(of_counts),
    };
    let mut ledger = Ledger { contains, ..Ledger::default() };
    decay_moment(&mut ledger, files.decay_moment_s, "measurement.interfile", source)?;
    let isotope = one_isotope(own.clock.isotope, files.isotope, "measurement.interfile.isotope", source)?;
    Ok((ledger, Clock { isotope, ..own.clock }))
}

fn from_interfile(files: &InterfileConfig, source: &Source, options: &Options) -> Result<Scan, RunError> {
    let ProjectionData { geometry, values, .. } = match files.negative_prompts {
        NegativePrompts::Refuse => read_projection_data(&files.prompts, Contents::Counts)?,
        NegativePrompts::Zero => without_negatives(&files.prompts, options)?,
    };
    let outline = io::outline(&files.prompts)?;
    told_of_corrected_counts(&outline.ledger, options);
    let (ledger, clock) = files_ledger(files, &outline, source)?;
    let prompts = values.into();
    let mut measurement = Measurement { geometry, prompts, factors: None, background: None, ledger, clock };
    let at = |key: &str| format!("measurement.interfile.{key}");
    let how = (files.rounding_below_zero, source, options);
    if let Some(path) = &files.factors {
        let geometry = SinogramGeometry { tof: None, ..measurement.geometry.clone() };
        measurement.factors = Some(matching(path, &at("factors"), &geometry, how)?);
    }
    if let Some(path) = &files.background {
        let background = matching(path, &at("background"), &measurement.geometry, how)?;
        measurement.background = Some(Background::of_bins(measurement.geometry.shape(), background));
    }
    if let Some(path) = &files.additive {
        let mut background = matching(path, &at("additive"), &measurement.geometry, how)?;
        scale_by_factors(&mut background, &measurement);
        measurement.background = Some(Background::of_bins(measurement.geometry.shape(), background));
    }
    let named = [Some(&files.prompts), files.factors.as_ref(), files.background.as_ref(), files.additive.as_ref()];
    let hashed = named.into_iter().flatten().map(|path| inputs(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(Scan { inputs: hashed.into_iter().flatten().collect(), ..measurement.into() })
}

/// b = m · a
fn scale_by_factors(additive: &mut [f32], measurement: &Measurement) {
    let Some(factors) = &measurement.factors else { return };
    let [_, _, tof, planes] = measurement.geometry.shape();
    for (line, factors) in additive.chunks_mut(tof * planes).zip(factors.chunks(planes)) {
        for (index, value) in line.iter_mut().enumerate() {
            *value *= factors[index % planes];
        }
    }
}

/// Projection data that must be of the prompts' geometry.
fn matching(
    path: &FilePath,
    at: &str,
    geometry: &SinogramGeometry,
    (rounding, source, options): (BelowZero, &Source, &Options),
) -> Result<Vec<f32>, RunError> {
    let contents = if rounding == BelowZero::Zero { Contents::Signed } else { Contents::Counts };
    let mut data = read_projection_data(path, contents)?;
    same_geometry(path, &data.geometry, geometry, at, source)?;
    if rounding == BelowZero::Zero {
        let told = zero_rounding(path, at, &mut data.values, &geometry.shape(), TINY)?;
        told.iter().for_each(|told| options.warn(&format!("{}: {told}", path.display())));
    }
    Ok(data.values)
}

/// A sinogram that must have the lines of the prompts.
pub(super) fn same_geometry(
    path: &Path,
    found: &SinogramGeometry,
    prompts: &SinogramGeometry,
    at: &str,
    source: &Source,
) -> Result<(), RunError> {
    let Some(difference) = prompts.difference(found) else { return Ok(()) };
    let field = format!("{} (`{at}`)", difference.field);
    let expected = format!("{}, as the prompts have", difference.expected);
    let error = IoError::Field { path: path.into(), field, found: difference.found, expected };
    Err(source.mistake(at, error.to_string(), Some("both must be histogrammed in the same way".into())).into())
}
