//! What a prior takes of the machine: memory by its own word, time by the clock, on a few planes of the grid.

use crate::config::{ConfigError, PriorConfig, PriorInputs, Source, prior_mistake};
use crate::image::ImageGrid;
use crate::prior::{PriorError, PriorFootprint, RelativeNoise};
use std::time::Instant;

/// Planes that a prior is timed on: those of the widest filter, and some for every thread.
const PLANES: usize = 16;
const PLANES_OF_A_THREAD: usize = 4;

/// Evaluations of fewer seconds are timed twice.
const SHORT: f64 = 0.3;

/// Memory and time of a prior on a grid.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PriorCost {
    pub footprint: PriorFootprint,
    /// Seconds until it is built.
    pub building: f64,
    /// Seconds of one evaluation.
    pub evaluation: f64,
}

impl PriorCost {
    /// That of a config's prior; a model that does not run is a mistake in the config.
    pub fn of(prior: Option<&PriorConfig>, source: &Source, grid: &ImageGrid) -> Result<Self, ConfigError> {
        let Some(prior) = prior else { return Ok(Self::default()) };
        let planes = grid.shape[0].min(PLANES.max(PLANES_OF_A_THREAD * rayon::current_num_threads()));
        let few = ImageGrid { shape: [planes, grid.shape[1], grid.shape[2]], ..*grid };
        // A model of one's own may take images of one shape only.
        let timed = timed(prior, &few).or_else(|_| timed(prior, grid));
        let mistake = |error: PriorError| {
            let at = format!("prior.{}", prior.name());
            prior_mistake(prior, &error, source).unwrap_or_else(|| source.mistake(&at, error.to_string(), None))
        };
        let (building, evaluation, planes) = timed.map_err(mistake)?;
        let all = grid.shape[0] as f64 / planes as f64;
        let footprint = prior.footprint(grid);
        Ok(Self { footprint, building: all * building, evaluation: all * evaluation })
    }
}

/// Seconds of building and of one evaluation on a grid, and its planes.
fn timed(prior: &PriorConfig, grid: &ImageGrid) -> Result<(f64, f64, usize), PriorError> {
    // Any image that is not flat.
    let image: Vec<f32> = (0..grid.voxels()).map(|voxel| 1.0 + (voxel * 31 % 17) as f32 / 17.0).collect();
    let noise = RelativeNoise { map: vec![1.0; image.len()], mean: 1.0 };
    let inputs = PriorInputs {
        grid,
        start: &image,
        kappa: prior.kappa().then_some(&image),
        noise: prior.noise().then_some(&noise),
        anatomical: prior.anatomical().map(|_| image.as_slice()),
    };
    let begun = Instant::now();
    let built = prior.build(&inputs)?;
    let building = begun.elapsed().as_secs_f64();
    let mut out = vec![0.0; image.len()];
    let mut evaluation = || {
        let begun = Instant::now();
        built.exercise(&image, &mut out);
        begun.elapsed().as_secs_f64()
    };
    // The first touch of the memory is slower, which counts for little where an evaluation is long.
    let first = evaluation();
    Ok((building, if first < SHORT { evaluation() } else { first }, grid.shape[0]))
}
