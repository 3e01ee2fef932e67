//! Training, step by step: a fresh case, its loss, the gradient through the whole reconstruction, one step of Adam.
//!
//! Parameters are θ and ln γ of each stage: γ stays positive, and a step changes it by a share. Everything follows from
//! the seed and the step's number, so that a run that was stopped goes on as if it had not been.

use super::TrainError;
use super::adam::{Adam, clip, cosine};
use super::case::Source;
use super::geometry::Stack;
use super::layer::Layer;
use super::loss::{held_out, nrmse_of_scans, supervised};
use super::prepared::Prepared;
use super::unrolled::{Unrolled, Unrolling};
use crate::algorithm::map_image;
use crate::data::most_subsets;
use crate::likelihood::Model;
use crate::prior::network::{MapImage, MapOfScan};

/// γ that training starts from where a file has none.
const SMALLEST_GAMMA: f64 = 1e-6;

/// What is made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// NRMSE to the truth.
    Supervised,
    /// Poisson likelihood of held-out counts.
    HeldOut,
}

/// How steps are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// All steps.
    pub steps: usize,
    /// Largest rate of θ.
    pub rate: f64,
    /// Largest rate of ln γ.
    pub gamma_rate: f64,
    /// Steps over which the rate rises.
    pub rise: usize,
    /// Share of the rate that is left at the end.
    pub end: f64,
    /// Largest norm of a gradient.
    pub largest_gradient: f64,
    /// Weight of the loss of the network's own images z beside that of the last image; it falls like the rate.
    pub deep: f64,
}

/// Everything that training follows.
#[derive(Clone, Debug)]
pub struct Training {
    /// Where cases come from.
    pub source: Source,
    /// How the reconstruction is unrolled.
    pub unrolling: Unrolling,
    /// The image that it starts from; a uniform one where there is none.
    pub start: Option<MapImage>,
    /// Subsets; the largest number up to this that divides the views is taken.
    pub subsets: usize,
    /// What is made small.
    pub loss: Loss,
    /// How steps are made.
    pub schedule: Schedule,
}

/// What training has reached.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// θ, then ln γ of each stage.
    pub parameters: Vec<f64>,
    /// The optimiser's memory; it counts the steps.
    pub adam: Adam,
    /// Stages: how many of the parameters are ln γ.
    pub stages: usize,
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// The loss before the step.
    pub loss: f64,
    /// Norm of its gradient.
    pub gradient: f64,
}

impl State {
    /// The first state, from a network's first parameters and γ; the last γ serves all further stages.
    pub fn new(network: &[f32], stages: usize, gamma: &[f64]) -> Self {
        let network = network.iter().map(|&parameter| f64::from(parameter));
        let gamma = (0..stages).map(|stage| gamma[stage.min(gamma.len() - 1)].max(SMALLEST_GAMMA).ln());
        let parameters: Vec<f64> = network.chain(gamma).collect();
        Self { adam: Adam::new(parameters.len()), parameters, stages }
    }

    /// Steps made.
    pub fn step(&self) -> usize {
        self.adam.steps as usize
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

impl Training {
    /// The case of an index, ready to be reconstructed.
    pub fn prepared(&self, index: usize) -> Result<Prepared, TrainError> {
        let mut prepared = Prepared::new(self.source.case(index)?, self.stack())?;
        if let Some(by) = self.start {
            // Images of a case are in units of c.
            let start = MapOfScan { by, noise: prepared.noise.means[0], scale: 1.0 };
            prepared.map = Some(map_image(&self.model(&prepared)?, &start, Some(prepared.start.clone()))?);
        }
        Ok(prepared)
    }

    /// Makes the next step.
    pub fn step(&self, state: &mut State, network: &mut dyn Layer) -> Result<StepResult, TrainError> {
        let step = state.step();
        let prepared = self.prepared(step)?;
        network.set(&state.network());
        let Schedule { steps, rate, gamma_rate, rise, end, deep, .. } = self.schedule;
        let share = cosine(step, steps, rise, end);
        let (loss, mut gradient) = self.loss_and_gradient(&prepared, network, &state.gamma(), share * deep)?;
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

    /// The loss of a case, and the slope by θ and ln γ of it and `deep` times the mean loss of all z: deep supervision
    /// (Lee et al. 2015, arXiv 1409.5185), which tells the network what it is for before γ lets it through.
    pub fn loss_and_gradient(
        &self,
        prepared: &Prepared,
        network: &mut dyn Layer,
        gamma: &[f64],
        deep: f64,
    ) -> Result<(f64, Vec<f64>), TrainError> {
        let model = self.model(prepared)?;
        let chain = Unrolled::new(&model, self.unrolling, self.stack().slices_apart(), &prepared.noise);
        let tape = chain.forward(prepared.first().to_vec(), network, gamma);
        let (loss, slope) = self.loss_of(prepared, &model, &tape.image)?;
        let weight = (deep / tape.evaluations().max(1) as f64) as f32;
        let mut by_target = |z: &[f32]| {
            // It has a loss, as the last image has one.
            let (_, mut slope) = (weight > 0.0).then(|| self.loss_of(prepared, &model, z).ok()).flatten()?;
            slope.iter_mut().for_each(|slope| *slope *= weight);
            Some(slope)
        };
        let gradient = chain.backward(tape, slope, &mut by_target, network, gamma);
        let by_log = gradient.gamma.iter().zip(gamma).map(|(slope, gamma)| slope * gamma);
        Ok((loss, gradient.network.iter().map(|&slope| f64::from(slope)).chain(by_log).collect()))
    }

    /// The image that the unrolled reconstruction makes of a case.
    pub fn image(&self, prepared: &Prepared, network: &mut dyn Layer, gamma: &[f64]) -> Result<Vec<f32>, TrainError> {
        let model = self.model(prepared)?;
        let chain = Unrolled::new(&model, self.unrolling, self.stack().slices_apart(), &prepared.noise);
        Ok(chain.forward(prepared.first().to_vec(), network, gamma).image)
    }

    /// NRMSE of the scans of some cases; those without activity are left out.
    pub fn validate(&self, cases: &[Prepared], network: &mut dyn Layer, gamma: &[f64]) -> Result<Vec<f64>, TrainError> {
        let mut errors = Vec::new();
        for prepared in cases {
            let image = self.image(prepared, network, gamma)?;
            errors.extend(self.errors(prepared, &image));
        }
        Ok(errors)
    }

    /// NRMSE of each scan of a case; those without activity are left out.
    pub fn errors(&self, prepared: &Prepared, image: &[f32]) -> Vec<f64> {
        let slices = prepared.case.grid.shape[2];
        let errors = nrmse_of_scans(image, &prepared.case.truth, slices, self.stack().slices_apart());
        errors.iter().map(|error| error.nrmse).filter(|nrmse| nrmse.is_finite()).collect()
    }

    /// The model of a case, with subsets that divide its views.
    pub fn model(&self, prepared: &Prepared) -> Result<Model, TrainError> {
        let case = &prepared.case;
        let subsets = most_subsets(case.measurement.geometry.views, self.subsets);
        Ok(Model::new(&case.measurement, case.grid, Some(case.resolution_mm), subsets)?)
    }

    fn loss_of(&self, prepared: &Prepared, model: &Model, image: &[f32]) -> Result<(f64, Vec<f32>), TrainError> {
        match (self.loss, &prepared.case.rest) {
            (Loss::HeldOut, Some(rest)) => Ok(held_out(&model.with_measurement(rest.clone()), image)),
            (Loss::HeldOut, None) => Err(TrainError::NothingHeldOut),
            (Loss::Supervised, _) => Ok(self.supervised(image, &prepared.case.truth, prepared.case.grid.shape[2])),
        }
    }

    pub(super) fn supervised(&self, image: &[f32], truth: &[f32], slices: usize) -> (f64, Vec<f32>) {
        supervised(image, truth, slices, self.stack().slices_apart())
    }

    fn stack(&self) -> Stack {
        self.source.stack
    }
}
