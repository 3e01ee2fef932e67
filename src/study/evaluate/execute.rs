//! The runs that the cache lacks, several scans at a time where there is memory for them.
//!
//! A worker simulates a scan and runs all methods on it, on threads of its own. How many workers there are changes no
//! image.

use super::cache::Cache;
use super::plan::{Plan, Run, Subject};
use super::{covered, erased};
use crate::config::Study;
use crate::image::{Image, ImageGrid};
use crate::metrics::{
    Ball, CONTRAST_RECOVERY, FLAGGED, KKT, NOISE, OBJECTIVE, SECONDS, SENTINEL_LARGEST, SENTINEL_NOISE,
    SENTINEL_PLACES, SENTINEL_SMALLEST, SENTINEL_THRESHOLD, Scores, UPDATES, region_statistics,
};
use crate::observe::{Console, Progress};
use crate::report::{ReconResult, Record, available_memory_mb};
use crate::run::{Options, Reconstruction, RunError, Scan, reconstruct_scan};
use crate::simulate::{AddedLesion, simulate};
use rayon::ThreadPoolBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Share of the free memory that runs may take together.
const SHARE_OF_MEMORY: f64 = 0.7;
/// A run predicts its own memory; beside it a worker holds the scan that all of its methods start from.
const SCANS_HELD: f64 = 1.6;

/// Makes what is missing, and returns how many runs that were.
pub(super) fn execute(
    study: &Study,
    plan: &Plan,
    cache: &Cache,
    threads: usize,
    options: &Options,
) -> Result<usize, RunError> {
    let jobs = missing(plan, cache);
    let total = jobs.iter().map(|(_, runs)| runs.len()).sum();
    if total == 0 {
        return Ok(0);
    }
    let workers = workers(plan, &jobs, threads);
    let progress = options.console.progress("evaluating");
    progress.set(0, total);
    let done = &AtomicUsize::new(0);
    let part = Options {
        console: Console::Quiet,
        force: true,
        threads: None,
        interrupt: options.interrupt.of_part(),
        warnings: Default::default(),
    };
    let crew = Crew {
        study,
        plan,
        cache,
        options: &part,
        progress: &progress,
        total,
        done,
        failed: &AtomicBool::new(false),
        jobs: &Mutex::new(jobs),
    };
    options.interrupt.hold(|| {
        std::thread::scope(|scope| {
            let hired: Vec<_> = (0..workers)
                .map(|number| {
                    // Threads that do not divide evenly go to the first workers.
                    let own = threads / workers + usize::from(number < threads % workers);
                    let crew = &crew;
                    scope.spawn(move || crew.work(own))
                })
                .collect();
            let outcomes: Vec<_> = hired.into_iter().map(|worker| worker.join()).collect();
            outcomes
                .into_iter()
                .try_for_each(|outcome| outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    })?;
    let done = done.load(Ordering::Relaxed);
    if options.interrupt.pressed() {
        let runs = plan.runs.len();
        let missing = plan.runs.iter().filter(|run| !cache.holds(&run.key)).count();
        return Err(RunError::StudyInterrupted { done: runs - missing, total: runs, cache: cache.folder.clone() });
    }
    Ok(done)
}

/// A scan and the runs on it.
type Job = (usize, Vec<usize>);

/// The runs without a file, each key once, by scan; the last scan first, as the jobs are taken from the end.
fn missing(plan: &Plan, cache: &Cache) -> Vec<Job> {
    let mut seen = BTreeSet::new();
    let mut jobs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, run) in plan.runs.iter().enumerate() {
        if !cache.holds(&run.key) && seen.insert(&run.key) {
            jobs.entry(run.scan).or_default().push(index);
        }
    }
    jobs.into_iter().rev().collect()
}

fn workers(plan: &Plan, jobs: &[Job], threads: usize) -> usize {
    let bytes = jobs.iter().flat_map(|(_, runs)| runs).map(|&run| plan.runs[run].bytes).fold(0.0, f64::max);
    let room = available_memory_mb().map(|free| SHARE_OF_MEMORY * free * 1e6 / (SCANS_HELD * bytes));
    threads.min(jobs.len()).min(room.unwrap_or(1.0) as usize).max(1)
}

/// What all workers share.
struct Crew<'a> {
    study: &'a Study,
    plan: &'a Plan,
    cache: &'a Cache,
    options: &'a Options,
    progress: &'a Progress,
    total: usize,
    done: &'a AtomicUsize,
    failed: &'a AtomicBool,
    jobs: &'a Mutex<Vec<Job>>,
}

impl Crew<'_> {
    fn work(&self, threads: usize) -> Result<(), RunError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| RunError::Usage(format!("{threads} threads cannot be started: {error}")))?;
        let next = || self.jobs.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some((scan, runs)) = next() {
            if let Err(error) = pool.install(|| self.scan(scan, &runs)) {
                self.failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
            if self.stopped() {
                break;
            }
        }
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.failed.load(Ordering::Relaxed) || self.options.interrupt.pressed()
    }

    fn scan(&self, index: usize, runs: &[usize]) -> Result<(), RunError> {
        let scan = &self.plan.scans[index];
        let subject = &self.plan.subjects[scan.subject];
        let mut scans = simulate(&subject.phantom, &subject.geometry, &scan.simulation, &|_, _| ())?;
        let Some(measurement) = scans.pop() else { return Ok(()) };
        let acquired = Scan { seed: Some(scan.seed), ..measurement.into() };
        for &run in runs {
            if self.stopped() {
                return Ok(());
            }
            let run = &self.plan.runs[run];
            self.run(run, subject, acquired.clone()).map_err(|error| self.told(run, error))?;
        }
        Ok(())
    }

    fn run(&self, run: &Run, subject: &Subject, acquired: Scan) -> Result<(), RunError> {
        let mut record = Record::new("evaluate", &run.source.text, &run.source.path);
        record.seed = acquired.seed;
        let lesions = &self.plan.scans[run.scan].simulation.lesions;
        // Only where erased lesions are asked for is the scan itself needed again.
        let whole = self.study.config.erased.is_some().then(|| acquired.measurement.clone());
        let Reconstruction { image, whole: whole_image, result, confidence, missing } =
            reconstruct_scan(&run.source, &run.config, acquired, self.options)?;
        if self.options.interrupt.pressed() {
            return Ok(()); // it may have been cut short
        }
        record.seconds = vec![("reconstruction", result.seconds)];
        let provenance = record.pairs().into_iter().collect();
        let scores = match lesions.is_empty() {
            true => {
                let mut scores = scores(subject, &image, &result);
                scores.extend(result.suv_per_unit.iter().flat_map(|suv| scores.as_suv(*suv)).collect::<Vec<_>>());
                if let (Some(found), Some(asked)) = (&confidence, &run.config.confidence) {
                    scores.extend(covered::of_run(subject, &image, found, asked));
                }
                if let (Some(asked), Some(whole), Some(told)) = (&self.study.config.erased, whole, &result.sentinel) {
                    let simulation = &self.plan.scans[run.scan].simulation;
                    scores.extend(erased::of_run(
                        asked,
                        subject,
                        simulation,
                        &run.config,
                        &whole,
                        &whole_image,
                        told.threshold,
                    )?);
                }
                scores
            }
            // The truth lacks the lesions; images with and without them are compared later.
            false => {
                let mut scores = of_run(&result);
                scores.extend(missing.iter().flat_map(|missing| flagged(&image.grid, missing, lesions)));
                scores
            }
        };
        self.cache.store(&run.key, &image, &scores, provenance)?;
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.set(done, self.total);
        Ok(())
    }

    /// The error with its run; mistakes at their place in the study.
    fn told(&self, run: &Run, error: RunError) -> RunError {
        let cell = &self.plan.cells[run.cell];
        match error {
            RunError::Config(error) => RunError::Config(self.study.told(error, &run.source, cell.method, cell.setting)),
            error => RunError::Run { run: self.plan.describe(self.study, run), error: Box::new(error) },
        }
    }
}

/// What a run says of itself: work, convergence, the sentinel.
fn of_run(result: &ReconResult) -> Scores {
    let mut scores = Scores::default();
    scores.add(&UPDATES, result.updates as f64);
    scores.add(&SECONDS, result.seconds);
    if let Some(objective) = result.objective {
        scores.add(&OBJECTIVE, objective);
    }
    if let Some(kkt) = result.kkt {
        scores.add(&KKT, kkt);
    }
    if let Some(sentinel) = &result.sentinel {
        let compact = sentinel.places.iter().filter(|place| place.is_compact());
        scores.add(&SENTINEL_LARGEST, sentinel.largest);
        scores.add(&SENTINEL_SMALLEST, sentinel.smallest);
        scores.add(&SENTINEL_THRESHOLD, sentinel.threshold);
        scores.add(&SENTINEL_NOISE, sentinel.noise);
        scores.add(&SENTINEL_PLACES, compact.count() as f64);
    }
    scores
}

/// Which lesions hold a voxel at which the sentinel says that activity is missing.
fn flagged(grid: &ImageGrid, missing: &[bool], lesions: &[AddedLesion]) -> Scores {
    let holds = |lesion: &AddedLesion| {
        let ball = Ball::new(grid, 0.5 * lesion.diameter_mm.get());
        ball.around(grid.nearest(lesion.centre_mm)).any(|voxel| missing[voxel])
    };
    let mut scores = Scores::default();
    for (site, lesion) in lesions.iter().enumerate() {
        scores.add_of(&FLAGGED, site.to_string(), f64::from(u8::from(holds(lesion))));
    }
    scores
}

/// Everything that is measured on one image of a scan without added lesions.
fn scores(subject: &Subject, image: &Image, result: &ReconResult) -> Scores {
    let mut scores = subject.reference.scores(image);
    let noise = region_statistics(image, &subject.noise_mask);
    scores.add(&NOISE, noise.sd / noise.mean);
    let spheres: Vec<f64> =
        scores.iter().filter(|score| *score.figure == CONTRAST_RECOVERY).map(|score| score.value).collect();
    if !spheres.is_empty() {
        scores.add_of(&CONTRAST_RECOVERY, "mean", spheres.iter().sum::<f64>() / spheres.len() as f64);
    }
    scores.extend(of_run(result));
    scores.retain(|score| score.value.is_finite());
    scores
}
