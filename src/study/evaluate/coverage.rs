//! Coverage: do the intervals of `[confidence]` hold as many truths as they promise?
//!
//! Each run keeps, for each kind of tissue, which share of its voxels is covered at which scale
//! ([`crate::trust::covered`]); [`COVERED_AT`](crate::metrics::COVERED_AT). A figure of a lesion is covered
//! from some scale on; `confidence.lesion.N.FIGURE` is that scale. Coverage at a level is the mean over images at the
//! scales of the calibration; new scales are found on the same figures.

use super::cache::Cache;
use super::covered::{curve, lesion_errors};
use super::execute::execute;
use super::plan::Plan;
use super::provenance::{study_provenance, write_calibration};
use crate::config::{ConfidenceConfig, PriorConfig, Study};
use crate::metrics::{Estimate, HALF_WIDTH, INTERVAL_NOISE, SPARSIFICATION_ERROR, Scores, wilson};
use crate::report::{Table, significant};
use crate::run::{Options, RunError, first};
use crate::trust::{Calibration, Kind, LEVELS, Stratum, Tissue, covered, covered_at, json};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// An image, or a lesion, of a kind and noise.
struct Sample {
    noise: f64,
    shares: Vec<f64>,
}

/// All samples by kind and class of noise.
type Strata = BTreeMap<(Kind, i32), Vec<Sample>>;

/// Half a decade of noise.
fn noise_class(noise: f64) -> i32 {
    (2.0 * noise.log10()).floor() as i32
}

/// Result of `coincide evaluate coverage`.
#[derive(Clone, Debug, Serialize)]
pub struct CoverageResult {
    /// The study's title.
    pub title: String,
    /// Coverage of every method in every stratum.
    pub strata: Vec<CoverageEntry>,
    /// What sorts voxels by their errors: 0 is perfect.
    pub sparsification_error: BTreeMap<String, f64>,
    /// The calibration that was written.
    pub calibration: Option<PathBuf>,
    /// Runs that were made now; the others were in the cache.
    pub computed: usize,
}

/// Coverage of one kind of voxels.
#[derive(Clone, Debug, Serialize)]
pub struct CoverageEntry {
    /// The method.
    pub method: String,
    /// The kind of voxels or figures.
    pub kind: Kind,
    /// Smallest and largest ν̄ of the scans.
    pub noise: [f64; 2],
    /// Number of images, or of lesions.
    pub images: usize,
    /// Whether all scans lie inside of the calibration; `None` without one.
    pub inside: Option<bool>,
    /// Nominal level, mean coverage over images, and Student's interval of 95 % of that mean; Wilson's where lesions
    /// are counted.
    pub levels: Vec<CoverageAt>,
    /// Mean of |coverage − level| over all levels.
    pub calibration_error: f64,
    /// Mean half width of the intervals of the config's level over the mean activity.
    pub half_width: f64,
}

/// Coverage at one level.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CoverageAt {
    /// What is promised.
    pub level: f64,
    /// What was found.
    pub coverage: f64,
    /// Low end of its interval; `None` with one image.
    pub low: Option<f64>,
    /// High end.
    pub high: Option<f64>,
}

/// Runs a study and says how many truths its intervals hold; `calibrate` names the file of a new calibration.
pub fn evaluate_coverage(path: &Path, calibrate: Option<&Path>, options: &Options) -> Result<CoverageResult, RunError> {
    let study = Study::read(path)?;
    first(study.conflicts(true))?;
    let pool = options.pool(study.config.run.threads)?;
    let plan = pool.install(|| Plan::of(&study, options))?;
    let asked = asked(&study, &plan, calibrate)?;
    let cache = Cache::open(study.config.output.cache(&study.source))?;
    let computed = execute(&study, &plan, &cache, pool.current_num_threads(), options)?;
    let mut result = CoverageResult {
        title: study.config.title.clone(),
        strata: Vec::new(),
        sparsification_error: BTreeMap::new(),
        calibration: None,
        computed,
    };
    for (method, config) in asked {
        let figures = figures(&plan, &cache, method)?;
        let name = study.methods[method].name.clone();
        let errors: Vec<f64> = figures.iter().filter_map(|run| run.get(&SPARSIFICATION_ERROR).copied()).collect();
        result.sparsification_error.insert(name.clone(), Estimate::of(&errors).mean);
        let strata = strata(&figures);
        if let Some(path) = calibrate {
            let new = calibration(&study, &plan, method, &config, &strata);
            write_calibration(path, &json(&new), options)?;
            result.calibration = Some(path.into());
            result.strata.extend(entries(&name, &strata, Some(&new), &figures));
        } else {
            let known = config.read(&study.source)?;
            result.strata.extend(entries(&name, &strata, known.as_ref(), &figures));
        }
    }
    Ok(result)
}

/// Methods with `[confidence]`; exactly one where a calibration is to be made.
fn asked(study: &Study, plan: &Plan, calibrate: Option<&Path>) -> Result<Vec<(usize, ConfidenceConfig)>, RunError> {
    let of = |method: usize| {
        let run = plan.runs.iter().find(|run| plan.cells[run.cell].method == method);
        run.and_then(|run| run.config.confidence.clone()).map(|confidence| (method, confidence))
    };
    let asked: Vec<_> = (0..study.methods.len()).filter_map(of).collect();
    let several = study.methods.iter().find(|method| method.settings() > 1);
    match (asked.len(), calibrate, several) {
        (0, ..) => {
            let help = Some("add `confidence = { replicates = 6 }` to a method".into());
            Err(study.source.mistake("methods", "no method has intervals", help).into())
        }
        (_, _, Some(method)) => {
            let at = format!("methods.{}.knob", method.name);
            let help = Some("intervals belong to one setting: remove the knob".into());
            Err(study.source.mistake(&at, "coverage is not found along a knob", help).into())
        }
        (2.., Some(_), _) => {
            let help = Some("leave one method in the study".into());
            Err(study.source.mistake("methods", "a calibration is made for one method", help).into())
        }
        _ => Ok(asked),
    }
}

fn figures(plan: &Plan, cache: &Cache, method: usize) -> Result<Vec<Scores>, RunError> {
    let own = plan.runs.iter().filter(|run| plan.cells[run.cell].method == method);
    own.map(|run| Ok(cache.load(&run.key)?.1)).collect()
}

/// The samples of every kind and class of noise.
fn strata(figures: &[Scores]) -> Strata {
    let mut strata = Strata::new();
    for run in figures {
        let Some(&noise) = run.get(&INTERVAL_NOISE) else { continue };
        for tissue in Tissue::ALL {
            if let Some(shares) = curve(run, tissue) {
                strata.entry((Kind::Tissue(tissue), noise_class(noise))).or_default().push(Sample { noise, shares });
            }
        }
        for (kind, error) in lesion_errors(run) {
            let shares = covered(&[error as f32], &[0.0], &[1.0], &[1.0]).unwrap_or_default();
            strata.entry((kind, noise_class(noise))).or_default().push(Sample { noise, shares });
        }
    }
    strata
}

fn calibration(study: &Study, plan: &Plan, method: usize, config: &ConfidenceConfig, strata: &Strata) -> Calibration {
    let run = plan.runs.iter().find(|run| plan.cells[run.cell].method == method);
    let prior = run.and_then(|run| run.config.prior.as_ref()).map(PriorConfig::calibrated_as);
    Calibration {
        version: 1,
        method: study.methods[method].name.clone(),
        prior,
        replicates: config.replicates,
        ensemble: config.ensemble.iter().map(ToString::to_string).collect(),
        resolution_fwhm_mm: config.resolution_fwhm_mm.get(),
        provenance: study_provenance(study),
        strata: strata
            .iter()
            .map(|((kind, _), samples)| {
                let images: Vec<_> = samples.iter().map(|sample| (sample.noise, sample.shares.clone())).collect();
                Stratum::of(*kind, &images)
            })
            .collect(),
    }
}

/// Of how many lesions the interval holds the truth, with Wilson's interval.
fn hits(shares: &[f64]) -> Estimate {
    let (count, hit) = (shares.len(), shares.iter().filter(|share| **share > 0.5).count());
    let [low, high] = wilson(hit, count);
    Estimate { mean: hit as f64 / count as f64, sd: None, low: Some(low), high: Some(high), count }
}

fn entries(method: &str, strata: &Strata, calibration: Option<&Calibration>, figures: &[Scores]) -> Vec<CoverageEntry> {
    let entry = |(&(kind, class), samples): (&(Kind, i32), &Vec<Sample>)| {
        let found = |sample: &Sample, level: f64| calibration.and_then(|c| c.scale(kind, sample.noise, level));
        let at = |&level: &f64| {
            let scale = |sample: &Sample| found(sample, level).map_or(1.0, |found| found.scale);
            let shares: Vec<f64> = samples.iter().map(|sample| covered_at(&sample.shares, scale(sample))).collect();
            let Estimate { mean, low, high, .. } = match kind {
                Kind::Tissue(_) => Estimate::of(&shares),
                Kind::Lesion(..) => hits(&shares),
            };
            CoverageAt { level, coverage: mean, low, high }
        };
        let levels: Vec<CoverageAt> = match calibration {
            Some(_) => LEVELS.iter().map(at).collect(),
            // σ alone: what a normal error would be covered to.
            None => vec![CoverageAt { level: 0.683, ..at(&0.683) }],
        };
        let error = levels.iter().map(|at| (at.coverage - at.level).abs()).sum::<f64>() / levels.len() as f64;
        let width = |run: &Scores| {
            let own = run.get(&INTERVAL_NOISE).is_some_and(|noise| noise_class(*noise) == class);
            run.get_of(&HALF_WIDTH, &kind.name()).copied().filter(|_| own)
        };
        let widths: Vec<f64> = figures.iter().filter_map(width).collect();
        let inside = |sample: &Sample| found(sample, 0.9).is_some_and(|found| found.inside);
        CoverageEntry {
            method: method.into(),
            kind,
            noise: samples.iter().fold([f64::INFINITY, 0.0], |[a, b], s| [s.noise.min(a), s.noise.max(b)]),
            images: samples.len(),
            inside: calibration.map(|_| samples.iter().all(inside)),
            levels,
            calibration_error: error,
            half_width: Estimate::of(&widths).mean,
        }
    };
    strata.iter().map(entry).collect()
}

impl fmt::Display for CoverageResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if !self.title.is_empty() {
            writeln!(f, "{}\n", self.title)?;
        }
        let levels: Vec<f64> = match self.strata.first().map(|entry| entry.levels.len()) {
            Some(1) => vec![0.683],
            _ => vec![0.5, 0.8, 0.9, 0.95],
        };
        let heading = ["method", "kind", "noise ν̄", "number"].map(str::to_owned).into_iter();
        let heading = heading.chain(levels.iter().map(|level| format!("{} %", significant(100.0 * level))));
        let mut table = Table::new(heading.chain(["error, points", "half width", ""].map(str::to_owned)));
        for entry in &self.strata {
            let at = |level: &f64| {
                let found = entry.levels.iter().find(|at| (at.level - level).abs() < 1e-9);
                found.map_or("–".into(), |at| {
                    let half = at.high.map(|high| format!(" ± {:.1}", 100.0 * (high - at.coverage)));
                    format!("{:.1}{}", 100.0 * at.coverage, half.unwrap_or_default())
                })
            };
            let [low, high] = entry.noise.map(significant);
            let note = match entry.inside {
                None => "σ, not calibrated",
                Some(true) => "",
                Some(false) => "outside of the calibration",
            };
            let about = [entry.method.clone(), entry.kind.name(), format!("{low} – {high}")];
            let half_width = match entry.kind {
                Kind::Tissue(_) => format!("{:.2}", entry.half_width),
                Kind::Lesion(..) => "–".into(),
            };
            let rest = [format!("{:.1}", 100.0 * entry.calibration_error), half_width];
            let cells = about.into_iter().chain([entry.images.to_string()]).chain(levels.iter().map(at));
            table.row(cells.chain(rest).chain([note.to_owned()]));
        }
        writeln!(f, "{table}")?;
        writeln!(f, "coverage in % of the voxels, ± 95 % of the mean over images; half widths over the mean activity")?;
        for (method, error) in &self.sparsification_error {
            writeln!(f, "{method}: sparsification error {error:.3}")?;
        }
        match &self.calibration {
            Some(path) => writeln!(f, "{}: the calibration; its own images are covered as above", path.display()),
            None => writeln!(f, "{} runs made now", self.computed),
        }
    }
}
