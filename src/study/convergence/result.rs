//! Result of `coincide bench convergence`: a table, curves, one JSON object.

use crate::report::{Plot, Point, Series, Stroke, Table, significant};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Result of `coincide bench convergence`.
#[derive(Clone, Debug, Serialize)]
pub struct ConvergenceResult {
    /// One line per case and algorithm.
    pub cases: Vec<ConvergenceLine>,
    /// The reference solutions.
    pub references: Vec<ConvergenceReference>,
    /// Passes after which an algorithm is given up.
    pub most_passes: f64,
    /// Threads.
    pub threads: usize,
    /// Plots and reference images.
    pub folder: PathBuf,
}

/// One algorithm on one case.
#[derive(Clone, Debug, Serialize)]
pub struct ConvergenceLine {
    /// Name of the case.
    pub case: String,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Set-up and updates until it passed, in s; until it was given up where it did not.
    pub seconds: f64,
    /// Passes over the data until it passed, or was given up.
    pub full_passes: f64,
    /// Whether ten evaluations in a row met all thresholds.
    pub passed: bool,
    /// Largest metric over its threshold at the last evaluation.
    pub score: f64,
    /// The metric that was largest over its threshold then.
    pub limited_by: String,
    /// Score and passes after every update.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<Sample>,
}

/// An image on the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Full iteration.
    pub iteration: usize,
    /// Time so far in s.
    pub seconds: f64,
    /// How far it is.
    pub figures: Progress,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Passes over the data.
    pub passes: f64,
    /// Largest metric over its threshold.
    pub score: f64,
}

/// A reference solution.
#[derive(Clone, Debug, Serialize)]
pub struct ConvergenceReference {
    /// Name of the case.
    pub case: String,
    /// Distance from the maximum.
    pub kkt: f64,
    /// Φ
    pub objective: f64,
    /// Score of the start image.
    pub start_score: f64,
    /// Bins of the sinogram.
    pub bins: usize,
    /// Voxels of the image.
    pub voxels: usize,
}

impl ConvergenceResult {
    /// The curves of a case: score over passes, and over seconds.
    pub(in crate::study) fn plots(&self, case: &str) -> [(&'static str, Plot); 2] {
        let plot = |x_label: &str, x: &dyn Fn(&Sample) -> f64| {
            let mut plot = Plot::new(case, x_label, "largest metric / threshold");
            plot.y_log = true;
            let mut last = 0.0_f64;
            for line in self.cases.iter().filter(|line| line.case == case) {
                let points: Vec<_> =
                    line.curve.iter().map(|sample| Point::new(x(sample), sample.figures.score)).collect();
                last = points.iter().fold(last, |last, point| last.max(point.x));
                plot.series.push(Series::new(&line.algorithm, points).drawn(Stroke::Line));
            }
            plot.with(Series::new("passes", [Point::new(0.0, 1.0), Point::new(last, 1.0)]).drawn(Stroke::Dashed))
        };
        [
            ("passes", plot("full passes", &|sample| sample.figures.passes)),
            ("seconds", plot("seconds", &|sample| sample.seconds)),
        ]
    }
}

impl fmt::Display for ConvergenceResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for reference in &self.references {
            let mut table =
                Table::new([reference.case.as_str(), "passes", "seconds", "score at the end", "limited by"]);
            for line in self.cases.iter().filter(|line| line.case == reference.case) {
                let text =
                    |value: f64| if line.passed { significant(value) } else { format!("> {}", significant(value)) };
                table.row([
                    line.algorithm.clone(),
                    text(line.full_passes),
                    text(line.seconds),
                    significant(line.score),
                    line.limited_by.clone(),
                ]);
            }
            writeln!(f, "{table}")?;
            let (bins, voxels) = (reference.bins as f64 / 1e6, reference.voxels as f64 / 1e6);
            let (kkt, start) = (reference.kkt, significant(reference.start_score));
            writeln!(
                f,
                "{bins:.1} M bins, {voxels:.2} M voxels; reference at {kkt:.0e}; score of the start {start}\n"
            )?;
        }
        writeln!(
            f,
            "passes: full projections and back projections from the OSEM start until ten evaluations in a row"
        )?;
        writeln!(
            f,
            "meet PETRIC's thresholds (score ≤ 1); {} threads; curves in {}",
            self.threads,
            self.folder.display()
        )
    }
}
