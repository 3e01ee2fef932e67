//! `coincide check`: finds conflicts and predicts memory and time before anything runs.
//!
//! It is the step that every command begins with ([`super::prepare`]), and a prediction. Memory: the measurement, the
//! sensitivities of the subsets, a few images, and what algorithm and prior say that they take. Time: a few views are
//! projected and timed, and the prior works on a few planes. Voxels of the field of view that no line of the geometry
//! sees are warned of.

use super::measurement::outline;
use super::prepare::{Expected, Prepared, prepare, simulated_scans};
use super::seconds::predicted_seconds;
use super::unseen::Unseen;
use super::{Options, RunError};
use crate::config::{ConfigError, ReconConfig, ResolutionConfig};
use crate::report::{CheckResult, Problem};
use std::path::Path;

/// Checks a config. Mistakes in the grammar are errors; everything else is collected.
pub fn check(path: &Path, options: &Options) -> Result<CheckResult, RunError> {
    let (source, config) = ReconConfig::read(path)?;
    let mut problems = config.conflicts(&source, options.force);
    let mut result = CheckResult::default();
    let outline = match outline(&config.measurement, &source) {
        Ok(outline) => outline,
        Err(error) => {
            // What lacks a file has told so.
            if problems.is_empty() {
                problems.push(error.at("measurement", &source));
            }
            return Ok(CheckResult { problems: told(&problems), ..result });
        }
    };
    options.pool(config.run.threads)?.install(|| {
        let Prepared { problems: more, expected, .. } = prepare(&source, &config, &outline);
        problems.extend(more);
        if let (Some(Expected { grid, bytes, prior }), true) = (expected, problems.is_empty()) {
            let geometry = &outline.geometry;
            let once = predicted_seconds(&config, geometry, grid, &prior);
            result.seconds = Some(once * (1 + simulated_scans(&config).iter().sum::<usize>()) as f64);
            result.peak_memory_mb = Some(bytes / 1e6);
            let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
            result.warnings.extend(Unseen::by_geometry(geometry, &grid, &widths).warning(geometry, &grid));
        }
    });
    Ok(CheckResult { problems: told(&problems), ..result })
}

fn told(problems: &[ConfigError]) -> Vec<Problem> {
    problems.iter().map(|error| Problem { message: error.to_string() }).collect()
}
