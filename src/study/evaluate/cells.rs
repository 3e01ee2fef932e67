//! A cell: one method at one setting on one kind of scan, over all realisations.
//!
//! - Every figure of a single image: its mean over the realisations with Student's interval.
//! - With two realisations and more, figures of the ensemble (names begin with `ensemble.`). Those of contrast and
//!   recovery are those of the mean image, so that ratios are ratios of means; `noise` is √(mean variance) over mean in
//!   the noise region; each region's bias (mean image − truth) and standard deviation of a voxel are shares of the
//!   region's true mean, or of the object's where the region is cold.

use super::cache::Cache;
use super::plan::{Plan, Subject};
use crate::config::Study;
use crate::image::{Image, ImageUnit};
use crate::metrics::{BIAS, Ensemble, Estimate, NOISE, SD, Score, Scores, Use, region_statistics, root_mean_variance};
use crate::run::RunError;
use rayon::prelude::*;

/// All figures of a cell.
pub(super) type CellScores = Scores<Estimate>;

/// Scores of all cells, in the order of the plan.
pub(super) fn score(study: &Study, plan: &Plan, cache: &Cache) -> Result<Vec<CellScores>, RunError> {
    let several = study.config.seeds.len() > 1;
    let cell = |cell: &super::plan::Cell| {
        let subject = &plan.subjects[cell.subject];
        let mut ensemble = Ensemble::new(subject.grid.voxels());
        let mut runs = Vec::new();
        for &run in &cell.runs {
            let (image, scores) = cache.load(&plan.runs[run].key)?;
            ensemble.add(&image.values);
            runs.push(scores);
        }
        let mut scores = estimates(&runs);
        if several {
            let count = ensemble.count();
            let one = |score: Score| {
                let estimate = Estimate { count, ..Estimate::of(&[score.value]) };
                Score { ensemble: true, ..score.with(estimate) }
            };
            scores.extend(of_ensemble(subject, &ensemble).into_iter().map(one));
        }
        Ok(scores)
    };
    plan.cells.par_iter().map(cell).collect()
}

/// The mean of every figure over the realisations that have it.
pub(super) fn estimates(runs: &[Scores]) -> CellScores {
    let mut values: Vec<Score<Vec<f64>>> = Vec::new();
    for score in runs.iter().flat_map(Scores::iter) {
        let known = values.iter_mut().find(|known| known.figure == score.figure && known.of == score.of);
        match known {
            Some(known) => known.value.push(score.value),
            None => values.push(score.with(vec![score.value])),
        }
    }
    values.into_iter().map(|score| score.with(Estimate::of(&score.value))).collect()
}

fn of_ensemble(subject: &Subject, ensemble: &Ensemble) -> Scores {
    let truth = &subject.reference.truth;
    let image = |values| Image { grid: subject.grid, unit: ImageUnit::BecquerelPerMl, values };
    let (mean, sd) = (image(ensemble.mean()), image(ensemble.sd().unwrap_or_default()));
    let mut scores = subject.reference.scores(&mean);
    scores.retain(|score| score.figure.is_used(|so| matches!(so, Use::MeanImage)));
    let noise = root_mean_variance(&sd.values, &subject.noise_mask);
    scores.add(&NOISE, noise / region_statistics(&mean, &subject.noise_mask).mean);
    let object = subject.reference.object.as_ref().map_or(0.0, |mask| region_statistics(truth, mask).mean);
    for (region, mask) in &subject.reference.regions {
        let (found, expected) = (region_statistics(&mean, mask).mean, region_statistics(truth, mask).mean);
        let scale = if expected > 0.0 { expected } else { object };
        scores.add_of(&BIAS, region, (found - expected) / scale);
        scores.add_of(&SD, region, root_mean_variance(&sd.values, mask) / scale);
    }
    scores.retain(|score| score.value.is_finite());
    scores
}

/// The noise of a cell: of the ensemble where there is one, else of the voxels of one image.
pub(super) fn noise(scores: &CellScores) -> Option<f64> {
    scores.of_ensemble(&NOISE, "").or_else(|| scores.get(&NOISE)).map(|estimate| estimate.mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{KKT, NRMSE};

    #[test]
    fn figures_are_averaged_over_the_runs_that_have_them() {
        let run = |nrmse: f64| {
            let mut scores = Scores::default();
            scores.add(&NRMSE, nrmse);
            scores
        };
        let mut runs = [run(0.2), run(0.3), run(0.4)];
        runs[1].add(&KKT, 7.0);
        let scores = estimates(&runs);
        // s = 0.1, t(0.975, 2) = 4.3027: ± 4.3027 · 0.1 / √3
        let nrmse = scores.get(&NRMSE).unwrap();
        assert!((nrmse.mean - 0.3).abs() < 1e-12 && (nrmse.high.unwrap() - 0.548_417).abs() < 1e-5, "{nrmse:?}");
        let kkt = scores.get(&KKT).unwrap();
        assert_eq!((kkt.mean, kkt.count, kkt.range()), (7.0, 1, None));
    }
}
