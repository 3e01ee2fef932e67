//! The image that a run ended with, against the one that it began with.

use super::RunError;
use super::fit::{Fit, fit};
use super::scene::Scene;
use crate::algorithm::{Objective, optimality};
use crate::prior::Prior;

/// Values of Φ closer than this, relative to themselves, are the same: a sum over all bins is no more exact.
const ROUNDING: f64 = 1e-9;

/// Images closer than this, relative to themselves, are the same.
const SAME: f64 = 1e-6;

/// Distances from the maximum below this are not compared.
const NEAR: f64 = 1e-5;

/// From this distance on an image is as far from the maximum as an empty one, which is at 1.
const FAR: f64 = 0.9;

const ADVICE: &str = "take more iterations, fewer subsets or smaller steps";

/// What a run gives out.
pub(super) struct Climb {
    pub values: Vec<f32>,
    pub fit: Fit,
    pub warnings: Vec<String>,
}

impl Scene<'_> {
    /// The image of a run and what must be said of it; its start (`None`: uniform), where a convergent algorithm came
    /// out below that.
    pub(super) fn climb(
        &self,
        objective: &Objective,
        start: Option<Vec<f32>>,
        end: Vec<f32>,
        subgradient: Option<&[f32]>,
    ) -> Result<Climb, RunError> {
        let fit = fit(objective, &end, subgradient);
        let has_objective = matches!(objective.prior(), Prior::None | Prior::Smooth(_) | Prior::Dual(_));
        if !has_objective {
            return Ok(Climb { values: end, fit, warnings: Vec::new() });
        }
        let start = match start {
            Some(start) => start,
            None => objective.start(None)?,
        };
        let (value, distance) = optimality(objective, &start, None);
        if fit.objective < value - ROUNDING * value.abs() {
            return Ok(self.fallen(objective, &start, value, end, fit));
        }
        let has_gradient = !matches!(objective.prior(), Prior::Dual(_));
        let (kkt, same) = (fit.kkt, relative_distance(&start, &end) < SAME);
        let warning = if same {
            Some(format!("the updates did not move the image: it is the start, {kkt:.1e} from the maximum"))
        } else if has_gradient && kkt > distance.max(NEAR) {
            Some(format!(
                "the image is farther from the maximum than the start was: {kkt:.1e} after {distance:.1e}; {ADVICE}"
            ))
        } else if has_gradient && kkt > FAR {
            Some(format!("the image is {kkt:.2} from the maximum: as far as an empty one; {ADVICE}"))
        } else {
            None
        };
        let warnings = warning.into_iter().chain(impossible(objective, &end, fit.objective)).collect();
        Ok(Climb { values: end, fit, warnings })
    }

    /// The objective fell.
    fn fallen(&self, objective: &Objective, start: &[f32], value: f64, end: Vec<f32>, fit: Fit) -> Climb {
        let fell = format!("the objective fell from {value:.6e} at the start to {:.6e}", fit.objective);
        if self.config.algorithm.converges() {
            let warnings = vec![format!("{fell}, so the image is the start: {ADVICE}")];
            return Climb { values: start.to_vec(), fit: super::fit::fit(objective, start, None), warnings };
        }
        let first = format!("{fell}: this algorithm ends in a cycle around the maximum, or beside it; {ADVICE}");
        let warnings = std::iter::once(first).chain(impossible(objective, &end, fit.objective)).collect();
        Climb { values: end, fit, warnings }
    }
}

/// What makes the objective −∞.
fn impossible(objective: &Objective, x: &[f32], value: f64) -> Option<String> {
    if value != f64::NEG_INFINITY {
        return None;
    }
    let model = objective.model();
    let bins = model.impossible(x);
    let prompts: f64 = bins.iter().map(|bin| f64::from(model.measurement().prompts.at(*bin))).sum();
    let count = bins.len();
    Some(format!(
        "the log-likelihood is −∞: the image is 0 along the lines of {count} bins that hold {prompts:.0} prompts"
    ))
}

/// ‖a − b‖ / ‖a‖; 0 where both are 0.
fn relative_distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |value: f64| value * value;
    let (apart, norm) = a.iter().zip(b).fold((0.0, 0.0), |(apart, norm), (a, b)| {
        (apart + square(f64::from(*a) - f64::from(*b)), norm + square(f64::from(*a)))
    });
    if apart > 0.0 { (apart / norm).sqrt() } else { 0.0 }
}
