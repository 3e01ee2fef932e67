//! A cell: one method at one setting on one kind of scan, over all realisations.
//!
//! - Every figure of a single image: its mean over the realisations with Student's interval.
//! - With two realisations and more, figures of the ensemble (names begin with `ensemble.`). Those of contrast and
//!   recovery are those of the mean image, so that ratios are ratios of means; `noise` is √(mean variance) over mean in
//!   the noise region; each region's bias (mean image − truth) and standard deviation of a voxel are shares of the
//!   region's true mean, or of the object's where the region is cold.

use super::super::RunError;
use super::cache::{Cache, Figures};
use super::plan::{Plan, Subject};
use crate::config::Study;
use crate::image::{Image, ImageUnit};
use crate::metrics::{Ensemble, Estimate, region_statistics, root_mean_variance};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Figures of the mean image that are kept.
const OF_MEAN_IMAGE: [&str; 4] = ["contrast_recovery", "recovery", "lung_residual", "nrmse"];

/// All figures of a cell.
pub(super) type Scores = BTreeMap<String, Estimate>;

/// Scores of all cells, in the order of the plan.
pub(super) fn score(study: &Study, plan: &Plan, cache: &Cache) -> Result<Vec<Scores>, RunError> {
    let several = study.config.seeds.len() > 1;
    let cell = |cell: &super::plan::Cell| {
        let subject = &plan.subjects[cell.subject];
        let mut ensemble = Ensemble::new(subject.grid.voxels());
        let mut figures = Vec::new();
        for &run in &cell.runs {
            let (image, of_run) = cache.load(&plan.runs[run].key)?;
            ensemble.add(&image.values);
            figures.push(of_run);
        }
        let mut scores = estimates(&figures);
        if several {
            let count = ensemble.count();
            let one = |(name, mean)| (format!("ensemble.{name}"), Estimate { count, ..Estimate::of(&[mean]) });
            scores.extend(of_ensemble(subject, &ensemble).into_iter().map(one));
        }
        Ok(scores)
    };
    plan.cells.par_iter().map(cell).collect()
}

/// The mean of every figure over the realisations that have it.
pub(super) fn estimates(runs: &[Figures]) -> Scores {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (name, &value) in runs.iter().flatten() {
        values.entry(name).or_default().push(value);
    }
    values.into_iter().map(|(name, values)| (name.to_owned(), Estimate::of(&values))).collect()
}

fn of_ensemble(subject: &Subject, ensemble: &Ensemble) -> Figures {
    let truth = &subject.reference.truth;
    let image = |values| Image { grid: subject.grid, unit: ImageUnit::BecquerelPerMl, values };
    let (mean, sd) = (image(ensemble.mean()), image(ensemble.sd().unwrap_or_default()));
    let mut figures = subject.reference.figures(&mean);
    figures.retain(|name, _| OF_MEAN_IMAGE.iter().any(|kept| name.ends_with(kept)));
    let noise = root_mean_variance(&sd.values, &subject.noise_mask);
    figures.insert("noise".into(), noise / region_statistics(&mean, &subject.noise_mask).mean);
    let object = subject.reference.object().map_or(0.0, |mask| region_statistics(truth, mask).mean);
    for (name, mask) in subject.reference.regions() {
        let (found, expected) = (region_statistics(&mean, mask).mean, region_statistics(truth, mask).mean);
        let scale = if expected > 0.0 { expected } else { object };
        figures.insert(format!("{name}.bias"), (found - expected) / scale);
        figures.insert(format!("{name}.sd"), root_mean_variance(&sd.values, mask) / scale);
    }
    figures.retain(|_, value| value.is_finite());
    figures
}

/// The noise of a cell: of the ensemble where there is one, else of the voxels of one image.
pub(super) fn noise(scores: &Scores) -> Option<f64> {
    scores.get("ensemble.noise").or_else(|| scores.get("noise")).map(|estimate| estimate.mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_averaged_over_the_runs_that_have_them() {
        let run = |nrmse: f64| Figures::from([("nrmse".to_owned(), nrmse)]);
        let mut runs = [run(0.2), run(0.3), run(0.4)];
        runs[1].insert("kkt".into(), 7.0);
        let scores = estimates(&runs);
        // s = 0.1, t(0.975, 2) = 4.3027: ± 4.3027 · 0.1 / √3
        let nrmse = scores["nrmse"];
        assert!((nrmse.mean - 0.3).abs() < 1e-12 && (nrmse.high.unwrap() - 0.548_417).abs() < 1e-5, "{nrmse:?}");
        assert_eq!((scores["kkt"].mean, scores["kkt"].count, scores["kkt"].range()), (7.0, 1, None));
    }
}
