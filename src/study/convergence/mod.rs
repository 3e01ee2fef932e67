//! `coincide bench convergence`: PETRIC on our own cases. Every algorithm starts from the same OSEM image, and is timed
//! until its image stays within PETRIC's thresholds of the reference solution.
//!
//! The scanners are real ones cut short, so that all of it takes minutes on two cores. The reference is the image of
//! very many updates of SVRG and, where that is not near enough, of SVRN and L-BFGS-B-PC; it is kept in a file named by
//! the hash of all that it depends on.

mod cases;
mod contenders;
mod race;
mod result;
mod score;

pub use cases::CONVERGENCE_CASES;
pub use result::{ConvergenceLine, ConvergenceReference, ConvergenceResult};

use crate::algorithm::{Algorithm, Lbfgs, Objective, Relaxation, Svrg, Svrn, optimality};
use crate::image::{Image, ImageUnit};
use crate::io::{Provenance, hdf5};
use crate::likelihood::Model;
use crate::operator::Margin;
use crate::phantom::Phantom;
use crate::report::{Record, sha256_of_text};
use crate::run::Scene;
use crate::run::WeightedPrior;
use crate::run::acquire;
use crate::run::{NamedImages, Options, RunError, first};
use cases::{Case, USUAL_CASES, case};
use contenders::{contenders, newton_subsets};
use race::{Track, race};
use score::Regions;
use std::path::Path;
use std::sync::Arc;

/// Distance from the maximum of a reference solution, and updates after which it is taken as it is.
const REFERENCE_DISTANCE: f64 = 2e-6;
const REFERENCE_UPDATES: usize = 400;
const REFERENCE_MEMORY: usize = 12;

/// Full iterations of SVRG before them, with its steps, and updates of SVRN between.
const REFERENCE_ITERATIONS: usize = 400;
const REFERENCE_RELAXATION: Relaxation = Relaxation { first: 1.0, decay: 0.02 };
const REFERENCE_NEWTON_UPDATES: usize = 120;

/// Races all algorithms, or those whose names hold one of `only`, on the named cases, or on all but the tiny one. Plots
/// and reference solutions go to `folder`.
pub fn bench_convergence(
    names: &[String],
    only: &[String],
    most_passes: f64,
    folder: &Path,
    options: &Options,
) -> Result<ConvergenceResult, RunError> {
    let usual = || CONVERGENCE_CASES[..USUAL_CASES].iter().map(|name| (*name).to_owned()).collect();
    let names: Vec<String> = if names.is_empty() { usual() } else { names.to_vec() };
    let failed = |error| RunError::Usage(format!("cannot create {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    options.pool(0)?.install(|| {
        let (cases, references) = (Vec::new(), Vec::new());
        let threads = rayon::current_num_threads();
        let mut result = ConvergenceResult { cases, references, most_passes, threads, folder: folder.into() };
        for name in &names {
            run_case(&case(name)?, only, &mut result, options)?;
            for (kind, plot) in result.plots(name) {
                plot.write(&folder.join(format!("{name}-{kind}")), true)?;
            }
        }
        Ok(result)
    })
}

/// Races on one case.
fn run_case(case: &Case, only: &[String], result: &mut ConvergenceResult, options: &Options) -> Result<(), RunError> {
    let (source, config) = (&case.source, &case.config);
    let acquired = acquire(&config.measurement, source, options)?;
    first(config.conflicts_with(&acquired.measurement.geometry, source))?;
    let grid = config.image.grid(&acquired.measurement.geometry, source)?;
    let measurement = Arc::new(acquired.measurement);
    let whole = Model::new(&measurement, grid, None, 1)?;
    let provenance = Record::new("bench convergence", &source.text, &source.path).pairs().into_iter().collect();
    let unit = ImageUnit::BecquerelPerMl;
    let (model, margin) = (&whole, &Margin::new(grid, [0; 3], [0; 3]));
    let (images, conflicts) = NamedImages::read(config, (&grid, unit), source, options);
    first(conflicts)?;
    let scene = Scene {
        source,
        config,
        model,
        margin,
        images: &images,
        reference: None,
        unit,
        provenance: &provenance,
        options,
    };
    let iterations = config.algorithm.iterations().ok_or_else(|| RunError::Usage("not iterative".into()))?;
    let start = scene.start(iterations.start, &whole)?;
    let WeightedPrior { prior, beta, .. } = scene.prior(start.as_deref())?;
    let objective = Objective::new(&whole, &prior, beta);
    let start = objective.start(start)?;
    let reference = reference(&scene, &objective, &start, &result.folder)?;
    let regions = Regions::new(case, &phantom(config)?, &grid)?;
    let (value, kkt) = optimality(&objective, &reference, None);
    result.references.push(ConvergenceReference {
        case: case.name.into(),
        kkt,
        objective: value,
        start_score: regions.score(&start, &reference).0,
        bins: measurement.prompts.len(),
        voxels: grid.voxels(),
    });
    let (start, reference, regions, most_passes) = (&start, &reference, &regions, result.most_passes);
    let track = Track { model: &whole, prior: &prior, beta, start, reference, regions, most_passes };
    let views = measurement.geometry.views;
    for contender in contenders(iterations.subsets, views)? {
        if !only.is_empty() && !only.iter().any(|part| contender.name.contains(part)) {
            continue;
        }
        options.console.say(format!("{}: {}", case.name, contender.name));
        let course = race(&track, &contender, &|| options.interrupt.pressed())?;
        let last = course.samples.last();
        let at_the_end = last.map_or((0.0, 0.0), |last| (last.figures.passes, last.seconds));
        let (full_passes, seconds) = course.passed.unwrap_or(at_the_end);
        let passed = if course.passed.is_some() { "passed after" } else { "given up after" };
        options.console.say(format!("{}: {} {passed} {full_passes:.2} passes", case.name, contender.name));
        result.cases.push(ConvergenceLine {
            case: case.name.into(),
            algorithm: contender.name.into(),
            seconds,
            full_passes,
            passed: course.passed.is_some(),
            score: last.map_or(f64::NAN, |last| last.figures.score),
            limited_by: course.last_metric,
            curve: course.samples,
        });
    }
    Ok(())
}

fn phantom(config: &crate::config::ReconConfig) -> Result<Phantom, RunError> {
    match &config.measurement {
        crate::config::MeasurementConfig::Simulated(acquisition) => Ok(Phantom::load(&acquisition.phantom)?),
        _ => Err(RunError::Usage("a case is simulated".into())),
    }
}

/// The reference solution, from its file where there is one.
fn reference(scene: &Scene, objective: &Arc<Objective>, start: &[f32], folder: &Path) -> Result<Vec<f32>, RunError> {
    // The objective of the start image stands for everything in the engine that the solution depends on.
    let value = objective.value(start);
    let key = sha256_of_text(&format!(
        "{value:e} {REFERENCE_DISTANCE} {REFERENCE_ITERATIONS} {REFERENCE_NEWTON_UPDATES} {REFERENCE_UPDATES}\n{}",
        scene.source.text
    ));
    let path = folder.join(format!("reference-{}.h5", &key[..16]));
    if path.is_file() {
        return Ok(hdf5::read_image(&path)?.0.values);
    }
    let subsets = scene.config.algorithm.iterations().map_or(1, |iterations| iterations.subsets);
    let model = scene.model.with_subsets(subsets)?;
    let split = Objective::new(&model, objective.prior(), objective.beta());
    let mut svrg = Box::new(Svrg::new(&split, REFERENCE_RELAXATION, 2, Some(start.to_vec()))?);
    let stopped = || scene.options.interrupt.pressed();
    (0..REFERENCE_ITERATIONS * subsets).take_while(|_| !stopped()).for_each(|_| {
        svrg.update();
    });
    let near = optimality(objective, svrg.image(), None).1 < REFERENCE_DISTANCE;
    let model = scene.model.with_subsets(newton_subsets(scene.model.measurement().geometry.views))?;
    let split = Objective::new(&model, objective.prior(), objective.beta());
    let mut newton = Box::new(Svrn::new(&split, Some(svrg.into_image()))?);
    let updates = if near { 0 } else { REFERENCE_NEWTON_UPDATES };
    (0..updates).take_while(|_| !stopped()).for_each(|_| {
        newton.update();
    });
    let mut lbfgs = Box::new(Lbfgs::new(objective, REFERENCE_MEMORY, Some(newton.into_image()))?);
    let progress = scene.options.console.progress("reference");
    for update in 0..REFERENCE_UPDATES {
        lbfgs.update();
        progress.set(update + 1, REFERENCE_UPDATES);
        if lbfgs.distance() < REFERENCE_DISTANCE || scene.options.interrupt.pressed() {
            break;
        }
    }
    if scene.options.interrupt.pressed() {
        return Err(RunError::Interrupted { files: Vec::new() }); // a reference that is not finished must not be kept
    }
    let image = Image { grid: scene.model.grid(), unit: scene.unit, values: lbfgs.into_image() };
    hdf5::write_image(&path, true, &image, &Provenance::default())?;
    Ok(image.values)
}
