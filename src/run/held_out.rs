//! `beta = "auto"`: the weight whose image predicts counts best that it has not seen.
//!
//! Every count is kept with probability q; what is kept and what is left are independent Poisson counts of means q ȳ
//! and (1 − q) ȳ. The first are reconstructed with a ladder of weights, the deviance of the second is the score, and a
//! golden-section search on ln β refines the best rung. The prior itself, κ and ε included, is that of all counts.

use super::RunError;
use super::scene::Scene;
use crate::algorithm::{Objective, Unfit, drive};
use crate::likelihood::Model;
use crate::observe::Interrupt;
use crate::prior::Prior;
use crate::report::{WeightSearch, WeightTrial};
use crate::simulate::split;

/// q
const KEPT: f64 = 0.8;

/// Seed of the split; echoed with the result.
const SEED: u64 = 1;

/// Rungs of the ladder: β₀ · 10ⁿ.
const LADDER: std::ops::RangeInclusive<i32> = -3..=1;

/// Evaluations of the golden-section search, which shrinks two decades by 0.618 each: to a factor of 1.5.
const REFINEMENTS: usize = 5;

/// Reconstructions that a search makes.
pub(super) const TRIALS: usize = (*LADDER.end() - *LADDER.start() + 1) as usize + REFINEMENTS;

/// Searches the best weight of a prior for the algorithm of the config.
pub(super) fn best_weight(scene: &Scene, prior: &Prior) -> Result<WeightSearch, RunError> {
    let model = scene.model;
    let (seen, unseen) = split(model.measurement(), KEPT, SEED)?;
    let (seen, unseen) = (model.with_measurement(seen), model.with_measurement(unseen));
    let saturated = unseen.saturated_log_likelihood();
    let iterations = scene.config.algorithm.iterations();
    let (updates, start) = match iterations {
        Some(iterations) => (iterations.count * iterations.subsets, scene.start(iterations.start, &seen)?),
        None => (0, None),
    };
    let mut trials = Vec::new();
    let mut deviance = |ln_beta: f64| -> Result<f64, Unfit> {
        let beta = ln_beta.exp();
        let objective = Objective::new(&seen, prior, beta);
        let mut algorithm = scene.config.algorithm.build(&objective, start.clone())?;
        let interrupt = scene.options.interrupt.raised.clone();
        drive(&mut *algorithm, updates, &mut [Box::new(Interrupt::new(interrupt))]);
        let found = 2.0 * (saturated - unseen.log_likelihood(algorithm.image()));
        let found = if found.is_finite() { found } else { f64::INFINITY };
        trials.push(WeightTrial { beta, deviance: found });
        scene.options.console.say(format!("beta {beta:.3e}: held-out deviance {found:.6e}"));
        Ok(found)
    };
    let middle = natural_weight(&seen, prior, start.as_deref())?.ln();
    let rungs: Vec<f64> = LADDER.map(|n| middle + f64::from(n) * std::f64::consts::LN_10).collect();
    let scores = rungs.iter().map(|&rung| deviance(rung)).collect::<Result<Vec<f64>, _>>()?;
    let best = (0..rungs.len()).min_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
    golden_section(rungs[best] - std::f64::consts::LN_10, rungs[best] + std::f64::consts::LN_10, &mut deviance)?;
    if trials.iter().all(|trial| trial.deviance == f64::INFINITY) {
        return Err(RunError::HeldOut);
    }
    let beta = trials.iter().min_by(|a, b| a.deviance.total_cmp(&b.deviance)).map_or(1.0, |trial| trial.beta);
    Ok(WeightSearch { beta, kept: KEPT, seed: SEED, trials })
}

/// Where prior and data curve alike: trace of −∇²L over that of ∇²R, with the row sums in place of the diagonal. For
/// priors without curvature, where the slopes of noise and prior are alike.
fn natural_weight(model: &Model, prior: &Prior, start: Option<&[f32]>) -> Result<f64, Unfit> {
    let objective = Objective::new(model, prior, 1.0);
    let x = objective.start(start.map(<[f32]>::to_vec))?;
    let rows = model.curvature_row_sums(&x);
    let total = |image: &[f32]| image.iter().map(|&value| f64::from(value)).sum::<f64>();
    let weight = match prior {
        Prior::Smooth(_) => {
            let mut curvature = vec![0.0; x.len()];
            objective.prior_curvature(&x, &mut curvature);
            0.1 * total(&rows) / total(&curvature)
        }
        Prior::Dual(dual) => (total(&rows) / x.len() as f64).sqrt() / dual.norm(),
        Prior::None | Prior::Denoiser(_) | Prior::Kernel(_) | Prior::Unrolled(_) => 0.3,
    };
    Ok(if weight.is_finite() && weight > 0.0 { weight } else { 1.0 })
}

/// Evaluates f at the points of a golden-section search between a and b (Kiefer 1953).
fn golden_section<E>(mut a: f64, mut b: f64, f: &mut impl FnMut(f64) -> Result<f64, E>) -> Result<(), E> {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut left, mut right) = (b - golden * (b - a), a + golden * (b - a));
    let (mut at_left, mut at_right) = (f(left)?, f(right)?);
    for _ in 2..REFINEMENTS {
        if at_left <= at_right {
            (b, right, at_right) = (right, left, at_left);
            left = b - golden * (b - a);
            at_left = f(left)?;
        } else {
            (a, left, at_left) = (left, right, at_right);
            right = a + golden * (b - a);
            at_right = f(right)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_golden_section_closes_in() {
        let mut best = (f64::INFINITY, 0.0);
        super::golden_section(-1.0, 3.0, &mut |x: f64| {
            let value = (x - 0.4).powi(2);
            if value < best.0 {
                best = (value, x);
            }
            Ok::<f64, ()>(value)
        })
        .unwrap();
        assert!((best.1 - 0.4).abs() < 0.3, "{best:?}");
    }
}
