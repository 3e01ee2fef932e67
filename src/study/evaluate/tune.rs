//! Tuning by oracle: on every kind of scan each method gets the setting whose figure against the truth is best, so that
//! methods are compared at their best and not at somebody's defaults. The choice sees the scans that are scored; with
//! one knob and a handful of settings that flatters every method alike.

use super::cells::CellScores;
use super::plan::Plan;
use crate::config::{Oracle, Study};

/// The chosen setting of a method on one kind of scan.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tuned {
    pub subject: usize,
    pub prompts: f64,
    pub method: usize,
    pub cell: usize,
    /// Whether a better setting may lie beyond the ladder.
    pub at_end: bool,
}

pub(super) fn tune(study: &Study, plan: &Plan, cells: &[CellScores]) -> Vec<Tuned> {
    let mut tuned = Vec::new();
    for (subject, prompts) in plan.kinds() {
        for method in 0..study.methods.len() {
            let ladder = plan.ladder(subject, prompts, method);
            let values: Vec<_> = ladder.iter().map(|&cell| value(study.config.oracle, &cells[cell])).collect();
            let place = best(study.config.oracle, &values);
            let at_end = ladder.len() > 1 && (place == 0 || place + 1 == ladder.len());
            tuned.push(Tuned { subject, prompts, method, cell: ladder[place], at_end });
        }
    }
    tuned
}

fn value(oracle: Oracle, scores: &CellScores) -> Option<f64> {
    scores.get(oracle.figure).map(|estimate| estimate.mean)
}

/// The place of the best value, the first where several are; settings without the figure are never best.
fn best(oracle: Oracle, values: &[Option<f64>]) -> usize {
    let mut best: Option<(usize, f64)> = None;
    for (place, value) in values.iter().enumerate().filter_map(|(place, value)| Some((place, (*value)?))) {
        if best.is_none_or(|(_, other)| oracle.figure.better.prefers(value, other)) {
            best = Some((place, value));
        }
    }
    best.map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_smallest_error_or_the_largest_similarity() {
        let values = [None, Some(0.3), Some(0.2), Some(0.2), Some(0.4)];
        let [nrmse, ssim, psnr] = ["nrmse", "ssim", "psnr"].map(|name| serde_json::from_value(name.into()).unwrap());
        assert_eq!((best(nrmse, &values), best(ssim, &values)), (2, 4));
        assert_eq!(best(psnr, &[None, None]), 0);
    }
}
