//! A training run: steps, validations, checkpoints, and at the end the model and its card.

use super::model_output::{commit, write_model};
use super::train_result::TrainResult;
use super::{Options, RunError};
use crate::config::{LossConfig, Source, TrainConfig, TrainedModelConfig, TrainingDataConfig};
use crate::io::IoError;
use crate::io::columns::{Column, Columns};
use crate::io::csv::write_csv;
use crate::observe::Progress;
use crate::prior::model_file::FORMAT;
use crate::prior::network::{Architecture, Companion, KIND, MapImage, Model, ModelCard, Weights};
use crate::report::{Plot, Point, Series, Stroke, sha256_of_text};
use crate::train::{
    Checkpoint, Judged, Layer, Phase, Precision, Prepared, PreparedTwins, Row, Sample, State, TorchNetwork, Training,
    filtered_osem, first_weights, gamma_of, layered, network_of, widened,
};
use crate::units::Share;
use std::path::PathBuf;
use std::time::Instant;

/// γ of the first of several stages at the start, where none is given: its z is made of a uniform image, which says
/// nothing.
const FIRST_GAMMA: f64 = 0.01;

/// Validations while the network is trained by itself.
const JUDGED_BY_ITSELF: usize = 20;

/// Everything of a run.
pub(super) struct Run<'a> {
    source: &'a Source,
    config: &'a TrainConfig,
    options: &'a Options,
    architecture: Architecture,
    training: Training,
    cases: Vec<Prepared>,
    /// Validation cases of a detection term.
    twins: Vec<PreparedTwins>,
    /// NRMSE of OSEM with a filter on the validation cases.
    baseline: f64,
    network: TorchNetwork,
    reached: Checkpoint,
    /// What it learns from, and what the network that it begins as has learned from.
    training_data: String,
    /// `NAME.safetensors`
    target: PathBuf,
}

impl<'a> Run<'a> {
    /// Begins anew, or from the checkpoint.
    pub fn new(
        source: &'a Source,
        config: &'a TrainConfig,
        resume: bool,
        options: &'a Options,
    ) -> Result<Self, RunError> {
        let TrainedModelConfig::Unrolled(model) = &config.model;
        let public = config.data.public_data(source)?;
        let judged = config.judged(source, public.clone())?;
        let training = config.training(source, public, config.data.seed)?;
        let architecture = model.architecture();
        let network = TorchNetwork::new(architecture.clone(), config.optimiser.precision);
        let target = config.output.model.to_path_buf();
        let fingerprint = fingerprint(config);
        let begun_as = model.start.as_deref().map(Model::read).transpose()?;
        let reached = match resume {
            true => Checkpoint::read(&target.with_extension("checkpoint"), &fingerprint)?,
            false => begin(source, config, begun_as.as_ref(), &architecture, fingerprint)?,
        };
        let before =
            begun_as.map(|model| format!("; before, as the network it began as: {}", model.card.training_data));
        let training_data = config.data.in_words() + &before.unwrap_or_default();
        let stacks = 0..config.validation.stacks;
        let (cases, twins) = match config.detection.is_some() {
            false => (stacks.map(|index| judged.prepared(index)).collect::<Result<Vec<_>, _>>()?, Vec::new()),
            true => {
                let twins = stacks.map(|index| judged.prepared_twins(index)).collect::<Result<Vec<_>, _>>()?;
                (twins.iter().map(|twins| twins.scans[0].clone()).collect(), twins)
            }
        };
        let baseline = mean(&filtered_osem(&training, &cases)?);
        if training.start.is_some() {
            let errors = cases.iter().flat_map(|case| training.errors(case, case.first())).collect::<Vec<_>>();
            options.console.say(format!("the MAP images to start from: NRMSE {:.4}", mean(&errors)));
        }
        options.console.say(format!(
            "{} weights; {} validation stacks, OSEM + Gaussian by an oracle: NRMSE {baseline:.4}",
            architecture.weights(),
            cases.len()
        ));
        Ok(Self {
            source,
            config,
            options,
            architecture,
            training,
            cases,
            twins,
            baseline,
            network,
            reached,
            training_data,
            target,
        })
    }

    /// All steps that are left, or so many, with their files.
    pub fn finish(mut self, at_most: Option<usize>) -> Result<TrainResult, RunError> {
        let (phases, whole) = (self.training.phases(), self.steps());
        let end = at_most.map_or(whole, |most| whole.min(self.made() + most));
        let progress = self.options.console.progress("training");
        let interrupt = self.options.interrupt.clone();
        interrupt.hold(|| -> Result<(), RunError> {
            if self.reached.history.is_empty() {
                self.judge(&progress)?;
            }
            let mut samples = Vec::new();
            while self.made() < end {
                let phase = phases[self.reached.state.phase];
                if phase.0 == Phase::Chain {
                    samples = Vec::new();
                } else if samples.is_empty() {
                    samples = self.samples(&progress)?;
                }
                let loss = self.step(phase, &samples)?;
                progress.set(self.made(), whole);
                progress.beside(format!("{}: loss {loss:.3}, validation {:.4}", phase.0, self.validation()));
                let done = self.reached.state.step();
                let every = match phase.0 {
                    Phase::Chain => self.config.validation.every_steps,
                    Phase::Filter(_) | Phase::Detection(_) => phase.1.div_ceil(JUDGED_BY_ITSELF),
                };
                let judged = done.is_multiple_of(every) || done == phase.1;
                if done == phase.1 && self.reached.state.phase + 1 < phases.len() {
                    self.reached.state.next_phase();
                }
                if judged {
                    self.judge(&progress)?;
                }
                if self.options.interrupt.pressed() {
                    let (checkpoint, step) = (self.checkpoint(), self.made());
                    self.reached.write(&checkpoint)?;
                    return Err(RunError::TrainingInterrupted { step, steps: whole, checkpoint });
                }
            }
            Ok(self.reached.write(&self.checkpoint())?)
        })?;
        drop(progress);
        self.result()
    }

    /// Steps of all phases.
    fn steps(&self) -> usize {
        self.training.phases().iter().map(|(_, steps)| steps).sum()
    }

    /// Steps made so far.
    fn made(&self) -> usize {
        let state = &self.reached.state;
        self.training.phases()[..state.phase].iter().map(|(_, steps)| steps).sum::<usize>() + state.step()
    }

    /// What the network learns from by itself; those that are kept are read.
    fn samples(&self, progress: &Progress) -> Result<Vec<Sample>, RunError> {
        let stacks = self.training.filter.map_or(0, |filter| filter.stacks);
        let folder = self.config.data.cache.as_deref();
        if let Some(folder) = folder {
            let failed = |source| IoError::System { path: folder.into(), action: "making the folder", source };
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let key = &sample_key(self.config)[..16];
        let one = |number: usize| -> Result<Sample, RunError> {
            progress.set(number, stacks);
            progress.beside("scans of the filter");
            let kept = folder.map(|folder| folder.join(format!("{key}-{number:05}.safetensors")));
            if let Some(kept) = kept.as_deref().filter(|kept| kept.is_file()) {
                return Ok(Sample::read(kept)?);
            }
            if self.options.interrupt.pressed() {
                let (step, steps, checkpoint) = (self.made(), self.steps(), self.checkpoint());
                return Err(RunError::TrainingInterrupted { step, steps, checkpoint });
            }
            let sample = self.training.sample(number)?;
            kept.map(|kept| sample.write(&kept)).transpose()?;
            Ok(sample)
        };
        (0..stacks).map(one).collect()
    }

    fn checkpoint(&self) -> PathBuf {
        self.target.with_extension("checkpoint")
    }

    /// One step; returns its loss.
    fn step(&mut self, phase: (Phase, usize), samples: &[Sample]) -> Result<f64, RunError> {
        let start = Instant::now();
        let result = self.training.step(phase, samples, &mut self.reached.state, &mut self.network)?;
        self.reached.seconds += start.elapsed().as_secs_f64();
        let [loss, gradient, count] = &mut self.reached.open;
        (*loss, *gradient, *count) = (*loss + result.loss, *gradient + result.gradient, *count + 1.0);
        Ok(result.loss)
    }

    /// Validation, a row of the curve, the checkpoint, and the model by the best weights so far.
    fn judge(&mut self, progress: &Progress) -> Result<(), RunError> {
        let start = Instant::now();
        let (state, gamma) = (&self.reached.state, self.reached.state.gamma());
        let mut network = TorchNetwork::new(self.architecture.clone(), Precision::Single);
        network.set(&state.network());
        let found = match self.twins.is_empty() {
            true => {
                let nrmse = mean(&self.training.validate(&self.cases, &mut network, &gamma)?);
                Judged { nrmse, loss: nrmse, observer: f64::NAN, transmission: f64::NAN }
            }
            false => self.training.judge(&self.twins, &mut network, &gamma)?,
        };
        let [loss, gradient, count] = std::mem::take(&mut self.reached.open);
        let row = Row {
            step: self.made() as f64,
            loss: loss / count,
            validation: found.nrmse,
            whole: found.loss,
            observer: found.observer,
            transmission: found.transmission,
            gamma: gamma[0],
            gradient: gradient / count,
            seconds: self.reached.seconds,
        };
        let smallest = self.reached.history.iter().map(|row| row.whole).fold(f64::INFINITY, f64::min);
        if found.loss < smallest {
            self.reached.best = state.parameters.clone();
        }
        self.reached.history.push(row);
        let spent = start.elapsed().as_secs_f64();
        progress.say(format!("{row}, validated in {spent:.1} s"));
        self.reached.write(&self.checkpoint())?;
        self.write_curve()?;
        self.write_model()
    }

    fn write_curve(&self) -> Result<(), RunError> {
        let column = |value: fn(&Row) -> f64| Column::Numbers(self.reached.history.iter().map(value).collect());
        let table = Columns::default()
            .with("step", column(|row| row.step))
            .with("loss", column(|row| row.loss))
            .with("validation_nrmse", column(|row| row.validation));
        let table = match self.twins.is_empty() {
            true => table,
            false => table
                .with("observer_snr", column(|row| row.observer))
                .with("transmission", column(|row| row.transmission)),
        };
        let table = table
            .with("gamma", column(|row| row.gamma))
            .with("gradient", column(|row| row.gradient))
            .with("seconds", column(|row| row.seconds));
        let path = self.target.with_extension("curve.csv");
        write_csv(&path, true, &table)?;
        let series = |name: &str, value: fn(&Row) -> f64| {
            Series::new(name, self.reached.history.iter().map(|row| Point::new(row.step, value(row))))
                .drawn(Stroke::Line)
        };
        let last = self.steps() as f64;
        let level = [Point::new(0.0, self.baseline), Point::new(last, self.baseline)];
        let plot = Plot::new("Training", "step", "NRMSE")
            .with(series("training loss", |row| row.loss))
            .with(series("validation", |row| row.validation))
            .with(Series::new("OSEM + Gaussian, by an oracle", level).drawn(Stroke::Dashed));
        Ok(plot.write(&self.target.with_extension("curve"), true)?)
    }

    /// The best weights so far, with their card.
    fn write_model(&self) -> Result<(), RunError> {
        let stages = self.reached.state.stages;
        let bodies = layered(&self.architecture, &network_of(&self.reached.best, stages));
        let gamma = gamma_of(&self.reached.best, stages).iter().map(|&gamma| gamma as f32).collect();
        let model = Model { card: self.card(), weights: Weights { bodies, gamma } };
        write_model(&self.target, &model.encode(&self.target)?)
    }

    fn card(&self) -> ModelCard {
        let cases = &self.training.source;
        let thickness = cases.scanners.iter().map(|scanner| scanner.scanner.ring_spacing_mm);
        let [thin, thick] = [thickness.clone().fold(f64::INFINITY, f64::min), thickness.fold(0.0, f64::max)];
        let sides = |end: usize| cases.scanners.iter().map(move |scanner| scanner.voxel_mm[end]);
        let metrics = [
            ("validation_nrmse", self.validation()),
            ("filtered_osem_by_oracle_nrmse", self.baseline),
            ("training_steps", self.made() as f64),
            ("training_seconds", self.reached.seconds.round()),
        ];
        let of_lesions = self
            .best_row()
            .map(|row| [("observer_snr_over_map", row.observer), ("transmission_over_map", row.transmission)]);
        let of_lesions = of_lesions.into_iter().flatten().filter(|(_, value)| value.is_finite());
        let TrainedModelConfig::Unrolled(model) = &self.config.model;
        let (LossConfig::Supervised { target_fwhm_mm } | LossConfig::HeldOut { target_fwhm_mm, .. }) = self.config.loss;
        let name = self.source.path.file_name().unwrap_or_default().to_string_lossy();
        ModelCard {
            format: FORMAT,
            kind: KIND.into(),
            architecture: self.architecture.clone(),
            sha256: String::new(),
            iterations: model.iterations,
            subsets: model.subsets,
            start: model.map_start,
            weak: model.weak,
            blend: model.blend.map(Share::get),
            training_data: self.training_data.clone(),
            scanners: cases.scanners.iter().map(|scanner| scanner.scanner.name.clone()).collect(),
            prompts_per_mm: [cases.prompts_per_slice[0] / thick, cases.prompts_per_slice[1] / thin],
            voxel_mm: [sides(0).fold(f64::INFINITY, f64::min), sides(1).fold(0.0, f64::max)],
            target_resolution_mm: target_fwhm_mm.get(),
            licence: self.config.output.licence.clone(),
            metrics: metrics.into_iter().chain(of_lesions).map(|(name, value)| (name.to_owned(), value)).collect(),
            commit: commit(&self.source.path),
            command: format!("coincide train {name}"),
        }
    }

    /// The validation error of the best weights so far.
    fn validation(&self) -> f64 {
        self.best_row().map_or(f64::INFINITY, |row| row.validation)
    }

    fn best_row(&self) -> Option<&Row> {
        self.reached.history.iter().min_by(|a, b| a.whole.total_cmp(&b.whole))
    }

    fn result(self) -> Result<TrainResult, RunError> {
        Ok(TrainResult {
            steps: self.made(),
            of_steps: self.steps(),
            seconds: self.reached.seconds,
            validation: self.validation(),
            filtered_osem: self.baseline,
            gamma: gamma_of(&self.reached.best, self.reached.state.stages),
            model: self.target,
        })
    }
}

/// The first state: random weights, or those of a file.
fn begin(
    source: &Source,
    config: &TrainConfig,
    begun_as: Option<&Model>,
    architecture: &Architecture,
    fingerprint: String,
) -> Result<Checkpoint, RunError> {
    let TrainedModelConfig::Unrolled(model) = &config.model;
    let given = (!model.gamma.is_empty()).then(|| model.gamma.iter().map(|gamma| gamma.get()).collect());
    let state = match begun_as {
        None => {
            let gamma =
                given.unwrap_or_else(|| if architecture.stages > 1 { vec![FIRST_GAMMA, 1.0] } else { vec![1.0] });
            State::new(&first_weights(architecture, config.data.seed), architecture.stages, &gamma)
        }
        Some(read) => {
            let at = "model.unrolled.start";
            let Some(weights) = widened(&read.card.architecture, &read.weights.bodies, architecture) else {
                return Err(source.mistake(at, "these weights are of another architecture", None).into());
            };
            let gamma: Vec<f64> =
                given.unwrap_or_else(|| read.weights.gamma.iter().map(|&gamma| gamma.into()).collect());
            State::new(&weights, architecture.stages, &gamma)
        }
    };
    let best = state.parameters.clone();
    Ok(Checkpoint { state, best, history: Vec::new(), open: [0.0; 3], seconds: 0.0, config: fingerprint })
}

/// What samples that are kept must agree with: everything that changes them, their number left out.
fn sample_key(config: &TrainConfig) -> String {
    let TrainedModelConfig::Unrolled(model) = &config.model;
    let data = TrainingDataConfig { cache: None, ..config.data.clone() };
    let images =
        (model.map_start, model.weak.unwrap_or(MapImage::WEAK), Companion::OSEM_SUBSETS, Companion::OSEM_ITERATIONS);
    let of_model = (model.noise, &model.companions, images, model.iterations, model.subsets);
    let parts = (env!("CARGO_PKG_VERSION"), data, config.loss, of_model, config.detection.is_some());
    let text = serde_json::to_string(&parts).unwrap_or_else(|error| unreachable!("plain tables: {error}"));
    sha256_of_text(&text)
}

/// What a checkpoint must agree with: everything that changes the numbers.
fn fingerprint(config: &TrainConfig) -> String {
    let data = TrainingDataConfig { cache: None, ..config.data.clone() };
    let parts =
        (&config.model, &data, &config.loss, &config.filter, &config.detection, &config.optimiser, &config.validation);
    let text = serde_json::to_string(&parts).unwrap_or_else(|error| unreachable!("plain tables: {error}"));
    sha256_of_text(&text)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
