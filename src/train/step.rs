//! A step of training: the loss of what its phase is about, its gradient, one step of Adam. Everything follows from the
//! seed and the step's number, so that a run that was stopped goes on as if it had not been.

use super::TrainError;
use super::adam::{clip, cosine};
use super::filter::Found;
use super::layer::Layer;
use super::plan::{Phase, Schedule, Training};
use super::sample::Sample;
use super::state::State;

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// The loss before the step.
    pub loss: f64,
    /// Norm of its gradient.
    pub gradient: f64,
}

impl Training {
    /// Makes the next step of a phase; `samples` are for those of the network by itself.
    pub fn step(
        &self,
        (phase, steps): (Phase, usize),
        samples: &[Sample],
        state: &mut State,
        network: &mut dyn Layer,
    ) -> Result<StepResult, TrainError> {
        let step = state.step();
        network.set(&state.network());
        let Schedule { gamma_rate, rise, end, deep, .. } = self.schedule;
        let share = cosine(step, steps, rise.min(steps / 2), end);
        let widened = |(loss, slope): Found| -> (f64, Vec<f64>) {
            let gamma = std::iter::repeat_n(0.0, state.stages);
            (loss, slope.into_iter().map(f64::from).chain(gamma).collect())
        };
        let (rate, (loss, mut gradient)) = match (phase, self.detection) {
            (Phase::Filter(filter), _) => (filter.rate, widened(self.filter_loss(step, state, samples, network))),
            (Phase::Detection(asked), _) => {
                (asked.rate, widened(self.tuned_loss(step, asked, state, samples, network)?))
            }
            (Phase::Chain, None) => {
                let found = self.loss_and_gradient(&self.prepared(step)?, network, &state.gamma(), share * deep)?;
                (self.schedule.rate, found)
            }
            (Phase::Chain, Some(asked)) => {
                let twins = self.prepared_twins(step)?;
                (self.schedule.rate, self.loss_of_twins(&twins, network, &state.gamma(), asked.term)?)
            }
        };
        if !loss.is_finite() || gradient.iter().any(|slope| !slope.is_finite()) {
            return Err(TrainError::NotFinite { step, loss });
        }
        let norm = clip(&mut gradient, self.schedule.largest_gradient);
        let weights = state.parameters.len() - state.stages;
        state
            .adam
            .step(&mut state.parameters, &gradient, |place| share * if place < weights { rate } else { gamma_rate });
        Ok(StepResult { loss, gradient: norm })
    }
}
