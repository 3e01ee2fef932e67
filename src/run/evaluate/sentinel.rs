//! Does the sentinel keep quiet where nothing is missing, and does it tell an erased lesion?
//!
//! - **Null**: on phantoms whose images lack nothing, a scan is a false alarm where any place is flagged, missing or
//!   refuted. The threshold that one such scan in twenty exceeds is printed beside the one that was used.
//! - **Power**: `[erased]` lesions are added to the counts that the sentinel looks at, and not to those that were
//!   reconstructed: the image is that of a method that has erased them completely. Each is as hot as it takes for √q
//!   SNR to be one of the numbers asked for, SNR² = Σ (A d)² / ȳ that of the ideal observer in all counts, q the share
//!   that was kept (1 without). It is found where the sentinel flags a voxel of it as missing. Figures of a run are
//!   called `erased.N.…`.

use super::super::sentinel::{flagged_missing, held_out};
use super::super::{Options, RunError, first};
use super::cache::Cache;
use super::execute::execute;
use super::plan::{Plan, Subject};
use super::provenance::{study_provenance, write_calibration};
use crate::config::{ErasedConfig, PriorConfig, ReconConfig, ResolutionConfig, Study};
use crate::data::Measurement;
use crate::image::Image;
use crate::likelihood::Model;
use crate::metrics::{
    Ball, ERASED_DIAMETER, ERASED_FLAGGED, ERASED_SNR, Figure, SENTINEL_LARGEST, SENTINEL_NOISE, SENTINEL_SMALLEST,
    SENTINEL_THRESHOLD, Scores, wilson,
};
use crate::operator::Margin;
use crate::phantom::Phantom;
use crate::prior::mean_activity;
use crate::report::{Table, significant};
use crate::simulate::{AddedLesion, SimulationConfig, simulate, split};
use crate::trust::{FALSE_ALARMS, NoiseClass, Thresholds, exceeded_by_chance, json};
use crate::units::Positive;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lesions of a scan are so far apart that none disturbs another.
const APART_MM: f64 = 60.0;
/// Distance from the ends of the image, beside the lesion's radius.
const FROM_ENDS_MM: f64 = 12.0;
/// Tissue in which a lesion may lie, over the mean activity.
const TISSUE: [f32; 2] = [0.4, 2.5];
/// Voxels that are tried for each lesion.
const TRIES: usize = 200;

/// What the sentinel says of lesions that only the counts hold. `whole`: the scan without them; `whole_image`: what was
/// made of it; `threshold`: what the sentinel of that image used.
pub(super) fn of_run(
    asked: &ErasedConfig,
    subject: &Subject,
    simulation: &SimulationConfig,
    config: &ReconConfig,
    whole: &Measurement,
    whole_image: &(Image, Margin),
    threshold: f64,
) -> Result<Scores, RunError> {
    let Some(sentinel) = config.sentinel() else { return Ok(Scores::default()) };
    let (_, kept) = held_out(Some(&sentinel), whole.clone())?;
    let mut kept = kept.unwrap_or_else(|| whole.clone());
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    let sites = sites(asked, subject, simulation.seed);
    let shown: Vec<(Site, AddedLesion)> = {
        let model = Model::new(&Arc::new(kept.clone()), subject.grid, widths.clone(), 1)?;
        let truth = model.expected(&subject.reference.truth.values);
        let silent = Measurement { background: None, ..kept.clone() };
        let silent = model.with_measurement(silent);
        let hot = |site: Site| {
            let lesion = site.lesion(&subject.phantom, &silent, &truth).transpose()?;
            Some(lesion.map(|lesion| (site, lesion)))
        };
        sites.into_iter().filter_map(hot).collect::<Result<_, RunError>>()?
    };
    if shown.is_empty() {
        return Ok(Scores::default());
    }
    let lesions = shown.iter().map(|(_, lesion)| *lesion).collect();
    let with = SimulationConfig { lesions, ..simulation.clone() };
    let Some(with) = simulate(&subject.phantom, &subject.geometry, &with, &|_, _| ())?.pop() else {
        return Ok(Scores::default());
    };
    // The counts of the lesions alone, as many as were kept of all.
    let added: Vec<f32> = with.prompts.iter().zip(whole.prompts.iter()).map(|(with, without)| with - without).collect();
    let mut added = Measurement { prompts: added.into(), ..whole.clone() };
    if sentinel.held_out.get() > 0.0 {
        added = split(&added, 1.0 - sentinel.held_out.get(), sentinel.seed.wrapping_add(1))?.1;
    }
    let both: Vec<f32> = kept.prompts.iter().zip(added.prompts.iter()).map(|(kept, added)| kept + added).collect();
    kept.prompts = both.into();
    let model = Model::new(&Arc::new(kept), whole_image.1.wider(), widths.clone(), 1)?;
    let missing = flagged_missing(&sentinel, &model, whole_image, threshold);
    let mut scores = Scores::default();
    for (number, (site, lesion)) in shown.iter().enumerate() {
        let ball = Ball::new(&subject.grid, 0.5 * site.diameter_mm);
        let found = ball.around(subject.grid.nearest(lesion.centre_mm)).any(|voxel| missing[voxel]);
        scores.add_of(&ERASED_SNR, number.to_string(), site.snr);
        scores.add_of(&ERASED_DIAMETER, number.to_string(), site.diameter_mm);
        scores.add_of(&ERASED_FLAGGED, number.to_string(), f64::from(u8::from(found)));
    }
    Ok(scores)
}

/// Where a lesion is to be, and how visible.
struct Site {
    centre_mm: [f64; 3],
    diameter_mm: f64,
    snr: f64,
}

impl Site {
    /// The lesion that an ideal observer sees with this signal-to-noise ratio; `None` where the scan sees nothing.
    fn lesion(&self, phantom: &Phantom, silent: &Model, mean: &[f32]) -> Result<Option<AddedLesion>, RunError> {
        let twice = AddedLesion {
            centre_mm: self.centre_mm,
            diameter_mm: Positive::constant(self.diameter_mm),
            contrast: Positive::constant(2.0),
        };
        let activity = twice.added_activity(phantom)?;
        let ball = Phantom::balls("lesion", &[(self.centre_mm, 0.5 * self.diameter_mm, activity)]);
        let counts = silent.expected(&ball.activity_image(&silent.grid()).values);
        let bins = counts.iter().zip(mean).filter(|(_, mean)| **mean > 0.0);
        let square: f64 = bins.map(|(count, mean)| f64::from(*count).powi(2) / f64::from(*mean)).sum();
        let contrast = 1.0 + self.snr / square.sqrt();
        Ok(contrast.is_finite().then(|| AddedLesion { contrast: Positive::constant(contrast), ..twice }))
    }
}

/// Places in active tissue, drawn at random.
fn sites(asked: &ErasedConfig, subject: &Subject, seed: u64) -> Vec<Site> {
    let (grid, truth) = (&subject.grid, &subject.reference.truth);
    let mean = mean_activity(grid, &truth.values);
    // Other places in every phantom, although their scans have the same seed.
    let own = subject.name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut random = Pcg64::seed_from_u64(own);
    let mut sites: Vec<Site> = Vec::new();
    let [_, ny, nz] = grid.shape;
    let half_mm = 0.5 * nz as f64 * grid.voxel_mm[2];
    let middle_mm = grid.origin_mm[2] + half_mm - 0.5 * grid.voxel_mm[2];
    for _ in 0..asked.sites {
        let diameter_mm = asked.diameter_mm[random.random_range(0..asked.diameter_mm.len())].get();
        let snr = asked.snr[random.random_range(0..asked.snr.len())].get();
        let fits = |&voxel: &usize| {
            let at = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
            let tissue = truth.values[voxel] / mean;
            let apart = |site: &Site| (0..3).map(|axis| (site.centre_mm[axis] - at[axis]).powi(2)).sum::<f64>().sqrt();
            (TISSUE[0]..TISSUE[1]).contains(&tissue)
                && subject.phantom.shape_at(at).is_some_and(|shape| subject.phantom.activity(shape) > 0.0)
                && (at[2] - middle_mm).abs() < half_mm - FROM_ENDS_MM - 0.5 * diameter_mm
                && sites.iter().all(|site| apart(site) > APART_MM)
        };
        let place = (0..TRIES).map(|_| random.random_range(0..grid.voxels())).find(fits);
        if let Some(voxel) = place {
            let centre_mm = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
            sites.push(Site { centre_mm, diameter_mm, snr });
        }
    }
    sites
}

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
    let plan = pool.install(|| Plan::of(&study))?;
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
        let judged = known.judged(guarded.config.prior.as_ref().map(PriorConfig::name));
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
