//! The iterative part of a reconstruction: an algorithm, and all that watches it.

use super::climb::Climb;
use super::fit::{Fit, fit};
use super::prior::WeightedPrior;
use super::scene::Scene;
use super::{RunError, snapshot_path};
use crate::algorithm::fbp::{FbpConfig, fbp};
use crate::algorithm::{Objective, Observer, Stop, drive, optimality};
use crate::config::Iterations;
use crate::image::Image;
use crate::io::save_image;
use crate::metrics::{OBJECTIVE, Scores};
use crate::observe::{Finite, History, Interrupt, RelativeChange, Sample, Snapshots, TimeLimit, Tolerance};
use crate::prior::Prior;
use crate::prior::network::Blend;
use crate::report::{ReconResult, WeightSearch, peak_memory_mb};
use crate::units::Positive;
use coincide_kernels::Level;
use std::time::Instant;

/// What a run made.
pub(super) struct Made {
    pub values: Vec<f32>,
    pub updates: usize,
    pub full_passes: f64,
    pub seconds: f64,
    pub stop: String,
    pub step: Option<f64>,
    pub fit: Fit,
    pub beta: Option<f64>,
    pub beta_search: Option<WeightSearch>,
    pub blend: Option<Blend>,
    pub history: Vec<Sample>,
    pub warnings: Vec<String>,
}

impl Scene<'_> {
    /// Runs all iterations, or until something stops them.
    pub(super) fn iterate(&self, iterations: Iterations) -> Result<Made, RunError> {
        let start = self.start(iterations.start, self.model)?;
        let WeightedPrior { prior, beta, search } = self.prior(start.as_deref())?;
        let objective = Objective::new(self.model, &prior, beta);
        let uniform = start.is_none();
        let mut algorithm = self.config.algorithm.build(&objective, start)?;
        // A uniform start is made anew when it is compared.
        let start = (!uniform).then(|| algorithm.image().to_vec());
        let mut change = RelativeChange::below(self.config.stop.relative_change.map_or(0.0, Positive::get));
        let mut history = self.history(&objective);
        let updates = (iterations.count * iterations.subsets).min(self.config.stop.updates.unwrap_or(usize::MAX));
        let mut observers = self.observers(updates, &objective);
        observers.push(Box::new(&mut history));
        observers.push(Box::new(&mut change));
        let (stop, last) = drive(&mut *algorithm, updates, &mut observers);
        drop(observers);
        let stop = match stop {
            Stop::Finished => "all iterations done".into(),
            Stop::Asked(why) => why,
        };
        // The algorithm's own arrays go before those that judge its image come.
        let subgradient = algorithm.prior_subgradient();
        let end = algorithm.into_image();
        if end.iter().any(|value| !value.is_finite()) {
            return Err(self.lost(last.map_or(0, |step| step.update)));
        }
        let Climb { mut values, fit, warnings } = self.climb(&objective, start, end, subgradient.as_deref())?;
        let (updates, mut seconds) = last.map_or((0, 0.0), |step| (step.update, step.seconds));
        let mut full_passes = last.map_or(0.0, |step| step.passes);
        let clock = Instant::now();
        let mut blend = self.blended(&mut values)?;
        if let Some(blend) = &blend {
            (seconds, full_passes) = (seconds + clock.elapsed().as_secs_f64(), full_passes + blend.with.by.passes());
        }
        if let Prior::Unrolled(network) = &prior {
            blend = network.blend();
        }
        Ok(Made {
            values,
            updates,
            full_passes,
            seconds,
            stop,
            step: change.last,
            fit,
            beta: self.config.prior.is_some().then_some(beta),
            beta_search: search,
            blend,
            history: history.samples,
            warnings,
        })
    }

    /// The image is not finite: the fault of a user's model, where there is one.
    fn lost(&self, updates: usize) -> RunError {
        let problem = format!("gave values that are not finite numbers, or ran out of memory, in update {updates}");
        match self.config.prior.as_ref().and_then(|prior| Some((prior, prior.failed(problem)?))) {
            Some((prior, error)) => self.prior_error(prior, error),
            None => RunError::NotFinite { algorithm: self.config.algorithm.name(), updates },
        }
    }

    /// Filtered back projection: one formula, nothing to watch.
    pub(super) fn analytic(&self, config: &FbpConfig) -> Result<Made, RunError> {
        let start = Instant::now();
        let values = fbp(self.model.measurement(), &self.model.grid(), config)?.values;
        let seconds = start.elapsed().as_secs_f64();
        Ok(Made {
            fit: fit(&Objective::new(self.model, &Prior::None, 0.0), &values, None),
            values,
            updates: 1,
            full_passes: 0.0,
            seconds,
            stop: "analytic".into(),
            step: None,
            beta: None,
            beta_search: None,
            blend: None,
            history: Vec::new(),
            warnings: Vec::new(),
        })
    }

    fn observers<'a>(&'a self, updates: usize, objective: &'a Objective) -> Vec<Box<dyn Observer + 'a>> {
        let (config, options) = (self.config, self.options);
        let mut observers: Vec<Box<dyn Observer + 'a>> = vec![
            Box::new(options.console.progress("reconstructing").of_updates(updates)),
            Box::new(Interrupt::new(options.interrupt.raised.clone())),
            Box::new(Finite),
        ];
        if let Some(limit) = config.stop.time_limit_s {
            observers.push(Box::new(TimeLimit::seconds(limit.get())));
        }
        if let Some(tolerance) = config.stop.tolerance {
            let distance = |values: &[f32]| optimality(objective, values, None).1;
            observers.push(Box::new(Tolerance::below(tolerance.get(), distance)));
        }
        if let (Some(every), Some(path)) = (config.output.snapshots_every, &config.output.image) {
            let path = path.clone();
            observers.push(Box::new(Snapshots::every(every, move |iteration, values| {
                let path = snapshot_path(&path, iteration);
                save_image(&path, options.force, &self.wanted(values), self.provenance)
                    .map(drop)
                    .map_err(|e| e.to_string())
            })));
        }
        observers
    }

    /// Figures along the way.
    fn history<'a>(&'a self, objective: &'a Objective) -> History<'a> {
        History::every(self.config.run.figures_every, move |values| {
            let mut scores = self.reference.map_or_else(Scores::default, |r| r.scores(&self.wanted(values)));
            // One projection; the distance from the maximum costs three more and is found at the end only.
            scores.add(&OBJECTIVE, objective.value(values));
            scores
        })
    }

    /// Values of the model's grid as an image.
    pub fn whole(&self, values: Vec<f32>) -> Image {
        Image { grid: self.model.grid(), unit: self.unit, values }
    }

    /// The wanted part of values of the model's grid as an image.
    pub fn wanted(&self, values: &[f32]) -> Image {
        Image { grid: self.margin.wanted(), unit: self.unit, values: self.margin.cropped(values) }
    }

    /// Everything that is said about the finished image; objective and counts are those before the post-filter.
    pub(super) fn result(&self, made: Made, image: &Image, suv: Option<f64>) -> ReconResult {
        let (measurement, fit) = (self.model.measurement(), made.fit);
        let iterative = self.config.algorithm.iterations().is_some();
        let mut metrics = self.reference.map_or_else(Scores::default, |reference| reference.scores(image));
        let unseen = fit.unseen.warning(&measurement.geometry, &image.grid);
        let resampled = self.reference.and_then(|reference| reference.resampled.clone());
        let warnings = made.warnings.into_iter().chain(unseen).chain(resampled);
        metrics.extend(suv.iter().flat_map(|suv| metrics.as_suv(*suv)).collect::<Vec<_>>());
        ReconResult {
            output: None,
            files: Vec::new(),
            warnings: warnings.collect(),
            suv_per_unit: suv,
            activity: measurement.ledger.moment(),
            holds: measurement.ledger.in_words(),
            algorithm: self.config.algorithm.name().into(),
            updates: made.updates,
            stop: made.stop,
            seconds: made.seconds,
            seconds_total: made.seconds,
            full_passes: made.full_passes,
            objective: iterative.then_some(fit.objective),
            penalty: fit.penalty,
            prior: self.config.prior.as_ref().map(|prior| prior.name().into()),
            beta: made.beta,
            beta_search: made.beta_search,
            blend: made.blend.map(|blend| blend.share.into()),
            counts_in_image: fit.counts_in_image,
            counts_net: measurement.total_prompts() - measurement.total_background(),
            counts_prompts: measurement.total_prompts(),
            metrics,
            kkt: iterative.then_some(fit.kkt),
            sentinel: None,
            confidence: None,
            step: made.step,
            unit: self.unit.to_string(),
            threads: rayon::current_num_threads(),
            level: Level::best().name().into(),
            peak_memory_mb: peak_memory_mb(),
            history: made.history,
        }
    }
}
