//! One iteration of a config's reconstruction, to see whether `check` told the truth about its memory.

use super::memory::predicted_bytes;
use super::named::NamedImages;
use super::scene::Scene;
use super::{Options, RunError};
use crate::config::{Beta, Iterations, OutputConfig, ReconConfig, ResolutionConfig, Source, StopConfig};
use crate::data::{Measurement, Outline};
use crate::image::ImageUnit;
use crate::io::Provenance;
use crate::likelihood::Model;
use crate::operator::Margin;
use crate::report::{Memory, peak_memory_mb};
use std::sync::Arc;

/// Peak memory as predicted, and after one iteration; `None` for algorithms without iterations, and where the system
/// does not tell.
///
/// A prior whose weight is to be found takes part only where the algorithm cannot do without: the search is as long as
/// ten runs.
pub(super) fn rehearse(
    source: &Source,
    config: &ReconConfig,
    measurement: &Arc<Measurement>,
    (margin, images): (&Margin, &NamedImages),
    options: &Options,
) -> Result<Option<Memory>, RunError> {
    let Some(iterations) = config.algorithm.iterations() else { return Ok(None) };
    let needed = config.algorithm.needs_prior();
    let prior = config.prior.clone().filter(|prior| needed || prior.beta() != Some(Beta::Auto));
    let plain = ReconConfig { prior, output: OutputConfig::default(), stop: StopConfig::default(), ..config.clone() };
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    let grid = margin.wider();
    let model = Model::new(measurement, grid, widths, iterations.subsets)?;
    let scene = Scene {
        source,
        config: &plain,
        model: &model,
        margin,
        images,
        reference: None,
        unit: ImageUnit::CountsPerMm,
        provenance: &Provenance::default(),
        options,
    };
    scene.iterate(Iterations { count: 1, ..iterations })?;
    let predicted = predicted_bytes(&plain, &Outline::from(&**measurement), &grid);
    Ok(peak_memory_mb().map(|found_mb| Memory { predicted_mb: predicted / 1e6, found_mb }))
}
