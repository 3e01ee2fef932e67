//! `coincide train` with `[model.ridge]`: a ridge regulariser and its card.

use super::error::first;
use super::model_output::{commit, write_model};
use super::{Options, RunError};
use crate::config::{RidgeTrainTable, RidgeTraining, Source};
use crate::paths::shown;
use crate::prior::model_file::FORMAT;
use crate::prior::{RidgeArchitecture, RidgeCard, RidgeFile, RidgeModel};
use crate::train::ridge::{Progress, RESOLUTION_VOXELS, RidgeTrainConfig, train};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

/// Samples of a noise level over which errors are averaged.
const SAMPLES: usize = 30;

/// Result of `coincide train`.
#[derive(Clone, Debug, Serialize)]
pub struct RidgeTrainResult {
    /// The weights.
    pub model: PathBuf,
    /// Steps made.
    pub steps: usize,
    /// Training time in s.
    pub seconds: f64,
    /// Noise levels, in mean activities of the body.
    pub noise: Vec<f64>,
    /// Geometric mean of the NRMSE at each of them, over the last samples.
    pub nrmse: Vec<f64>,
    /// Curvature of the convex function that makes the regulariser convex; 0 where it is.
    pub concavity: f64,
}

/// Trains the regulariser of a config. Ctrl-C ends the training; what is learned so far is written.
pub(super) fn train_ridge(
    source: &Source,
    config: &RidgeTraining,
    options: &Options,
) -> Result<RidgeTrainResult, RunError> {
    first(config.conflicts(source, options.force))?;
    options.pool(config.run.threads)?.install(|| run(source, config, options))
}

fn run(source: &Source, config: &RidgeTraining, options: &Options) -> Result<RidgeTrainResult, RunError> {
    let RidgeTrainTable::Ridge(table) = &config.model;
    let (start, target) = (Instant::now(), config.output.model.to_path_buf());
    let progress = options.console.progress("training");
    let mut errors = vec![None; table.noise.len()];
    let (mut steps, mut written) = (0, Ok(()));
    let mut observe = |now: Progress, model: &dyn Fn() -> RidgeModel| {
        let (count, mean) = errors[now.level].get_or_insert((0, 0.0));
        *count = SAMPLES.min(*count + 1);
        *mean += (now.nrmse.ln() - *mean) / *count as f64;
        steps = now.step;
        progress.set(now.step, table.steps);
        if now.step.is_multiple_of(config.output.every_steps.max(1)) {
            let card = card(source, config, table, &errors, now.step);
            let file = RidgeFile { card, model: model() };
            written = file.encode(&target).map_err(RunError::from).and_then(|files| write_model(&target, &files));
        }
        let go_on = written.is_ok() && !options.interrupt.pressed();
        if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let model = options.interrupt.hold(|| train(table, &mut observe));
    written?;
    let card = card(source, config, table, &errors, steps);
    write_model(&target, &RidgeFile { card, model: model.clone() }.encode(&target)?)?;
    let nrmse = errors.iter().map(|error| error.map_or(f64::NAN, |(_, mean)| mean.exp())).collect();
    let (seconds, noise) = (start.elapsed().as_secs_f64(), table.noise.clone());
    Ok(RidgeTrainResult { model: target, steps, seconds, noise, nrmse, concavity: model.concavity() })
}

fn card(
    source: &Source,
    config: &RidgeTraining,
    table: &RidgeTrainConfig,
    errors: &[Option<(usize, f64)>],
    steps: usize,
) -> RidgeCard {
    let levels = table.noise.iter().zip(errors).filter_map(|(sigma, error)| Some((sigma, (*error)?.1)));
    let mut metrics: BTreeMap<_, _> =
        levels.map(|(sigma, error)| (format!("nrmse_at_noise_{sigma}"), rounded(error.exp()))).collect();
    metrics.insert("training_steps".into(), steps as f64);
    let name = source.path.file_name().unwrap_or_default().to_string_lossy();
    RidgeCard {
        format: FORMAT,
        kind: String::new(),
        architecture: RidgeArchitecture { kernel: table.kernel, filters: table.filters, knots: table.knots.len() },
        sha256: String::new(),
        lipschitz: 0.0,
        concavity: 0.0,
        training_data: table.in_words(),
        noise: table.noise.clone(),
        target_resolution_voxels: RESOLUTION_VOXELS,
        licence: config.output.licence.clone(),
        metrics,
        commit: commit(&source.path),
        command: format!("coincide train {name}"),
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

impl fmt::Display for RidgeTrainResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { model, steps, seconds, noise, nrmse, concavity } = self;
        writeln!(f, "{}: {steps} steps in {seconds:.0} s, concavity {concavity:.3}", shown(model))?;
        noise.iter().zip(nrmse).try_for_each(|(noise, nrmse)| writeln!(f, "noise {noise}: NRMSE {nrmse:.4}"))
    }
}
