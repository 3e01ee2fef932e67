//! What a reconstruction needs, read and judged before its first update.
//!
//! `coincide check` is this step and nothing more; `coincide recon` refuses what it finds. Whatever can be known from
//! the config, the headers, the maps and the machine is known here: nothing of that is refused after work was done.

use super::Options;
use super::confidence::lesion_masks;
use super::corrections::Corrections;
use super::field::expected_field;
use super::memory::{predicted_bytes, too_much};
use super::named::NamedImages;
use super::prior_cost::OnFewPlanes;
use super::uptake::suv_of;
use crate::algorithm::fbp::unfit;
use crate::config::{ConfigError, Method, ReconConfig, Source, unit_conflict};
use crate::data::Outline;
use crate::image::ImageGrid;

/// Bytes of a value.
const VALUE: f64 = 4.0;

/// A reconstruction that can begin where there are no problems.
pub(super) struct Prepared {
    pub corrections: Corrections,
    pub images: NamedImages,
    /// What keeps it from being run.
    pub problems: Vec<ConfigError>,
    /// What it will take, where the grid is known.
    pub expected: Option<Expected>,
}

/// What a reconstruction will take.
pub(super) struct Expected {
    /// Grid of the model.
    pub grid: ImageGrid,
    /// Peak of the memory in bytes.
    pub bytes: f64,
    /// Where it can be built.
    pub prior: Option<OnFewPlanes>,
}

/// Judges a config beside the outline of its measurement. On the threads of the caller.
pub(super) fn prepare(source: &Source, config: &ReconConfig, outline: &Outline, options: &Options) -> Prepared {
    let mut problems = config.conflicts_with(&outline.geometry, source);
    let (corrections, conflicts) = Corrections::read(config, outline, source, options);
    problems.extend(conflicts);
    let unit = corrections.unit(&outline.ledger);
    problems.extend(config.prior.as_ref().and_then(|prior| unit_conflict(prior, unit, source)));
    let ledger = corrections.ledger(config, &outline.ledger);
    if let Some(suv) = &config.suv {
        problems.extend(suv_of(suv, &ledger, &outline.clock, config.decay.as_ref(), source).err());
    }
    let Ok(grid) = config.image.grid(&outline.geometry, source) else {
        return Prepared { corrections, images: NamedImages::default(), problems, expected: None };
    };
    let (images, conflicts) = NamedImages::read(config, (&grid, unit), source, options);
    problems.extend(conflicts);
    problems.extend(config.confidence.as_ref().and_then(|asked| lesion_masks(asked, &grid, source).err()));
    problems.extend(unfit_analytic(config, outline, source));
    let whole = expected_field(config, &outline.geometry, grid).wider();
    // What it lacks has been told already where there is a problem.
    let prior = match problems.is_empty() {
        true => OnFewPlanes::build(config.prior.as_ref(), source, &whole).map_err(|error| problems.push(error)).ok(),
        false => None,
    };
    let bytes = predicted_bytes(config, outline, &whole) + more_scans(config, outline, &whole);
    problems.extend(too_much(bytes, config.run.memory_gb, "image", source));
    Prepared { corrections, images, problems, expected: Some(Expected { grid: whole, bytes, prior }) }
}

/// Bytes of the images of further scans, their expected counts, and counts drawn from them.
fn more_scans(config: &ReconConfig, outline: &Outline, grid: &ImageGrid) -> f64 {
    let [of_sentinel, of_confidence] = simulated_scans(config);
    let images = VALUE * (of_confidence * grid.voxels()) as f64;
    let counts = if of_sentinel + of_confidence > 0 { (VALUE + 1.0) * outline.geometry.bins() as f64 } else { 0.0 };
    images + counts
}

/// Scans that are simulated and reconstructed as the measured one is: for the sentinel, and for the intervals.
pub(super) fn simulated_scans(config: &ReconConfig) -> [usize; 2] {
    let of_sentinel = config.sentinel().map_or(0, |sentinel| sentinel.simulated);
    [of_sentinel, config.confidence.as_ref().map_or(0, |asked| asked.replicates + asked.ensemble.len())]
}

/// An analytic algorithm on a sinogram that it cannot take.
fn unfit_analytic(config: &ReconConfig, outline: &Outline, source: &Source) -> Option<ConfigError> {
    let Method::Analytic(fbp) = config.algorithm.method() else { return None };
    let at = format!("algorithm.{}", config.algorithm.name());
    unfit(&outline.geometry, fbp).map(|error| source.mistake(&at, error.to_string(), None))
}
