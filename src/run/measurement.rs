//! The measurement of a config: read, histogrammed or simulated, with the hashes of the files that went into it.

use super::listmode::{from_listmode, listmode_geometry};
use super::scan::{Scan, input};
use super::{Options, RunError};
use crate::choice::FilePath;
use crate::config::{AcquisitionConfig, InterfileConfig, MeasurementConfig, NegativePrompts, Source};
use crate::data::{Background, Measurement};
use crate::io::interfile::{Contents, ProjectionData, read_geometry, read_projection_data};
use crate::io::{IoError, hdf5};
use crate::scanner::SinogramGeometry;
use crate::simulate::simulate;
use std::path::{Path, PathBuf};

/// Reads, histograms or simulates the measurement.
pub(crate) fn acquire(config: &MeasurementConfig, source: &Source, options: &Options) -> Result<Scan, RunError> {
    match config {
        MeasurementConfig::File(path) => {
            let measurement = read_measurement(path)?;
            Ok(Scan { measurement, inputs: vec![input(path.to_path_buf())?], seed: None })
        }
        MeasurementConfig::Memory => Err(MeasurementConfig::missing(source).into()),
        MeasurementConfig::Interfile(files) => from_interfile(files, options),
        MeasurementConfig::MmrListmode(listmode) => from_listmode(listmode, options),
        MeasurementConfig::Simulated(acquisition) => {
            let scans = simulated(acquisition, source, "measurement.simulated", options)?;
            let seed = Some(acquisition.simulation.seed);
            match <[Measurement; 1]>::try_from(scans) {
                Ok([measurement]) => Ok(Scan { measurement, inputs: Vec::new(), seed }),
                Err(scans) => {
                    let message = format!("{} dose levels; a reconstruction takes one", scans.len());
                    let at = "measurement.simulated.simulation.dose_levels";
                    Err(source
                        .mistake(at, message, Some("`coincide simulate` writes one file per level".into()))
                        .into())
                }
            }
        }
    }
}

/// The geometry of the measurement, without reading its counts.
pub(super) fn measurement_geometry(config: &MeasurementConfig, source: &Source) -> Result<SinogramGeometry, RunError> {
    Ok(match config {
        MeasurementConfig::Memory => return Err(MeasurementConfig::missing(source).into()),
        MeasurementConfig::Simulated(acquisition) => acquisition.geometry(source, "measurement.simulated")?,
        MeasurementConfig::MmrListmode(listmode) => listmode_geometry(listmode)?,
        MeasurementConfig::Interfile(files) => read_geometry(&files.prompts)?,
        MeasurementConfig::File(path) if is_interfile(path) => read_geometry(path)?,
        MeasurementConfig::File(path) => hdf5::read_outline(path)?.geometry,
    })
}

/// Simulates an acquisition: one measurement per dose level.
pub(super) fn simulated(
    config: &AcquisitionConfig,
    source: &Source,
    at: &str,
    options: &Options,
) -> Result<Vec<Measurement>, RunError> {
    let (geometry, phantom) = (config.geometry(source, at)?, config.phantom(source, at)?);
    let progress = options.console.progress("simulating");
    Ok(simulate(&phantom, &geometry, &config.simulation, &|done, total| progress.set(done, total))?)
}

/// Reads a measurement file: Coincide's HDF5, or Interfile prompts without corrections.
pub(super) fn read_measurement(path: &Path) -> Result<Measurement, RunError> {
    if !is_interfile(path) {
        return Ok(hdf5::read_measurement(path)?.0);
    }
    Ok(prompts_alone(read_projection_data(path, Contents::Counts)?))
}

/// Interfile prompts with those below zero set to zero, and a word on how many they were.
fn without_negatives(path: &Path, options: &Options) -> Result<Measurement, RunError> {
    let mut data = read_projection_data(path, Contents::Signed)?;
    let (mut bins, mut sum) = (0, 0.0);
    for value in data.values.iter_mut().filter(|value| **value < 0.0) {
        bins += 1;
        sum += f64::from(*value);
        *value = 0.0;
    }
    let of = data.values.len();
    options.console.say(format!("{bins} of {of} prompts were below zero ({sum:.1} together) and are set to 0"));
    Ok(prompts_alone(data))
}

fn prompts_alone(ProjectionData { geometry, values, duration_s }: ProjectionData) -> Measurement {
    Measurement { geometry, prompts: values.into(), factors: None, background: None, calibrated: false, duration_s }
}

/// Whether a name is that of an Interfile header.
pub(super) fn is_interfile(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("hs"))
}

fn from_interfile(files: &InterfileConfig, options: &Options) -> Result<Scan, RunError> {
    let mut inputs = Vec::new();
    let mut file = |path: &FilePath| -> Result<PathBuf, RunError> {
        inputs.push(input(path.to_path_buf())?);
        Ok(path.to_path_buf())
    };
    let mut measurement = match files.negative_prompts {
        NegativePrompts::Refuse => read_measurement(&file(&files.prompts)?)?,
        NegativePrompts::Zero => without_negatives(&file(&files.prompts)?, options)?,
    };
    if let Some(path) = &files.factors {
        let factors = matching(&file(path)?, &SinogramGeometry { tof: None, ..measurement.geometry.clone() })?;
        measurement.factors = Some(factors);
    }
    if let Some(path) = &files.background {
        let background = matching(&file(path)?, &measurement.geometry)?;
        measurement.background = Some(Background::of_bins(measurement.geometry.shape(), background));
    }
    if let Some(path) = &files.additive {
        let mut background = matching(&file(path)?, &measurement.geometry)?;
        scale_by_factors(&mut background, &measurement);
        measurement.background = Some(Background::of_bins(measurement.geometry.shape(), background));
    }
    Ok(Scan { measurement, inputs, seed: None })
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
fn matching(path: &Path, geometry: &SinogramGeometry) -> Result<Vec<f32>, RunError> {
    let data = read_projection_data(path, Contents::Counts)?;
    if data.geometry.shape() == geometry.shape() && data.geometry.segments == geometry.segments {
        return Ok(data.values);
    }
    Err(RunError::Io(IoError::Field {
        path: path.into(),
        field: "the sinogram [view, radial, tof, plane]".into(),
        found: format!("{:?}", data.geometry.shape()),
        expected: format!("that of the prompts, {:?}, with the same segments", geometry.shape()),
    }))
}
