//! One iteration of a config's reconstruction, to see whether `check` told the truth about its memory.

use super::check::network_cost;
use super::memory::predicted_bytes;
use super::scene::Scene;
use super::{Options, RunError};
use crate::config::{Iterations, OutputConfig, PriorConfig, ReconConfig, ResolutionConfig, Source, StopConfig};
use crate::data::Measurement;
use crate::image::ImageUnit;
use crate::io::Provenance;
use crate::likelihood::Model;
use crate::operator::Margin;
use crate::report::{Memory, peak_memory_mb};
use std::sync::Arc;

/// Peak memory as predicted, and after one iteration; `None` for algorithms without iterations, and where the system
/// does not tell.
///
/// Of priors only networks take part, and those that the algorithm cannot do without: the others take little memory,
/// and may be long to tune.
pub(super) fn rehearse(
    source: &Source,
    config: &ReconConfig,
    measurement: &Arc<Measurement>,
    margin: &Margin,
    options: &Options,
) -> Result<Option<Memory>, RunError> {
    let Some(iterations) = config.algorithm.iterations() else { return Ok(None) };
    let needed = config.algorithm.needs_denoiser();
    let prior = config.prior.clone().filter(|prior| needed || matches!(prior, PriorConfig::Unrolled(_)));
    let plain = ReconConfig { prior, output: OutputConfig::default(), stop: StopConfig::default(), ..config.clone() };
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    let grid = margin.wider();
    let model = Model::new(measurement, grid, widths, iterations.subsets)?;
    let scene = Scene {
        source,
        config: &plain,
        model: &model,
        margin,
        reference: None,
        unit: ImageUnit::CountsPerMm,
        provenance: &Provenance::default(),
        options,
    };
    scene.iterate(Iterations { count: 1, ..iterations })?;
    let of_network = network_cost(&plain, source, &grid)?.map_or(0.0, |cost| cost.bytes);
    let predicted = predicted_bytes(&plain, source, &measurement.geometry, &grid) + of_network;
    Ok(peak_memory_mb().map(|found_mb| Memory { predicted_mb: predicted / 1e6, found_mb }))
}
