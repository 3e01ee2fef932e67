//! `coincide check`: finds conflicts and predicts memory and time before anything runs.
//!
//! Voxels of the field of view that no line of the geometry sees are a conflict between the grid and the data. Memory:
//! the measurement, the sensitivities of the subsets, a few images and the layers of a network. Time: a few views are
//! projected and timed, and a network works on a few planes.

use super::field::expected_field;
use super::measurement::measurement_geometry;
use super::memory::predicted_bytes;
use super::unseen::Unseen;
use super::{Options, RunError};
use crate::config::{ConfigError, PriorConfig, ReconConfig, ResolutionConfig, Source};
use crate::image::ImageGrid;
use crate::operator::{LinearOperator, Projector};
use crate::prior::network::{Applied, Body};
use crate::report::{CheckResult, Problem};
use crate::scanner::SinogramGeometry;
use coincide_kernels::Level;
use std::path::Path;
use std::time::Instant;

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
            let mut bytes = predicted_bytes(&config, &source, &geometry, &grid);
            let mut time = pool.install(|| predicted_seconds(&config, &geometry, grid));
            if let Some(network) = pool.install(|| network_cost(&config, &source, &grid))? {
                let iterations = config.algorithm.iterations().map_or(1, |iterations| iterations.count.max(1));
                time *= 1.0 + network.passes / iterations as f64;
                (bytes, time) = (bytes + network.bytes, time + network.seconds);
            }
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

/// What a network takes on top.
pub(super) struct Cost {
    pub bytes: f64,
    seconds: f64,
    /// Passes over the data.
    passes: f64,
}

/// Planes that a network is timed on.
const TIMED_PLANES: usize = 8;

/// Its image and its layers; its evaluations, by the time of a few planes. `None` without a network.
pub(super) fn network_cost(config: &ReconConfig, source: &Source, grid: &ImageGrid) -> Result<Option<Cost>, RunError> {
    let Some(PriorConfig::Unrolled(unrolled)) = &config.prior else { return Ok(None) };
    let model = unrolled.load(source)?;
    let (architecture, [nx, ny, nz]) = (&model.card.architecture, grid.shape);
    let body = |planes| Body::new(&architecture.layers, &model.weights.bodies[0], [planes, ny, nz]);
    let planes = nx.min(TIMED_PLANES);
    let (few, x) = (body(planes), vec![1.0; planes * ny * nz]);
    let (guides, mut out) = (vec![&x[..]; architecture.inputs() - 1], vec![0.0; x.len()]);
    let start = Instant::now();
    few.denoise(Level::best(), 1.0, &x, &guides, &mut out);
    let one = start.elapsed().as_secs_f64() * nx as f64 / planes as f64;
    let evaluations = config.algorithm.iterations().map_or(0, |iterations| match architecture.applied {
        Applied::Iteration => iterations.count,
        Applied::Update => iterations.count * iterations.subsets,
        Applied::After => 1,
    });
    // A MAP start keeps a gradient of each subset, their sum, a direction, a step, and what the prior pads.
    let of_start = model.card.start.map_or(0, |start| start.subsets + 6);
    let images = 1 + usize::from(architecture.noise) + of_start;
    let bytes = VALUE * (images * grid.voxels()) as f64 + body(nx).work_bytes() as f64;
    let passes = model.card.start.map_or(0.0, |start| start.passes());
    Ok(Some(Cost { bytes, seconds: evaluations as f64 * one, passes }))
}

fn problem(error: &ConfigError) -> Problem {
    Problem { message: error.to_string() }
}

/// Projects and back projects some views and scales the time to all iterations and the sensitivity.
fn predicted_seconds(config: &ReconConfig, geometry: &SinogramGeometry, grid: ImageGrid) -> f64 {
    // Neighbours in two directions, as the projector takes them; lines along a diagonal are the longest.
    let views: Vec<usize> = [0, geometry.views / 4]
        .into_iter()
        .flat_map(|first| (first..geometry.views).take(8.min(geometry.views.div_ceil(4))))
        .collect();
    let projector = Projector::new(geometry, grid).subset(&views);
    let mut image = vec![1.0; grid.voxels()];
    let mut sinogram = vec![0.0; projector.range().iter().product()];
    projector.forward(&image, &mut sinogram); // the first touch of the memory is slower
    let start = Instant::now();
    projector.forward(&image, &mut sinogram);
    let forward = start.elapsed().as_secs_f64();
    projector.adjoint(&sinogram, &mut image);
    let back = start.elapsed().as_secs_f64() - forward;
    let all_views = geometry.views as f64 / views.len() as f64;
    let iterations = config.algorithm.iterations().map_or(0, |iterations| iterations.count);
    all_views * (iterations as f64 * (forward + back) + back)
}
