//! Photon equivalence: how many prompts the yardstick of a study needs for what each method reaches, in the oracle's
//! figure, in the detection of added lesions, and in the contrast recovery at one noise.

use super::Files;
use super::beside::yardstick;
use super::cells::{CellScores, noise};
use super::plan::Plan;
use super::tune::Tuned;
use crate::config::Study;
use crate::metrics::{Equivalent, Score, Use, equivalent_counts};
use crate::report::{Plot, Point, Series};
use crate::run::RunError;
use serde::Serialize;
use std::path::PathBuf;

/// The prompts that the yardstick needs for one figure of one method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EquivalenceEntry {
    /// The phantom.
    pub phantom: String,
    /// The scanner.
    pub scanner: String,
    /// The method.
    pub method: String,
    /// Prompts of the method's scans.
    pub level: f64,
    /// Name of the figure.
    pub metric: String,
    /// Noise at which it was read, where it depends on it.
    pub noise: Option<f64>,
    /// What the method reaches.
    pub value: f64,
    /// The prompts that the yardstick needs for that.
    pub prompts: Equivalent,
}

/// A figure, and how it is read off a method's ladder at one level of counts.
struct Figure {
    score: Score<()>,
    /// Noise at which it is read; at the tuned setting where there is none.
    noise: Option<f64>,
}

pub(super) struct Equivalence<'a> {
    pub study: &'a Study,
    pub plan: &'a Plan,
    pub cells: &'a [CellScores],
    pub tuned: &'a [Tuned],
}

impl Equivalence<'_> {
    /// All entries; none without a yardstick or with one level of counts.
    pub fn entries(&self) -> Vec<EquivalenceEntry> {
        let Some(yardstick) = self.yardstick() else { return Vec::new() };
        let mut entries = Vec::new();
        for subject in self.subjects() {
            for figure in self.figures(subject, yardstick) {
                let curve = self.curve(subject, yardstick, &figure);
                for method in (0..self.study.methods.len()).filter(|method| *method != yardstick) {
                    for (level, value) in self.curve(subject, method, &figure) {
                        let found = equivalent_counts(&curve, value, figure.score.figure.better.is_larger());
                        entries
                            .extend(found.map(|prompts| self.entry(subject, method, level, &figure, value, prompts)));
                    }
                }
            }
        }
        entries
    }

    /// Writes all plots.
    pub fn write(&self, files: &Files) -> Result<Vec<PathBuf>, RunError> {
        let mut written = Vec::new();
        for (name, plot) in self.plots() {
            let path = files.path(&format!("plots/{name}"));
            plot.write(&path, files.overwrite)?;
            written.push(path.with_file_name(format!("{name}.svg")));
        }
        Ok(written)
    }

    /// Name and plot of each figure over the prompts, one series per method.
    pub fn plots(&self) -> Vec<(String, Plot)> {
        let Some(yardstick) = self.yardstick() else { return Vec::new() };
        let mut plots = Vec::new();
        for subject in self.subjects() {
            for figure in self.figures(subject, yardstick) {
                let of = &self.plan.subjects[subject];
                let at = figure.noise.map_or(String::new(), |noise| format!(" at {:.1} % noise", 100.0 * noise));
                let name = figure.score.name();
                let title = format!("{}, {}: {name}{at}", of.phantom_name, of.scanner_name);
                let mut plot = Plot { x_log: true, ..Plot::new(title, "prompts", name.as_str()) };
                for (method, about) in self.study.methods.iter().enumerate() {
                    let points = self.curve(subject, method, &figure).into_iter().map(|(x, y)| Point::new(x, y));
                    plot.series.push(Series::new(about.label.clone(), points));
                }
                plot.series.retain(|series| !series.points.is_empty());
                plots.push((format!("{}.prompts.{name}", of.name), plot));
            }
        }
        plots
    }

    fn yardstick(&self) -> Option<usize> {
        let several = self.study.config.prompts.len() > 1;
        yardstick(self.study).filter(|_| several)
    }

    fn subjects(&self) -> Vec<usize> {
        let mut subjects: Vec<usize> = self.plan.kinds().into_iter().map(|(subject, _)| subject).collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// The oracle's figure, the detection of every class of lesions, and every contrast or recovery at the yardstick's
    /// noise at the most prompts.
    fn figures(&self, subject: usize, yardstick: usize) -> Vec<Figure> {
        let oracle = Score { figure: self.study.config.oracle.figure, of: String::new(), ensemble: false, value: () };
        let first = Figure { score: oracle, noise: None };
        let mut tuned: Vec<&Tuned> =
            self.tuned.iter().filter(|tuned| tuned.subject == subject && tuned.method == yardstick).collect();
        tuned.sort_by(|a, b| a.prompts.total_cmp(&b.prompts));
        let Some(cell) = tuned.last().map(|tuned| &self.cells[tuned.cell]) else { return vec![first] };
        let at = self.study.config.output.matched_noise.map(|noise| noise.get()).or_else(|| noise(cell));
        let named = cell.by_name();
        let own = |noise: Option<f64>, asked: &dyn Fn(&Score<_>) -> bool| {
            let asked = named.iter().filter(|(_, score)| asked(score));
            asked.map(|(_, score)| Figure { score: score.with(()), noise }).collect::<Vec<_>>()
        };
        let seen = own(None, &|score| score.figure.is_used(|so| matches!(so, Use::Equivalence)));
        let hot = own(at, &|score| score.ensemble && score.figure.against_noise().is_some());
        std::iter::once(first).chain(seen).chain(hot).collect()
    }

    /// Prompts and figure of a method at all levels where it is known.
    fn curve(&self, subject: usize, method: usize, figure: &Figure) -> Vec<(f64, f64)> {
        let levels = self.plan.kinds().into_iter().filter(|(of, _)| *of == subject).map(|(_, prompts)| prompts);
        let mut curve: Vec<(f64, f64)> =
            levels.filter_map(|prompts| Some((prompts, self.value(subject, prompts, method, figure)?))).collect();
        curve.sort_by(|a, b| a.0.total_cmp(&b.0));
        curve
    }

    fn value(&self, subject: usize, prompts: f64, method: usize, figure: &Figure) -> Option<f64> {
        let read = |cell: usize| self.cells[cell].like(&figure.score).map(|estimate| estimate.mean);
        match figure.noise {
            None => {
                let is = |tuned: &&Tuned| (tuned.subject, tuned.prompts, tuned.method) == (subject, prompts, method);
                read(self.tuned.iter().find(is)?.cell)
            }
            Some(at) => {
                let ladder = self.plan.ladder(subject, prompts, method);
                let points = ladder.into_iter().filter_map(|cell| Some((noise(&self.cells[cell])?, read(cell)?)));
                interpolated(points.collect(), at)
            }
        }
    }

    fn entry(
        &self,
        subject: usize,
        method: usize,
        level: f64,
        figure: &Figure,
        value: f64,
        prompts: Equivalent,
    ) -> EquivalenceEntry {
        let of = &self.plan.subjects[subject];
        EquivalenceEntry {
            phantom: of.phantom_name.clone(),
            scanner: of.scanner_name.clone(),
            method: self.study.methods[method].name.clone(),
            level,
            metric: figure.score.name(),
            noise: figure.noise,
            value,
            prompts,
        }
    }
}

/// y at x on the line through points sorted by x; `None` beyond its ends.
fn interpolated(mut points: Vec<(f64, f64)>, x: f64) -> Option<f64> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let pair = points.windows(2).find(|pair| pair[0].0 <= x && x <= pair[1].0)?;
    let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
    Some(if x1 > x0 { y0 + (y1 - y0) * (x - x0) / (x1 - x0) } else { y0 })
}

#[cfg(test)]
mod tests {
    use super::interpolated;

    #[test]
    fn between_the_points_only() {
        let points = vec![(0.3, 9.0), (0.1, 5.0), (0.2, 6.0)];
        assert!((interpolated(points.clone(), 0.25).unwrap() - 7.5).abs() < 1e-12);
        assert_eq!((interpolated(points.clone(), 0.05), interpolated(points, 0.31)), (None, None));
    }
}
