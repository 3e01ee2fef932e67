//! Methods beside the yardstick of their study, each at its best setting, scan by scan.

use super::cache::Cache;
use super::cells::CellScores;
use super::plan::{Plan, WithLesions};
use super::tune::Tuned;
use crate::config::Study;
use crate::metrics::{Estimate, NRMSE, NRMSE_RATIO};
use crate::run::RunError;

/// Adds the ratio of NRMSE to the scores of all tuned cells but the yardstick's own.
pub(super) fn score(
    study: &Study,
    plan: &Plan,
    cache: &Cache,
    tuned: &[Tuned],
    cells: &mut [CellScores],
) -> Result<(), RunError> {
    let Some(yardstick) = yardstick(study) else { return Ok(()) };
    let errors = |cell: usize| {
        let of_run = |run: &usize| Ok(cache.load(&plan.runs[*run].key)?.1.get(&NRMSE).copied());
        plan.cells[cell].runs.iter().map(of_run).collect::<Result<Option<Vec<f64>>, RunError>>()
    };
    for own in tuned.iter().filter(|tuned| tuned.method != yardstick) {
        let like = |other: &&Tuned| {
            (other.subject, other.prompts.to_bits()) == (own.subject, own.prompts.to_bits())
                && other.method == yardstick
        };
        let other = tuned.iter().find(like).map(|other| errors(other.cell)).transpose()?.flatten();
        if let (Some(own_errors), Some(others)) = (errors(own.cell)?, other) {
            let ratio = Estimate::of_ratio(&own_errors, &others);
            if ratio.mean.is_finite() {
                cells[own.cell].add(&NRMSE_RATIO, ratio);
            }
        }
    }
    Ok(())
}

/// The number of the method that all others are measured by.
pub(super) fn yardstick(study: &Study) -> Option<usize> {
    study.methods.iter().position(|method| study.config.yardstick.as_ref() == Some(&method.name))
}

/// Where the yardstick was shown the same lesions in the same scans; `None` for the yardstick itself.
pub(super) fn of_yardstick(plan: &Plan, shown: &WithLesions, yardstick: Option<usize>) -> Option<usize> {
    let of = |shown: &WithLesions| (plan.cells[shown.cell].subject, plan.cells[shown.cell].prompts.to_bits());
    let like = |other: &WithLesions| {
        of(other) == of(shown) && other.class == shown.class && Some(plan.cells[other.cell].method) == yardstick
    };
    plan.with_lesions.iter().position(like).filter(|other| plan.with_lesions[*other].cell != shown.cell)
}
