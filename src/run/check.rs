//! `coincide check`: finds conflicts and predicts memory and time before anything runs.
//!
//! It is the step that every command begins with, and a prediction. Memory: the measurement, the sensitivities of the
//! subsets, a few images, and what algorithm and prior say that they take. Time: a few views are projected and timed,
//! and the prior works on a few planes. Voxels of the field of view that no line of the geometry sees are warned of.

use super::measurement::{key, outline};
use super::prepare::{Expected, Prepared, prepare, simulated_scans};
use super::seconds::predicted_seconds;
use super::unseen::Unseen;
use super::{Options, RunError, normalise, psf, simulate, train};
use crate::config::{
    ConfigError, NormaliseConfig, PsfConfig, ReconConfig, ResolutionConfig, SimulateConfig, Source, TrainingRun,
};
use crate::phantom::Phantom;
use crate::report::{CheckResult, Problem};
use crate::scanner::Scanner;
use std::path::Path;

/// Checks a config of any kind but a study's. Mistakes in the grammar are errors; everything else is collected.
pub(crate) fn check(path: &Path, options: &Options) -> Result<CheckResult, RunError> {
    let source = Source::read(path)?;
    let has = |table: &str| source.has_table(table);
    let problems = if has("acquisition")? {
        simulate::problems(&source, &source.parse::<SimulateConfig>()?, options)
    } else if has("object")? {
        told_once(normalise::problems(&source, &source.parse::<NormaliseConfig>()?, options), &source)
    } else if has("scans")? {
        told_once(psf::problems(&source, &source.parse::<PsfConfig>()?), &source)
    } else if has("model")? {
        train::problems(&source, &TrainingRun::of(&source)?, options)
    } else if has("shapes")? || has("voxels")? {
        Phantom::read(path)?;
        Vec::new()
    } else if has("crystals_per_ring")? {
        source.parse::<Scanner>()?.check()?;
        Vec::new()
    } else {
        return check_recon(&source, &source.parse()?, options);
    };
    Ok(CheckResult { problems: told(&problems), ..CheckResult::default() })
}

/// The problems of a config, or the error that hid them.
fn told_once(problems: Result<Vec<ConfigError>, RunError>, source: &Source) -> Vec<ConfigError> {
    problems.unwrap_or_else(|error| vec![error.at("measurement", source)])
}

fn check_recon(source: &Source, config: &ReconConfig, options: &Options) -> Result<CheckResult, RunError> {
    let mut problems = config.conflicts(source, options.force);
    let mut result = CheckResult::default();
    let outline = match outline(&config.measurement, source) {
        Ok(outline) => outline,
        Err(error) => {
            // What lacks a file has told so.
            if problems.is_empty() {
                problems.push(error.at(key(&config.measurement), source));
            }
            return Ok(CheckResult { problems: told(&problems), ..result });
        }
    };
    options.pool(config.run.threads)?.install(|| {
        let Prepared { problems: more, expected, .. } = prepare(source, config, &outline, options);
        problems.extend(more);
        if let (Some(Expected { grid, bytes, prior: Some(prior) }), true) = (expected, problems.is_empty()) {
            let geometry = &outline.geometry;
            let once = predicted_seconds(config, geometry, grid, &prior.cost());
            result.seconds = Some(once * (1 + simulated_scans(config).iter().sum::<usize>()) as f64);
            result.peak_memory_mb = Some(bytes / 1e6);
            let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
            result.warnings.extend(Unseen::by_geometry(geometry, &grid, &widths).warning(geometry, &grid));
        }
    });
    Ok(CheckResult { problems: told(&problems), ..result })
}

/// Problems as they are shown, each once: one table may be looked at by several.
pub(crate) fn told(problems: &[ConfigError]) -> Vec<Problem> {
    let mut told: Vec<Problem> = Vec::new();
    for message in problems.iter().map(ToString::to_string) {
        if !told.iter().any(|other| other.message == message) {
            told.push(Problem { message });
        }
    }
    told
}
