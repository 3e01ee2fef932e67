//! What a study says: as one JSON object, and as a table for people.

use super::cells::{CellScores, noise};
use super::equivalence::EquivalenceEntry;
use super::maps::matched;
use super::plan::Plan;
use super::tables::RESULTS;
use super::tune::Tuned;
use crate::config::Study;
use crate::metrics::{Equivalent, Estimate, Figure, SECONDS, Scope, Score, Unit, Use, figures};
use crate::paths::shown;
use crate::report::{Table, significant};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Methods whose noise differs by more than this share are not matched.
const MATCHED: f64 = 0.15;

/// Result of `coincide evaluate`.
#[derive(Clone, Debug, Serialize)]
pub struct StudyResult {
    /// The study's title.
    pub title: String,
    /// The file of all results.
    pub table: PathBuf,
    /// All files that were written.
    pub files: Vec<PathBuf>,
    /// Runs of the study.
    pub runs: usize,
    /// Runs that were made now; the others were in the cache.
    pub computed: usize,
    /// Noise realisations of each scan.
    pub realisations: usize,
    /// What `low` and `high` are.
    pub interval: &'static str,
    /// The figure by which knobs were tuned.
    pub oracle: &'static str,
    /// The setting that was chosen for each method on each kind of scan.
    pub tuned: Vec<TunedEntry>,
    /// What a reader should know before believing the numbers.
    pub warnings: Vec<String>,
    /// Prompts that the yardstick needs for what each method reaches.
    pub equivalence: Vec<EquivalenceEntry>,
    /// Every figure of each method at its chosen setting.
    pub summary: Vec<SummaryEntry>,
}

/// The chosen setting of a method.
#[derive(Clone, Debug, Serialize)]
pub struct TunedEntry {
    /// The phantom.
    pub phantom: String,
    /// The scanner.
    pub scanner: String,
    /// Prompts.
    pub level: f64,
    /// The method.
    pub method: String,
    /// Path of its knob, where it has one.
    pub knob: Option<String>,
    /// The knob's value as the study has it.
    pub value: String,
    /// Whether the value is the first or last of the ladder.
    pub at_end: bool,
}

/// One figure of a method at its chosen setting.
#[derive(Clone, Debug, Serialize)]
pub struct SummaryEntry {
    /// The phantom.
    pub phantom: String,
    /// The scanner.
    pub scanner: String,
    /// The method.
    pub method: String,
    /// Prompts.
    pub level: f64,
    /// Name of the figure.
    pub metric: String,
    /// The figure.
    #[serde(skip)]
    pub figure: &'static Figure,
    /// What the figure is of.
    #[serde(skip)]
    pub of: String,
    /// Whether it is of all realisations together.
    #[serde(skip)]
    pub ensemble: bool,
    /// Mean over the realisations.
    pub mean: f64,
    /// Low end of the interval; `None` with one realisation and for figures of the ensemble.
    pub low: Option<f64>,
    /// High end of the interval.
    pub high: Option<f64>,
}

impl SummaryEntry {
    /// Whether it is this figure of this.
    pub fn is(&self, figure: &Figure, of: &str, ensemble: bool) -> bool {
        self.figure == figure && self.of == of && self.ensemble == ensemble
    }
}

pub(super) fn result(
    study: &Study,
    plan: &Plan,
    cells: &[CellScores],
    tuned: &[Tuned],
    computed: usize,
) -> StudyResult {
    let entries: Vec<_> = tuned.iter().map(|tuned| entry(study, plan, tuned)).collect();
    let mut warnings: Vec<_> = entries.iter().filter(|entry| entry.at_end).map(end_of_ladder).collect();
    warnings.extend(plan.kinds().into_iter().flat_map(|kind| unmatched(study, plan, cells, tuned, kind)));
    StudyResult {
        title: study.config.title.clone(),
        table: study.config.output.folder(&study.source).join(RESULTS),
        files: Vec::new(),
        runs: plan.runs.len(),
        computed,
        realisations: study.config.seeds.len(),
        interval: "95 % of the mean over realisations, Student's t",
        oracle: study.config.oracle.figure.id,
        summary: tuned.iter().zip(&entries).flat_map(|(tuned, entry)| summary(&cells[tuned.cell], entry)).collect(),
        tuned: entries,
        equivalence: Vec::new(),
        warnings,
    }
}

fn entry(study: &Study, plan: &Plan, tuned: &Tuned) -> TunedEntry {
    let (subject, method) = (&plan.subjects[tuned.subject], &study.methods[tuned.method]);
    TunedEntry {
        phantom: subject.phantom_name.clone(),
        scanner: subject.scanner_name.clone(),
        level: tuned.prompts,
        method: method.name.clone(),
        knob: method.knob.as_ref().map(|knob| knob.path.clone()),
        value: method.setting(plan.cells[tuned.cell].setting).to_owned(),
        at_end: tuned.at_end,
    }
}

fn summary(scores: &CellScores, entry: &TunedEntry) -> Vec<SummaryEntry> {
    let shown = scores.by_name().into_iter().filter(|(_, score)| score.figure.scope != Scope::Kept);
    let one = |(metric, score): (String, &Score<Estimate>)| SummaryEntry {
        phantom: entry.phantom.clone(),
        scanner: entry.scanner.clone(),
        method: entry.method.clone(),
        level: entry.level,
        metric,
        figure: score.figure,
        of: score.of.clone(),
        ensemble: score.ensemble,
        mean: score.value.mean,
        low: score.value.low,
        high: score.value.high,
    };
    shown.map(one).collect()
}

fn end_of_ladder(entry: &TunedEntry) -> String {
    let TunedEntry { phantom, scanner, level, method, knob, value, .. } = entry;
    let knob = knob.as_deref().unwrap_or_default();
    format!(
        "{method} on {phantom}, {scanner}, {level:e} prompts: the best {knob} is {value}, the end of its ladder; extend it"
    )
}

/// Methods of the montage whose noise is far from that of the first.
fn unmatched(study: &Study, plan: &Plan, cells: &[CellScores], tuned: &[Tuned], kind: (usize, f64)) -> Vec<String> {
    let shown = matched(study, plan, cells, tuned, kind);
    let of = |cell: usize| noise(&cells[cell]);
    let Some(first) = shown.first().and_then(|&cell| of(cell)) else { return Vec::new() };
    let target = study.config.output.matched_noise.map_or(first, |noise| noise.get());
    let far = |cell: &&usize| of(**cell).is_none_or(|noise| (noise / target).ln().abs() > MATCHED);
    let say = |&cell: &usize| {
        let (method, subject) = (&study.methods[plan.cells[cell].method].name, &plan.subjects[kind.0].name);
        let percent = of(cell).map_or(f64::NAN, |noise| 100.0 * noise);
        format!(
            "{method} on {subject}, {:e} prompts: no setting comes near the noise of the montage ({:.1} %); the nearest has {percent:.1} %",
            kind.1,
            100.0 * target
        )
    };
    shown.iter().filter(far).map(say).collect()
}

/// Columns of a printed table: each figure, what it is of, and its heading.
fn columns() -> impl Iterator<Item = (&'static Figure, &'static str, String)> {
    figures().flat_map(|figure| {
        figure.uses.iter().filter_map(move |so| match so {
            Use::Column(of, heading) => Some((figure, *of, format!("{heading}{}", figure.unit.suffix()))),
            _ => None,
        })
    })
}

impl StudyResult {
    fn kinds(&self) -> Vec<(&str, &str, f64)> {
        let mut kinds: Vec<_> = self.tuned.iter().map(|t| (t.phantom.as_str(), t.scanner.as_str(), t.level)).collect();
        kinds.dedup();
        kinds
    }

    /// Photon equivalence, one row per method, phantom and figure, one column per level.
    pub(super) fn photons(&self) -> Table {
        let mut levels: Vec<f64> = self.equivalence.iter().map(|entry| entry.level).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let mut table = Table::new(
            ["method", "of", "figure"]
                .map(str::to_owned)
                .into_iter()
                .chain(levels.iter().map(|level| format!("{level:e}"))),
        );
        let about = |entry: &EquivalenceEntry| {
            let of = format!("{}, {}", entry.phantom, entry.scanner);
            [entry.method.clone(), of, entry.metric.trim_start_matches("ensemble.").to_owned()]
        };
        let mut rows: Vec<[String; 3]> = self.equivalence.iter().map(about).collect();
        rows.dedup();
        for row in rows {
            let at = |level: &f64| {
                let entry = self.equivalence.iter().find(|entry| about(entry) == row && entry.level == *level);
                entry.map_or("–".to_owned(), |entry| {
                    let times = significant(entry.prompts.counts() / level);
                    match entry.prompts {
                        Equivalent::At(_) => format!("× {times}"),
                        Equivalent::MoreThan(_) => format!("> × {times}"),
                        Equivalent::FewerThan(_) => format!("< × {times}"),
                    }
                })
            };
            table.row(row.iter().cloned().chain(levels.iter().map(at)));
        }
        table
    }

    /// What methods make of added lesions on one kind of scan.
    pub(super) fn lesions(&self, kind: (&str, &str, f64)) -> Option<Table> {
        let here = |entry: &&SummaryEntry| (entry.phantom.as_str(), entry.scanner.as_str(), entry.level) == kind;
        let of_lesions = |entry: &&SummaryEntry| entry.figure.scope == Scope::Lesions;
        let shown: Vec<&SummaryEntry> = self.summary.iter().filter(here).filter(of_lesions).collect();
        let columns: Vec<_> =
            columns().filter(|(figure, ..)| shown.iter().any(|entry| entry.figure == *figure)).collect();
        let has_column = |entry: &&&SummaryEntry| columns.iter().any(|(figure, ..)| entry.figure == *figure);
        let mut rows: Vec<(&str, &str)> =
            shown.iter().filter(has_column).map(|entry| (entry.of.as_str(), entry.method.as_str())).collect();
        rows.sort_by_key(|(class, _)| shown.iter().position(|entry| entry.of == *class));
        rows.dedup();
        let headings = columns.iter().map(|(.., heading)| heading.as_str());
        let mut table = Table::new(["lesion", "method"].into_iter().chain(headings));
        for (class, method) in &rows {
            let cells = columns.iter().map(|(figure, ..)| {
                let is = |entry: &&&SummaryEntry| entry.method == *method && entry.is(figure, class, false);
                shown.iter().find(is).map_or("–".into(), |entry| cell(entry))
            });
            table.row([(*class).to_owned(), (*method).to_owned()].into_iter().chain(cells));
        }
        (!rows.is_empty()).then_some(table)
    }

    pub(super) fn table(&self, kind: (&str, &str, f64)) -> Table {
        let value = |figure: &Figure, of: &str, method: &str| {
            let spread = figure.scope == Scope::Noise && self.realisations > 1;
            let is = |entry: &&SummaryEntry| {
                (entry.phantom.as_str(), entry.scanner.as_str(), entry.level) == kind
                    && entry.is(figure, of, spread)
                    && entry.method == method
            };
            self.summary.iter().find(is)
        };
        let here: Vec<_> =
            self.tuned.iter().filter(|t| (t.phantom.as_str(), t.scanner.as_str(), t.level) == kind).collect();
        let told = |(figure, of, _): &(&'static Figure, &'static str, String)| {
            figure.scope != Scope::Lesions && here.iter().any(|t| value(figure, of, &t.method).is_some())
        };
        let shown: Vec<_> = columns().filter(told).collect();
        let heading = [format!("{:e} prompts", kind.2), "best setting".into()].into_iter();
        let mut table = Table::new(heading.chain(shown.iter().map(|(.., heading)| heading.clone())));
        for tuned in here {
            let key = tuned.knob.as_deref().and_then(|path| path.rsplit('.').next());
            let mark = if tuned.at_end { " (end!)" } else { "" };
            let setting = key.map_or("–".into(), |key| format!("{key} {}{mark}", tuned.value));
            let cells = shown.iter().map(|(figure, of, _)| value(figure, of, &tuned.method).map_or("–".into(), cell));
            table.row([tuned.method.clone(), setting].into_iter().chain(cells));
        }
        table
    }
}

/// `mean ± half the interval`, or `mean [low, high]` where its ends are not equally far.
fn cell(entry: &SummaryEntry) -> String {
    let percent = entry.figure.unit == Unit::Fraction;
    let scale = if percent { 100.0 } else { 1.0 };
    let decimals = if percent || entry.mean.abs() >= 10.0 { 1 } else { 4 };
    let (mean, ends) = (scale * entry.mean, entry.low.zip(entry.high).map(|(low, high)| [scale * low, scale * high]));
    match ends {
        None => format!("{mean:.decimals$}"),
        Some([low, high]) if (low + high - 2.0 * mean).abs() < 0.05 * (high - low) => {
            format!("{mean:.decimals$} ± {:.decimals$}", high - mean)
        }
        Some([low, high]) => format!("{mean:.decimals$} [{low:.decimals$}, {high:.decimals$}]"),
    }
}

impl fmt::Display for StudyResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if !self.title.is_empty() {
            writeln!(f, "{}\n", self.title)?;
        }
        for kind in self.kinds() {
            let realisations = match self.realisations {
                1 => "1 realisation".into(),
                count => format!("{count} realisations"),
            };
            writeln!(f, "{}, {}, {realisations}, tuned by {}", kind.0, kind.1, self.oracle)?;
            writeln!(f, "{}", self.table(kind))?;
            if let Some(lesions) = self.lesions(kind) {
                writeln!(f, "{lesions}")?;
            }
        }
        if self.realisations > 1 {
            writeln!(f, "± {}", self.interval)?;
        }
        let photons = self.photons();
        if !self.equivalence.is_empty() {
            writeln!(f, "\nprompts that the yardstick needs for the same figure\n{photons}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let seconds: f64 = self.summary.iter().filter(|e| *e.figure == SECONDS).map(|e| e.mean).sum();
        let per_run = significant(seconds / self.tuned.len() as f64);
        writeln!(f, "{} runs, {} made now, {per_run} s each at the best settings", self.runs, self.computed)?;
        writeln!(f, "{} and {} more files beside it", shown(&self.table), self.files.len().saturating_sub(1))
    }
}
