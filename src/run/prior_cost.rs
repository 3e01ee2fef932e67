//! What a prior takes of the machine: memory by its own word, time by the clock, on a few planes of the grid.

use crate::config::{ConfigError, PriorConfig, PriorInputs, Source, prior_mistake};
use crate::image::ImageGrid;
use crate::prior::{Prior, PriorError, PriorFootprint, RelativeNoise};
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

/// A config's prior, built on a few planes of the grid; `None` where there is no prior.
pub(super) struct OnFewPlanes(Option<Built>);

struct Built {
    prior: Prior,
    footprint: PriorFootprint,
    /// What it was built from.
    image: Vec<f32>,
    /// Seconds that it took.
    seconds: f64,
    /// Planes of the whole grid over the few.
    all: f64,
}

impl OnFewPlanes {
    /// Builds it; one that cannot be built is a mistake in the config.
    pub fn build(prior: Option<&PriorConfig>, source: &Source, grid: &ImageGrid) -> Result<Self, ConfigError> {
        let Some(config) = prior else { return Ok(Self(None)) };
        let planes = grid.shape[0].min(PLANES.max(PLANES_OF_A_THREAD * rayon::current_num_threads()));
        let few = ImageGrid { shape: [planes, grid.shape[1], grid.shape[2]], ..*grid };
        // A model of one's own may take images of one shape only.
        let built = built(config, &few, grid).or_else(|_| built(config, grid, grid));
        let mistake = |error: PriorError| {
            let at = format!("prior.{}", config.name());
            prior_mistake(config, &error, source).unwrap_or_else(|| source.mistake(&at, error.to_string(), None))
        };
        built.map(|built| Self(Some(built))).map_err(mistake)
    }

    /// What the prior takes on the whole grid: it is evaluated, and timed.
    pub fn cost(&self) -> PriorCost {
        let Some(Built { prior, footprint, image, seconds, all }) = &self.0 else { return PriorCost::default() };
        let mut out = vec![0.0; image.len()];
        let mut evaluation = || {
            let begun = Instant::now();
            prior.exercise(image, &mut out);
            begun.elapsed().as_secs_f64()
        };
        // The first touch of the memory is slower, which counts for little where an evaluation is long.
        let first = evaluation();
        let evaluation = if first < SHORT { evaluation() } else { first };
        PriorCost { footprint: *footprint, building: all * seconds, evaluation: all * evaluation }
    }
}

/// The prior on some planes of `whole`.
fn built(config: &PriorConfig, grid: &ImageGrid, whole: &ImageGrid) -> Result<Built, PriorError> {
    // Any image that is not flat.
    let image: Vec<f32> = (0..grid.voxels()).map(|voxel| 1.0 + (voxel * 31 % 17) as f32 / 17.0).collect();
    let noise = RelativeNoise { map: vec![1.0; image.len()], mean: 1.0 };
    let inputs = PriorInputs {
        grid,
        start: &image,
        kappa: config.kappa().then_some(&image),
        noise: config.noise().then_some(&noise),
        anatomical: config.anatomical().map(|_| image.as_slice()),
    };
    let begun = Instant::now();
    let prior = config.build(&inputs)?;
    let (seconds, all) = (begun.elapsed().as_secs_f64(), whole.shape[0] as f64 / grid.shape[0] as f64);
    Ok(Built { prior, footprint: config.footprint(whole), image, seconds, all })
}
