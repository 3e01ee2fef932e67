//! `coincide simulate`: phantom → measurement file, one per dose level.

use super::measurement::simulated;
use super::memory::{simulation_bytes, too_much};
use super::scan::inputs;
use super::{Options, RunError, first};
use crate::config::{ConfigError, SimulateConfig, Source};
use crate::data::Measurement;
use crate::io::{Provenance, hdf5};
use crate::paths::shown;
use crate::report::Record;
use crate::simulate::{delayeds, singles_rates};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Result of `coincide simulate`.
#[derive(Clone, Debug, Serialize)]
pub struct SimulateResult {
    /// One file per dose level.
    pub files: Vec<SimulatedFile>,
    /// Time of the simulation in s.
    pub seconds: f64,
    /// Seed of the counts.
    pub seed: u64,
}

/// A simulated measurement.
#[derive(Clone, Debug, Serialize)]
pub struct SimulatedFile {
    /// The file.
    pub output: PathBuf,
    /// Share of the full scan.
    pub dose: f64,
    /// Prompts y.
    pub prompts: f64,
    /// Expected background b.
    pub background: f64,
    /// Shape `[view, radial, tof, plane]`.
    pub shape: [usize; 4],
}

/// What keeps the acquisition of a config from being simulated.
pub(super) fn problems(source: &Source, config: &SimulateConfig, options: &Options) -> Vec<ConfigError> {
    let mut problems = config.conflicts(source, options.force);
    if let Ok(geometry) = config.acquisition.geometry(source, "acquisition") {
        let bytes = simulation_bytes(&config.acquisition.simulation, &geometry);
        problems.extend(too_much(bytes, config.run.memory_gb, "acquisition.sinogram", source));
    }
    problems
}

/// Simulates the acquisition of a config and writes it.
pub fn simulate(path: &Path, options: &Options) -> Result<SimulateResult, RunError> {
    let (source, config) = SimulateConfig::read(path)?;
    first(problems(&source, &config, options))?;
    let start = Instant::now();
    let pool = options.pool(config.run.threads)?;
    let (scans, _) = pool.install(|| simulated(&config.acquisition, &source, "acquisition", options))?;
    let seconds = start.elapsed().as_secs_f64();
    let simulation = &config.acquisition.simulation;
    let mut record = pool.install(|| Record::new("simulate", &source.text, &source.path));
    record.inputs = config.acquisition.phantom.file().map_or(Ok(Vec::new()), inputs)?;
    (record.seed, record.seconds) = (Some(simulation.seed), vec![("simulation", seconds)]);
    let provenance: Provenance = record.pairs().into_iter().collect();
    let write = |(scan, (dose, output)): (&Measurement, (f64, PathBuf))| {
        options.interrupt.hold(|| hdf5::write_measurement(&output, options.force, scan, &provenance))?;
        let (prompts, background) = (scan.total_prompts(), scan.total_background());
        Ok(SimulatedFile { output, dose, prompts, background, shape: scan.geometry.shape() })
    };
    let files = scans.iter().zip(config.measurements()).map(write).collect::<Result<_, RunError>>()?;
    pool.install(|| write_beside(&config, &source, &provenance, options))?;
    Ok(SimulateResult { files, seconds, seed: simulation.seed })
}

/// Delayeds and singles, where they are asked for.
fn write_beside(
    config: &SimulateConfig,
    source: &Source,
    provenance: &Provenance,
    options: &Options,
) -> Result<(), RunError> {
    let (acquisition, at) = (&config.acquisition, "acquisition");
    let (geometry, phantom) = (acquisition.geometry(source, at)?, acquisition.phantom(source, at)?);
    if let Some(path) = config.output.delayeds.as_ref() {
        let delayeds = delayeds(&phantom, &geometry, &acquisition.simulation)?;
        options.interrupt.hold(|| hdf5::write_measurement(path, options.force, &delayeds, provenance))?;
    }
    if let Some(path) = config.output.singles.as_ref()
        && let Some(singles) = singles_rates(&phantom, &geometry, &acquisition.simulation)?
    {
        let rings = geometry.scanner.rings;
        options.interrupt.hold(|| hdf5::write_singles(path, options.force, &singles, rings, provenance))?;
    }
    Ok(())
}

impl std::fmt::Display for SimulateResult {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        for file in &self.files {
            let net = file.prompts - file.background;
            writeln!(
                f,
                "{}: {:.0} prompts, {net:.0} net trues, bins {:?}",
                shown(&file.output),
                file.prompts,
                file.shape
            )?;
        }
        writeln!(f, "{:.1} s, seed {}", self.seconds, self.seed)
    }
}
