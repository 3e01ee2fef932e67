//! `coincide check`: finds conflicts and predicts memory and time before anything runs.
//!
//! Voxels of the field of view that no line of the geometry sees are a conflict between the grid and the data. Memory:
//! the measurement, the sensitivities of the subsets, a few images, and what algorithm and prior say that they take.
//! Time: a few views are projected and timed, and the prior works on a few planes.

use super::field::expected_field;
use super::measurement::measurement_geometry;
use super::memory::predicted_bytes;
use super::prior_cost::PriorCost;
use super::seconds::predicted_seconds;
use super::unseen::Unseen;
use super::{Options, RunError};
use crate::config::{ConfigError, ReconConfig, ResolutionConfig};
use crate::report::{CheckResult, Problem};
use std::path::Path;

/// Bytes of a value.
const VALUE: f64 = 4.0;

/// Checks a config. Mistakes in the text are errors; conflicts are collected.
pub fn check(path: &Path, options: &Options) -> Result<CheckResult, RunError> {
    let (source, config) = ReconConfig::read(path)?;
    let mut problems = config.conflicts(&source, options.force);
    let (mut peak_memory_mb, mut seconds) = (None, None);
    if problems.is_empty() {
        let geometry = measurement_geometry(&config.measurement, &source)?;
        problems = config.conflicts_with(&geometry, &source);
        if let Ok(wanted) = config.image.grid(&geometry, &source) {
            let grid = expected_field(&config, &geometry, wanted).wider();
            let pool = options.pool(config.run.threads)?;
            let prior = pool.install(|| PriorCost::of(config.prior.as_ref(), &source, &grid))?;
            let mut bytes = predicted_bytes(&config, &geometry, &grid);
            let mut time = pool.install(|| predicted_seconds(&config, &geometry, grid, &prior));
            // Each simulated scan of the sentinel and of the intervals is reconstructed as the measured one is.
            let of_sentinel = config.sentinel().map_or(0, |sentinel| sentinel.simulated);
            let of_confidence = config.confidence.as_ref().map_or(0, |asked| asked.replicates + asked.ensemble.len());
            time *= 1.0 + (of_sentinel + of_confidence) as f64;
            bytes += VALUE * (of_confidence * grid.voxels()) as f64;
            if of_sentinel + of_confidence > 0 {
                // Expected counts of all bins, and counts drawn from them.
                bytes += (VALUE + 1.0) * geometry.bins() as f64;
            }
            (peak_memory_mb, seconds) = (Some(bytes / 1e6), Some(time));
            let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
            let unseen = pool.install(|| Unseen::by_geometry(&geometry, &grid, &widths));
            problems.extend(unseen.problem(&geometry, &grid, &source));
        }
    }
    let problems = problems.iter().map(problem).collect();
    Ok(CheckResult { peak_memory_mb, seconds, problems })
}

fn problem(error: &ConfigError) -> Problem {
    Problem { message: error.to_string() }
}
