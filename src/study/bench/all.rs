//! `coincide bench`: every projector, algorithm and prior, in one report.
//!
//! - **Speed**: both projections of every known geometry ([`bench_projector`]), best of several runs.
//! - **Accuracy**: adjoint, chords and sensitivity of the same geometries, as `coincide verify` finds them.
//! - **Algorithms**: passes over the data until PETRIC's thresholds are met ([`bench_convergence`]).
//! - **Priors**: a study of one scan under every prior, each at its best setting
//!   ([`evaluate`](crate::study::evaluate())).

use super::machine::Machine;
use super::projector::{BENCH_CASES, bench_case, bench_projector};
use crate::io::write_whole;
use crate::metrics::{Figure, Use, figures};
use crate::operator::Widths;
use crate::report::{BenchResult, Page, Table, VerifyResult, significant};
use crate::run::{Options, RunError, proof};
use crate::study::{ConvergenceResult, StudyResult, bench_convergence, evaluate};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// The study of all priors.
const PRIORS: &str = include_str!("../../../examples/study-priors.toml");
/// Part of it, for `--quick`.
const QUICK_PRIORS: &str = include_str!("quick-priors.toml");

/// Runs of each projection, of which the best counts.
const RUNS: usize = 3;
/// Passes after which an algorithm is given up.
const MOST_PASSES: f64 = 40.0;
/// Cases of `coincide bench convergence` that are raced on: a clinical scanner and one for small animals. All of them
/// take an hour.
const RACES: [&str; 2] = ["nema-mmr-low", "rods-nanopet"];

/// Result of `coincide bench`.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// What all of it was measured on.
    pub machine: Machine,
    /// Speed of the projectors.
    pub projectors: Vec<BenchResult>,
    /// Their accuracy.
    pub accuracy: Vec<ProvenCase>,
    /// Convergence of the algorithms, once they were raced.
    pub convergence: Option<ConvergenceResult>,
    /// Quality of the priors, once they were studied.
    pub priors: Option<StudyResult>,
    /// The HTML report.
    pub report: PathBuf,
}

/// Accuracy of one geometry.
#[derive(Clone, Debug, Serialize)]
pub struct ProvenCase {
    /// Its name.
    pub case: String,
    /// What was found.
    pub found: VerifyResult,
}

/// Measures everything, or with `quick` one case of each kind, and writes the report and all that it was made of into a
/// folder. The report is written again after every part, so that what was measured is kept when the rest is
/// interrupted.
pub fn bench(folder: &Path, quick: bool, options: &Options) -> Result<BenchReport, RunError> {
    let report = folder.join("bench.html");
    if report.exists() && !options.force {
        return Err(RunError::Usage(format!("{} exists; --force replaces it", report.display())));
    }
    let failed = |source| {
        RunError::Io(crate::io::IoError::System { path: folder.into(), action: "creating the folder", source })
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let machine = options.pool(0)?.install(Machine::this);
    let (projectors, accuracy) = (Vec::new(), Vec::new());
    let mut result = BenchReport { machine, projectors, accuracy, convergence: None, priors: None, report };
    for case in if quick { &BENCH_CASES[..1] } else { BENCH_CASES } {
        options.console.say(format!("projector: {case}"));
        result.projectors.push(bench_projector(case, if quick { 1 } else { RUNS }, options)?);
        let (geometry, grid) = bench_case(case)?;
        let found = options.pool(0)?.install(|| proof(&geometry, grid, &Widths::default()))?;
        result.accuracy.push(ProvenCase { case: (*case).into(), found });
        result.keep(options)?;
    }
    let races = if quick { vec!["tiny".to_owned()] } else { RACES.map(str::to_owned).to_vec() };
    let convergence = folder.join("convergence");
    result.convergence = Some(bench_convergence(&races, &[], MOST_PASSES, &convergence, options)?);
    result.keep(options)?;
    let study = folder.join("study-priors.toml");
    let text = if quick { QUICK_PRIORS } else { PRIORS };
    write_whole(&study, true, |part| {
        std::fs::write(part, text).map_err(|source| crate::io::IoError::System {
            path: study.clone(),
            action: "writing the study",
            source,
        })
    })?;
    // What a former run left of the study is made new.
    result.priors = Some(evaluate(&study, &Options { force: true, ..options.clone() })?);
    result.keep(options)?;
    Ok(result)
}

impl BenchReport {
    /// Writes what there is, and stops where that was asked for.
    fn keep(&self, options: &Options) -> Result<(), RunError> {
        self.page().write(&self.report, true)?;
        match options.interrupt.pressed() {
            true => Err(RunError::Interrupted { files: vec![self.report.clone()] }),
            false => Ok(()),
        }
    }

    fn machine_table(&self) -> Table {
        let machine = &self.machine;
        let mut table = Table::new(["machine", ""]);
        table.row(["processor", machine.processor.as_deref().unwrap_or("unknown")]);
        table.row(["processors, threads used".to_owned(), format!("{}, {}", machine.processors, machine.threads)]);
        table.row(["SIMD level", &machine.level]);
        let memory = machine.available_memory_mb.map_or("unknown".into(), |mb| format!("{:.1} GB free", mb / 1e3));
        table.row(["memory", &memory]);
        if let Some(limits) = self.projectors.first().map(|case| case.limits) {
            let giga = |value: f64| format!("{:.0} G/s", value / 1e9);
            table.row(["multiply-adds", &giga(limits.multiply_adds_per_s)]);
            table.row(["bytes read from memory by one thread", &giga(limits.memory_bytes_per_s)]);
        }
        table.row(["system", &machine.system]);
        table.row(["coincide", &machine.version]);
        table
    }

    fn speed_table(&self) -> Table {
        let heading = ["projector", "10⁶ LORs", "forward, 10⁶ LOR/s", "back", "OSEM iteration / projections"];
        let mut table = Table::new(heading);
        for case in &self.projectors {
            let iteration = case.osem_iteration_over_projections.map_or("–".into(), |ratio| format!("{ratio:.2}"));
            table.row([
                case.case.clone(),
                format!("{:.1}", case.lors as f64 / 1e6),
                significant(case.forward_mlor_per_s),
                significant(case.back_mlor_per_s),
                iteration,
            ]);
        }
        table
    }

    fn accuracy_table(&self) -> Table {
        let heading = ["projector", "adjoint error", "chords, relative L2", "bound", "99.9 % of chords, mm", ""];
        let mut table = Table::new(heading);
        for ProvenCase { case, found } in &self.accuracy {
            table.row([
                case.clone(),
                format!("{:.1e}", found.adjoint),
                significant(found.chord_relative_l2),
                significant(found.chord_bound),
                significant(found.chord_p999_mm),
                if found.passed { "passed" } else { "FAILED" }.to_owned(),
            ]);
        }
        table
    }

    /// One row for each algorithm, one column for each case.
    fn convergence_table(convergence: &ConvergenceResult) -> Table {
        let cases: Vec<&str> = convergence.references.iter().map(|reference| reference.case.as_str()).collect();
        let mut algorithms: Vec<&str> = Vec::new();
        for line in &convergence.cases {
            if !algorithms.contains(&line.algorithm.as_str()) {
                algorithms.push(&line.algorithm);
            }
        }
        let mut table = Table::new(["passes (seconds)"].into_iter().chain(cases.iter().copied()));
        for algorithm in algorithms {
            let at = |case: &&str| {
                let found = convergence.cases.iter().find(|line| line.case == **case && line.algorithm == algorithm);
                found.map_or("–".into(), |line| match line.passed {
                    true => format!("{:.1} ({})", line.full_passes, significant(line.seconds)),
                    false => format!("> {:.0}", line.full_passes),
                })
            };
            table.row([algorithm.to_owned()].into_iter().chain(cases.iter().map(at)));
        }
        table
    }

    fn quality_table(priors: &StudyResult) -> Table {
        let shown: Vec<_> = figures().filter(|figure| figure.is_used(|so| matches!(so, Use::Priors))).collect();
        let heading = ["method", "best setting"].into_iter().chain(shown.iter().map(|figure| figure.title));
        let mut table = Table::new(heading);
        for tuned in &priors.tuned {
            let value = |figure: &&'static Figure| {
                let own = priors.summary.iter().find(|entry| {
                    (&entry.method, &entry.phantom, entry.level) == (&tuned.method, &tuned.phantom, tuned.level)
                        && entry.is(figure, "", false)
                });
                own.map_or("–".into(), |entry| significant(entry.mean))
            };
            let about = [tuned.method.clone(), tuned.value.clone()];
            table.row(about.into_iter().chain(shown.iter().map(value)));
        }
        table
    }

    fn page(&self) -> Page {
        let mut page = Page::new("Coincide on this machine");
        page.section("Machine");
        page.table(self.machine_table());
        page.section("Speed of the projectors");
        page.text("Lines of response per second of all threads together, best of several runs; with TOF, a line counts once with all of its bins.");
        page.table(self.speed_table());
        page.section("Accuracy of the projectors");
        page.text(
            "Adjoint: |⟨Ax, y⟩ − ⟨x, Aᵀy⟩| / (‖Ax‖ ‖y‖) with signed noise. Chords: a voxelised ellipsoid against its exact chords; the bound is that \
             of its voxels.",
        );
        page.table(self.accuracy_table());
        if let Some(convergence) = &self.convergence {
            page.section("Convergence of the algorithms");
            page.text("Passes over the data, and seconds, from the same OSEM image until ten evaluations in a row meet PETRIC's thresholds.");
            page.table(Self::convergence_table(convergence));
            for reference in &convergence.references {
                for (kind, plot) in convergence.plots(&reference.case) {
                    page.figure(plot.svg(), format!("{}: largest metric over its threshold, {kind}", reference.case));
                }
            }
        }
        if let Some(priors) = &self.priors {
            page.section("Quality of the priors");
            page.text(format!("{}: each method at the setting of the smallest NRMSE.", priors.title));
            page.table(Self::quality_table(priors));
            priors.warnings.iter().for_each(|warning| page.warning(warning.clone()));
        }
        page
    }
}

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut tables = vec![self.machine_table(), self.speed_table(), self.accuracy_table()];
        tables.extend(self.convergence.as_ref().map(Self::convergence_table));
        tables.extend(self.priors.as_ref().map(Self::quality_table));
        for table in tables {
            writeln!(f, "{table}")?;
        }
        writeln!(f, "report: {}", self.report.display())
    }
}
