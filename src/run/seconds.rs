//! How long a reconstruction will take, its measurement being there: a few views are projected, the resolution and a
//! Fourier convolution are applied once, the prior is evaluated on a few planes; algorithm and prior say how often.

use super::held_out::TRIALS;
use super::prior_cost::PriorCost;
use crate::algorithm::Fourier;
use crate::config::{Beta, OsemStart, PriorConfig, ReconConfig, ResolutionConfig, StartConfig};
use crate::image::ImageGrid;
use crate::operator::{LinearOperator, Projector, Resolution};
use crate::prior::network::Applied;
use crate::scanner::SinogramGeometry;
use std::time::Instant;

/// Passes that judge start and image at the end: their values, gradients and lines without counts.
const PASSES_OF_JUDGEMENT: f64 = 4.0;

/// Of a pass, what is neither projection nor resolution, over those: quotients, images, the ends of threads.
const BESIDES: f64 = 0.15;

/// Seconds of the whole reconstruction.
pub(super) fn predicted_seconds(
    config: &ReconConfig,
    geometry: &SinogramGeometry,
    grid: ImageGrid,
    prior: &PriorCost,
) -> f64 {
    let pass = Pass::timed(config, geometry, grid);
    let Some(iterations) = config.algorithm.iterations() else { return pass.of(PASSES_OF_JUDGEMENT / 2.0) };
    let updates = (iterations.count * iterations.subsets) as f64;
    let mut footprint = config.algorithm.footprint(config.prior.as_ref().map(PriorConfig::capability));
    footprint.evaluations = match prior.footprint.applied {
        None => footprint.evaluations,
        Some(Applied::Update) => updates,
        Some(Applied::Iteration) => iterations.count as f64,
        Some(Applied::After) => 1.0,
    };
    let sensitivity = pass.back;
    let osem = |start: &OsemStart| pass.of(start.iterations as f64) + sensitivity;
    let start = match iterations.start {
        StartConfig::Osem(start) => osem(start),
        StartConfig::Uniform | StartConfig::File(_) => 0.0,
    };
    let run = sensitivity + pass.of(footprint.passes + prior.footprint.passes);
    let convolution = if footprint.convolutions > 0.0 { convolution(grid) } else { 0.0 };
    let run = run + footprint.evaluations * prior.evaluation + footprint.convolutions * convolution;
    let (of_prior, searches) = config.prior.as_ref().map_or((0.0, 0.0), |table| {
        // A short OSEM says what the prior must know, unless that is the start; κ costs a pass and a half.
        let seen = match iterations.start {
            StartConfig::Uniform => osem(&OsemStart::default()),
            _ if table.is_learned() => osem(&OsemStart::default()),
            _ => 0.0,
        };
        let asked = if table.kappa() { pass.of(1.5) } else { 0.0 } + if table.noise() { sensitivity } else { 0.0 };
        (seen + asked + prior.building, if table.beta() == Some(Beta::Auto) { TRIALS as f64 } else { 0.0 })
    });
    start + of_prior + (1.0 + searches) * run + searches.min(1.0) * start + pass.of(PASSES_OF_JUDGEMENT)
}

/// Seconds of a projection and a back projection of all data, with the resolution.
struct Pass {
    forward: f64,
    back: f64,
}

impl Pass {
    fn of(&self, passes: f64) -> f64 {
        passes * (self.forward + self.back) * (1.0 + BESIDES)
    }

    fn timed(config: &ReconConfig, geometry: &SinogramGeometry, grid: ImageGrid) -> Self {
        // Neighbours in two directions, as the projector takes them; lines along a diagonal are the longest.
        let views: Vec<usize> = [0, geometry.views / 4]
            .into_iter()
            .flat_map(|first| (first..geometry.views).take(8.min(geometry.views.div_ceil(4))))
            .collect();
        let projector = Projector::new(geometry, grid).subset(&views);
        let mut image = vec![1.0; grid.voxels()];
        let mut sinogram = vec![0.0; projector.range().iter().product()];
        projector.forward(&image, &mut sinogram); // the first touch of the memory is slower
        let all_views = geometry.views as f64 / views.len() as f64;
        let forward = seconds(|| projector.forward(&image, &mut sinogram)) * all_views;
        let back = seconds(|| projector.adjoint(&sinogram, &mut image)) * all_views;
        let subsets = config.algorithm.iterations().map_or(1, |iterations| iterations.subsets);
        let resolution = resolution(config, grid) * subsets as f64;
        Self { forward: forward + resolution, back: back + resolution }
    }
}

/// Seconds of one convolution by Fourier transforms.
fn convolution(grid: ImageGrid) -> f64 {
    let (fourier, mut image) = (Fourier::new(grid.shape, [0; 3]), vec![1.0; grid.voxels()]);
    fourier.restore(fourier.transform(&image), &mut image);
    seconds(|| fourier.restore(fourier.transform(&image), &mut image))
}

/// Seconds of the resolution once.
fn resolution(config: &ReconConfig, grid: ImageGrid) -> f64 {
    let Some(widths) = config.resolution.as_ref().map(ResolutionConfig::widths) else { return 0.0 };
    let Some(resolution) = Resolution::new(&grid, &widths) else { return 0.0 };
    let (image, mut blurred) = (vec![1.0; grid.voxels()], vec![0.0; grid.voxels()]);
    resolution.forward(&image, &mut blurred);
    seconds(|| resolution.forward(&image, &mut blurred))
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}
