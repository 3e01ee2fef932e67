//! What training has reached.
//!
//! Parameters are θ and ln γ of each stage: γ stays positive, and a step changes it by a share.

use super::adam::Adam;

/// γ that training starts from where a file has none.
const SMALLEST_GAMMA: f64 = 1e-6;

/// What training has reached.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// θ, then ln γ of each stage.
    pub parameters: Vec<f64>,
    /// The optimiser's memory; it counts the steps of the phase.
    pub adam: Adam,
    /// The phase, counted from 0.
    pub phase: usize,
    /// Stages: how many of the parameters are ln γ.
    pub stages: usize,
}

impl State {
    /// The first state, from a network's first parameters and γ; the last γ serves all further stages.
    pub fn new(network: &[f32], stages: usize, gamma: &[f64]) -> Self {
        let network = network.iter().map(|&parameter| f64::from(parameter));
        let gamma = (0..stages).map(|stage| gamma[stage.min(gamma.len() - 1)].max(SMALLEST_GAMMA).ln());
        let parameters: Vec<f64> = network.chain(gamma).collect();
        Self { adam: Adam::new(parameters.len()), phase: 0, parameters, stages }
    }

    /// Steps made in this phase.
    pub fn step(&self) -> usize {
        self.adam.steps as usize
    }

    /// Goes on to the next phase, with an optimiser that remembers nothing.
    pub fn next_phase(&mut self) {
        (self.phase, self.adam) = (self.phase + 1, Adam::new(self.parameters.len()));
    }

    /// θ
    pub fn network(&self) -> Vec<f32> {
        network_of(&self.parameters, self.stages)
    }

    /// γ of each stage.
    pub fn gamma(&self) -> Vec<f64> {
        gamma_of(&self.parameters, self.stages)
    }
}

/// θ of a state's parameters.
pub fn network_of(parameters: &[f64], stages: usize) -> Vec<f32> {
    parameters[..parameters.len() - stages].iter().map(|&parameter| parameter as f32).collect()
}

/// γ of a state's parameters.
pub fn gamma_of(parameters: &[f64], stages: usize) -> Vec<f64> {
    parameters[parameters.len() - stages..].iter().map(|log| log.exp()).collect()
}
