//! Plots of one kind of scan: contrast recovery against noise along each method's knob, and the figure of the oracle
//! along the ladder.
//!
//! With several realisations, contrast is that of the mean image, with Student's interval of the single images as its
//! bar, and noise is that of the ensemble. With one, noise is NEMA's background variability in discs of the sphere's
//! size, or the spread of the voxels.

use super::Files;
use super::cells::CellScores;
use super::plan::Plan;
use super::tune::Tuned;
use crate::config::Study;
use crate::metrics::{AgainstNoise, NOISE, Scope, Score};
use crate::report::{Plot, Point, Series};
use crate::run::RunError;
use std::path::PathBuf;

const PERCENT: f64 = 100.0;

pub(super) fn write(
    study: &Study,
    plan: &Plan,
    cells: &[CellScores],
    tuned: &[Tuned],
    files: &Files,
) -> Result<Vec<PathBuf>, RunError> {
    let mut written = Vec::new();
    files.create("plots")?;
    for (subject, prompts) in plan.kinds() {
        let kind = format!("{}.{prompts:e}", plan.subjects[subject].name);
        for (name, plot) in plots(study, plan, cells, tuned, (subject, prompts)) {
            let path = files.path(&format!("plots/{kind}.{name}"));
            plot.write(&path, files.overwrite)?;
            written.push(path.with_file_name(format!("{kind}.{name}.svg")));
        }
    }
    Ok(written)
}

/// Name and plot of everything that is drawn of one kind of scan.
pub(super) fn plots(
    study: &Study,
    plan: &Plan,
    cells: &[CellScores],
    tuned: &[Tuned],
    (subject, prompts): (usize, f64),
) -> Vec<(String, Plot)> {
    let scene = Scene { study, plan, cells, tuned };
    let mut plots = vec![("oracle".to_owned(), scene.oracle(subject, prompts))];
    for (score, how) in scene.contrasts(subject, prompts) {
        let name = how.of.replace('*', &score.of);
        plots.push((format!("contrast-noise.{name}"), scene.contrast(subject, prompts, &score, how, &name)));
    }
    plots.retain(|(_, plot)| !plot.series.is_empty());
    plots
}

struct Scene<'a> {
    study: &'a Study,
    plan: &'a Plan,
    cells: &'a [CellScores],
    tuned: &'a [Tuned],
}

impl Scene<'_> {
    /// Figures that have a curve, those of the highest rank: the NEMA spheres where there are any, else every region
    /// with a recovery.
    fn contrasts(&self, subject: usize, prompts: f64) -> Vec<(Score<()>, &'static AgainstNoise)> {
        let Some(&first) = self.plan.ladder(subject, prompts, 0).first() else { return Vec::new() };
        let own = self.cells[first].by_name().into_iter().filter(|(_, score)| !score.ensemble);
        let mut drawn: Vec<_> =
            own.filter_map(|(_, score)| Some((score.with(()), score.figure.against_noise()?))).collect();
        let highest = drawn.iter().map(|(_, how)| how.rank).max();
        drawn.retain(|(_, how)| Some(how.rank) == highest);
        drawn
    }

    fn contrast(&self, subject: usize, prompts: f64, of: &Score<()>, how: &AgainstNoise, name: &str) -> Plot {
        let several = self.study.config.seeds.len() > 1;
        let noise = |scores: &CellScores| match several {
            true => scores.of_ensemble(&NOISE, "").copied(),
            false => scores.get_of(how.noise, &of.of).or_else(|| scores.get(&NOISE)).copied(),
        };
        let [x_label, y_label] = match several {
            true => [how.ensemble_noise, how.of_mean_image],
            false => [how.noise.title, of.figure.title],
        }
        .map(|label| format!("{label} (%)"));
        let point = |cell: usize| {
            let scores = &self.cells[cell];
            let single = scores.like(of)?;
            let mean_image = scores.of_ensemble(of.figure, &of.of);
            Some(Point {
                y_range: single.range().map(|range| range.map(|end| PERCENT * end)),
                ..Point::new(PERCENT * noise(scores)?.mean, PERCENT * mean_image.unwrap_or(single).mean)
            })
        };
        let is_mean = of.figure.scope == Scope::Diameter && of.of == "mean";
        let what = if is_mean { "mean of the spheres".to_owned() } else { name.replace("mm", " mm") };
        self.plot(subject, prompts, &format!(": {what}"), [&x_label, &y_label], &point)
    }

    /// The oracle's figure along the ladder; ladders differ, so their places are counted.
    fn oracle(&self, subject: usize, prompts: f64) -> Plot {
        let figure = self.study.config.oracle.figure;
        let point = |cell: usize| {
            let estimate = self.cells[cell].get(figure)?;
            let place = self.plan.cells[cell].setting + 1;
            Some(Point { y_range: estimate.range(), ..Point::new(place as f64, estimate.mean) })
        };
        self.plot(subject, prompts, "", ["place on the knob's ladder", figure.id], &point)
    }

    /// One series per method along its knob; the ends of the ladder are named, the tuned setting stands out.
    fn plot(
        &self,
        subject: usize,
        prompts: f64,
        what: &str,
        [x_label, y_label]: [&str; 2],
        point: &dyn Fn(usize) -> Option<Point>,
    ) -> Plot {
        let of = &self.plan.subjects[subject];
        let title = format!("{}, {}, {prompts:e} prompts{what}", of.phantom_name, of.scanner_name);
        let mut plot = Plot::new(title, x_label, y_label);
        for (method, about) in self.study.methods.iter().enumerate() {
            let ladder = self.plan.ladder(subject, prompts, method);
            let last = ladder.len() - 1;
            let points = ladder.iter().enumerate().filter_map(|(place, &cell)| {
                let end = about.knob.is_some() && (place == 0 || place == last);
                let chosen = self.tuned.iter().any(|tuned| tuned.cell == cell);
                let label = end.then(|| about.setting(place).to_owned());
                point(cell).map(|point| Point { chosen, label, ..point })
            });
            let series = Series::new(about.label.clone(), points);
            if !series.points.is_empty() {
                plot.series.push(series);
            }
        }
        plot
    }
}
