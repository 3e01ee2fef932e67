//! Does the sentinel keep quiet where nothing is missing, and does it tell an erased lesion?
//!
//! - **Null**: on phantoms whose images lack nothing, a scan is a false alarm where any place is flagged, missing or
//!   refuted. The threshold that one such scan in twenty exceeds is printed beside the one that was used.
//! - **Power**: `[erased]` lesions are added to the counts that the sentinel looks at, and not to those that were
//!   reconstructed: the image is that of a method that has erased them completely. Each is as hot as it takes for √q
//!   SNR to be one of the numbers asked for, SNR² = Σ (A d)² / ȳ that of the ideal observer in all counts, q the share
//!   that was kept (1 without). It is found where the sentinel flags a voxel of it as missing. Figures of a run are
//!   called `erased.N.…`.

use super::cache::Cache;
use super::execute::execute;
use super::plan::Plan;
use super::provenance::{study_provenance, write_calibration};
use crate::config::{PriorConfig, Study};
use crate::metrics::{
    ERASED_FLAGGED, ERASED_SNR, Figure, SENTINEL_LARGEST, SENTINEL_NOISE, SENTINEL_SMALLEST, SENTINEL_THRESHOLD,
    Scores, wilson,
};
use crate::report::{Table, significant};
use crate::run::{Options, RunError, first};
use crate::trust::{FALSE_ALARMS, NoiseClass, Thresholds, exceeded_by_chance, json};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// Result of `coincide evaluate sentinel`.
#[derive(Clone, Debug, Serialize)]
pub struct SentinelStudy {
    /// The study's title.
    pub title: String,
    /// False alarms.
    pub null: Vec<FalseAlarms>,
    /// Erased lesions that were found.
    pub power: Vec<Power>,
    /// Where the thresholds were written to.
    pub calibration: Option<PathBuf>,
    /// Runs that were made now; the others were in the cache.
    pub computed: usize,
}

/// False alarms of one method at one level of counts.
#[derive(Clone, Debug, Serialize)]
pub struct FalseAlarms {
    /// The method.
    pub method: String,
    /// Expected prompts.
    pub prompts: f64,
    /// Scans.
    pub scans: usize,
    /// Mean threshold that was used.
    pub threshold: f64,
    /// Scans with any flagged place.
    pub flagged: usize,
    /// Wilson's interval of 95 % of their share.
    pub interval: [f64; 2],
    /// The threshold that a further scan of the kind exceeds with a chance of one in twenty; `None` for fewer than 19
    /// scans.
    pub calibrated: Option<f64>,
}

/// Erased lesions of one √q SNR.
#[derive(Clone, Debug, Serialize)]
pub struct Power {
    /// The method.
    pub method: String,
    /// Expected prompts.
    pub prompts: f64,
    /// √q SNR.
    pub snr: f64,
    /// Lesions.
    pub lesions: usize,
    /// Those that were flagged.
    pub flagged: usize,
    /// Wilson's interval of 95 % of their share.
    pub interval: [f64; 2],
}

/// Runs a study and says how its sentinels do; `calibrate` is where the thresholds of its method shall go.
pub fn evaluate_sentinel(path: &Path, calibrate: Option<&Path>, options: &Options) -> Result<SentinelStudy, RunError> {
    let study = Study::read(path)?;
    first(study.conflicts(true))?;
    let pool = options.pool(study.config.run.threads)?;
    let plan = pool.install(|| Plan::of(&study, options))?;
    let guarded = plan.runs.iter().find(|run| run.config.sentinel().is_some()).ok_or_else(|| {
        let help = Some("add `sentinel = {}` to a method; learned priors have one by themselves".into());
        study.source.mistake("methods", "no method has a sentinel", help)
    })?;
    if calibrate.is_some() && (study.methods.len() > 1 || study.methods[0].settings() > 1) {
        let help = Some("leave one method in the study, without a knob".into());
        return Err(study.source.mistake("methods", "thresholds are found for one method", help).into());
    }
    let cache = Cache::open(study.config.output.cache(&study.source))?;
    let computed = execute(&study, &plan, &cache, pool.current_num_threads(), options)?;
    let title = study.config.title.clone();
    let mut result = SentinelStudy { title, null: Vec::new(), power: Vec::new(), calibration: None, computed };
    let mut scans = Vec::new();
    for (method, known) in study.methods.iter().enumerate() {
        for prompts in study.config.prompts.iter().map(|prompts| prompts.get()) {
            let own = plan.runs.iter().filter(|run| {
                let cell = &plan.cells[run.cell];
                (cell.method, cell.prompts) == (method, prompts)
            });
            let figures: Vec<Scores> = own.map(|run| Ok(cache.load(&run.key)?.1)).collect::<Result<_, RunError>>()?;
            scans.extend(figures.iter().filter_map(noise_and_largest));
            result.null.extend(false_alarms(&known.name, prompts, &figures));
            result.power.extend(power(&known.name, prompts, &figures));
        }
    }
    if let Some(path) = calibrate {
        let classes = NoiseClass::of(&scans);
        if classes.is_empty() {
            let help = Some(
                "19 of about the same noise are the fewest that can tell one in twenty: name more phantoms".into(),
            );
            return Err(study.source.mistake("phantoms", format!("{} scans are too few", scans.len()), help).into());
        }
        let known = guarded.config.sentinel().unwrap_or_default();
        let judged = known.judged(guarded.config.prior.as_ref().map(PriorConfig::calibrated_as).as_deref());
        let thresholds = Thresholds { version: 1, judged, provenance: study_provenance(&study), classes };
        write_calibration(path, &json(&thresholds), options)?;
        result.calibration = Some(path.into());
    }
    Ok(result)
}

/// ν̄ and the largest |z| of a run.
fn noise_and_largest(run: &Scores) -> Option<(f64, f64)> {
    Some((*run.get(&SENTINEL_NOISE)?, largest(run)?))
}

fn largest(run: &Scores) -> Option<f64> {
    Some(run.get(&SENTINEL_LARGEST)?.max(-*run.get(&SENTINEL_SMALLEST)?))
}

fn false_alarms(method: &str, prompts: f64, runs: &[Scores]) -> Option<FalseAlarms> {
    let of_run = |run: &Scores| Some((largest(run)?, *run.get(&SENTINEL_THRESHOLD)?));
    let found: Vec<(f64, f64)> = runs.iter().filter_map(of_run).collect();
    let scans = found.len();
    let flagged = found.iter().filter(|(largest, threshold)| largest > threshold).count();
    let exceeded = exceeded_by_chance(found.iter().map(|(largest, _)| *largest).collect(), FALSE_ALARMS);
    (scans > 0).then(|| FalseAlarms {
        method: method.into(),
        prompts,
        scans,
        threshold: found.iter().map(|(_, threshold)| threshold).sum::<f64>() / scans as f64,
        flagged,
        interval: wilson(flagged, scans),
        calibrated: (scans >= 19).then_some(exceeded),
    })
}

fn power(method: &str, prompts: f64, runs: &[Scores]) -> Vec<Power> {
    let of_run = |run: &Scores| {
        let lesion = |number: usize| {
            let own = |figure: &Figure| run.get_of(figure, &number.to_string()).copied();
            Some((own(&ERASED_SNR)?, own(&ERASED_FLAGGED)? > 0.0))
        };
        (0..).map_while(lesion).collect::<Vec<_>>()
    };
    let all: Vec<(f64, bool)> = runs.iter().flat_map(of_run).collect();
    let mut levels: Vec<f64> = all.iter().map(|(snr, _)| *snr).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let at = |snr: f64| {
        let of_level = all.iter().filter(|(own, _)| *own == snr);
        let (lesions, flagged) = (of_level.clone().count(), of_level.filter(|(_, flagged)| *flagged).count());
        Power { method: method.into(), prompts, snr, lesions, flagged, interval: wilson(flagged, lesions) }
    };
    levels.into_iter().map(at).collect()
}

/// A share of a number in %, with its interval.
fn per_cent(count: usize, of: usize, [low, high]: [f64; 2]) -> String {
    let share = 100.0 * count as f64 / of as f64;
    format!("{share:.1} [{:.1}, {:.1}]", 100.0 * low, 100.0 * high)
}

impl fmt::Display for SentinelStudy {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if !self.title.is_empty() {
            writeln!(f, "{}\n", self.title)?;
        }
        let heading = ["method", "prompts", "scans", "threshold", "false alarms, %", "one in twenty exceeds"];
        let mut table = Table::new(heading.map(str::to_owned));
        for entry in &self.null {
            let share = per_cent(entry.flagged, entry.scans, entry.interval);
            let calibrated = entry.calibrated.map_or("–".into(), |threshold| format!("{threshold:.2}"));
            let about = [entry.method.clone(), significant(entry.prompts), entry.scans.to_string()];
            table.row(about.into_iter().chain([format!("{:.2}", entry.threshold), share, calibrated]));
        }
        writeln!(f, "{table}")?;
        if !self.power.is_empty() {
            let heading = ["method", "prompts", "√q SNR", "erased lesions", "found, %"];
            let mut table = Table::new(heading.map(str::to_owned));
            for entry in &self.power {
                let share = per_cent(entry.flagged, entry.lesions, entry.interval);
                let about = [entry.method.clone(), significant(entry.prompts), significant(entry.snr)];
                table.row(about.into_iter().chain([entry.lesions.to_string(), share]));
            }
            writeln!(f, "{table}")?;
        }
        if let Some(path) = &self.calibration {
            writeln!(f, "{}: the thresholds by noise", path.display())?;
        }
        writeln!(f, "shares with Wilson's interval of 95 %; {} runs made now", self.computed)
    }
}
