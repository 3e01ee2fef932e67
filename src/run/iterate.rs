//! The iterative part of a reconstruction: an algorithm, and all that watches it.

use super::figures::Reference;
use super::fit::fit;
use super::{Options, RunError, image_file, snapshot_path, write_image_file};
use crate::algorithm::fbp::{FbpConfig, fbp};
use crate::algorithm::{Algorithm, Observer, Osem, Stop, drive};
use crate::config::{Iterations, ReconConfig, Source, StartConfig};
use crate::image::{Image, ImageGrid, ImageUnit};
use crate::io::Provenance;
use crate::likelihood::Model;
use crate::observe::{History, Interrupt, RelativeChange, Sample, Snapshots, TimeLimit};
use crate::report::{ReconResult, peak_memory_mb};
use coincide_kernels::Level;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

/// What an iterative run made.
pub(super) struct Iterated {
    pub values: Vec<f32>,
    pub updates: usize,
    pub seconds: f64,
    pub stop: String,
    pub history: Vec<Sample>,
}

/// Everything that an iterative run looks at.
pub(super) struct Scene<'a> {
    pub source: &'a Source,
    pub config: &'a ReconConfig,
    pub model: &'a Model<'a>,
    pub reference: Option<&'a Reference>,
    pub unit: ImageUnit,
    pub provenance: &'a Provenance,
    pub options: &'a Options,
}

impl Scene<'_> {
    /// Runs all iterations, or until something stops them.
    pub fn iterate(&self, iterations: Iterations) -> Result<Iterated, RunError> {
        let start = self.start(iterations.start)?;
        let mut osem = Osem::new(self.model, start);
        let samples = Rc::new(RefCell::new(Vec::new()));
        let updates = iterations.count * iterations.subsets;
        let mut observers = self.observers(updates, &samples);
        let (stop, last) = drive(&mut osem, updates, &mut observers);
        drop(observers);
        let stop = match stop {
            Stop::Finished => "all iterations done".into(),
            Stop::Asked(why) => why,
        };
        let (updates, seconds) = last.map_or((0, 0.0), |step| (step.update, step.seconds));
        Ok(Iterated { values: osem.image().to_vec(), updates, seconds, stop, history: samples.take() })
    }

    /// Filtered back projection: one formula, nothing to watch.
    pub fn analytic(&self, config: &FbpConfig) -> Result<Iterated, RunError> {
        let start = Instant::now();
        let image = fbp(self.model.measurement(), &self.model.grid(), config)?;
        let (seconds, stop) = (start.elapsed().as_secs_f64(), "analytic".to_owned());
        Ok(Iterated { values: image.values, updates: 1, seconds, stop, history: Vec::new() })
    }

    fn observers<'a>(&'a self, updates: usize, samples: &Rc<RefCell<Vec<Sample>>>) -> Vec<Box<dyn Observer + 'a>> {
        let (config, options) = (self.config, self.options);
        let mut observers: Vec<Box<dyn Observer + 'a>> = vec![
            Box::new(options.console.progress("reconstructing").of_updates(updates)),
            Box::new(Interrupt::new(options.interrupt.raised.clone())),
        ];
        if let Some(limit) = config.stop.time_limit_s {
            observers.push(Box::new(TimeLimit::seconds(limit.get())));
        }
        if let Some(threshold) = config.stop.relative_change {
            observers.push(Box::new(RelativeChange::below(threshold.get())));
        }
        if let (Some(every), Some(path)) = (config.output.snapshots_every, &config.output.image) {
            let path = self.source.resolve(path);
            observers.push(Box::new(Snapshots::every(every, move |iteration, values| {
                let path = snapshot_path(&path, iteration);
                write_image_file(&path, options.force, &self.image(values.to_vec()), self.provenance)
                    .map_err(|e| e.to_string())
            })));
        }
        let figures = move |values: &[f32]| {
            let mut figures = self.reference.map_or_else(Default::default, |r| r.figures(&self.image(values.to_vec())));
            // One projection; the distance from the maximum costs three more and is found at the end only.
            let objective = self.model.log_likelihood(values, &mut self.model.scratch());
            figures.insert("objective".to_owned(), objective);
            figures
        };
        observers.push(Box::new(History::every(config.run.figures_every, samples.clone(), figures)));
        observers
    }

    /// Values as an image of the run.
    pub fn image(&self, values: Vec<f32>) -> Image {
        Image { grid: self.model.grid(), unit: self.unit, values }
    }

    /// Everything that is said about the finished image; objective and counts are those before the post-filter.
    pub fn result(&self, made: Iterated, image: &Image) -> ReconResult {
        let measurement = self.model.measurement();
        let fit = fit(self.model, &made.values);
        let iterative = self.config.algorithm.iterations().is_some();
        ReconResult {
            output: None,
            files: Vec::new(),
            algorithm: self.config.algorithm.name().into(),
            updates: made.updates,
            stop: made.stop,
            seconds: made.seconds,
            seconds_total: made.seconds,
            objective: iterative.then_some(fit.objective),
            counts_in_image: fit.counts_in_image,
            counts_net: measurement.total_prompts() - measurement.total_background(),
            counts_prompts: measurement.total_prompts(),
            metrics: self.reference.map_or_else(BTreeMap::new, |reference| reference.figures(image)),
            kkt: iterative.then_some(fit.kkt),
            unit: self.unit.to_string(),
            threads: rayon::current_num_threads(),
            level: Level::best().name().into(),
            peak_memory_mb: peak_memory_mb(),
            history: made.history,
        }
    }

    fn start(&self, config: &StartConfig) -> Result<Option<Vec<f32>>, RunError> {
        let StartConfig::File(path) = config else { return Ok(None) };
        let at = format!("algorithm.{}.start.file", self.config.algorithm.name());
        let image = image_file(&self.source.input(&at, path)?, self.unit)?;
        let grid: ImageGrid = self.model.grid();
        if image.grid.shape != grid.shape {
            let message = format!("the start image has {:?} voxels", image.grid.shape);
            let help = Some(format!("the image of this config has {:?}", grid.shape));
            return Err(self.source.mistake(&at, message, help).into());
        }
        if image.values.iter().any(|value| value.is_nan() || *value < 0.0) {
            return Err(self.source.mistake(&at, "the start image has values that are not >= 0", None).into());
        }
        Ok(Some(image.values))
    }
}
