//! Training, step by step, in phases: the network by itself as a filter, the same with the detection term, and then
//! inside the reconstruction: a fresh case, its loss, the gradient through all updates, one step of Adam.
//!
//! Parameters are θ and ln γ of each stage: γ stays positive, and a step changes it by a share. Everything follows from
//! the seed and the step's number, so that a run that was stopped goes on as if it had not been.

use super::TrainError;
use super::adam::{Adam, clip, cosine};
use super::case::Source;
use super::filter::Found;
use super::geometry::Stack;
use super::layer::Layer;
use super::loss::{held_out, nrmse_of_scans, of_bodies, supervised};
use super::prepared::Prepared;
use super::sample::{PreparedTwins, Sample};
use super::unrolled::{Unrolled, Unrolling};
use crate::algorithm::{map_image, map_image_from, osem_companion};
use crate::data::most_subsets;
use crate::likelihood::Model;
use crate::prior::network::{Companion, MapImage, MapOfScan};

use std::fmt;

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

/// How the network is trained by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilterSchedule {
    /// Stacks of scans, or bodies.
    pub stacks: usize,
    /// Steps, each on all scans of a stack after one of its iterations, or on one scan of a body.
    pub steps: usize,
    /// Largest rate of θ.
    pub rate: f64,
}

/// The detection term, and how the network is trained with it by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectionSchedule {
    /// Weight of the term beside the NRMSE.
    pub weight: f64,
    /// Bodies of a step.
    pub bodies: usize,
    /// Steps.
    pub steps: usize,
    /// Largest rate of θ.
    pub rate: f64,
}

/// What a step is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The network as a filter, NRMSE.
    Filter,
    /// The network as a filter, with the detection term.
    Detection,
    /// The whole reconstruction.
    Chain,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Filter => "filter",
            Self::Detection => "filter, lesions",
            Self::Chain => "reconstruction",
        })
    }
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
    /// Whether the network sees ν.
    pub sees_noise: bool,
    /// What else it sees.
    pub companions: Vec<Companion>,
    /// Subsets; the largest number up to this that divides the views is taken.
    pub subsets: usize,
    /// What is made small.
    pub loss: Loss,
    /// The network by itself, first.
    pub filter: Option<FilterSchedule>,
    /// The detection term; it needs a MAP image to start from, and volumes.
    pub detection: Option<DetectionSchedule>,
    /// How steps are made.
    pub schedule: Schedule,
}

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

impl Training {
    /// The case of an index, ready to be reconstructed.
    pub fn prepared(&self, index: usize) -> Result<Prepared, TrainError> {
        let mut prepared = Prepared::new(self.source.case(index)?, self.stack(), None)?;
        self.make_images(&mut prepared)?;
        Ok(prepared)
    }

    /// Makes what the network begins with, and its companions.
    ///
    /// Returns the weakly regularised image, where it was made: a detection term needs it.
    pub(super) fn make_images(&self, prepared: &mut Prepared) -> Result<Vec<f32>, TrainError> {
        // Images of a case are in units of c.
        let of_scan = |by| MapOfScan { by, noise: prepared.noise.means[0], scale: 1.0 };
        let (model, first) = (self.model(prepared)?, Some(prepared.start.clone()));
        let map = self.start.map(|by| map_image(&model, &of_scan(by), first.clone())).transpose()?;
        let weak_is_needed = self.detection.is_some() || self.companions.contains(&Companion::Weak);
        let weak = match &map {
            _ if !weak_is_needed => Vec::new(),
            Some(map) => map_image_from(&model, &of_scan(MapImage::WEAK), map.clone())?,
            None => map_image(&model, &of_scan(MapImage::WEAK), first.clone())?,
        };
        let companion = |companion: &Companion| match companion {
            Companion::Weak => Ok(weak.clone()),
            Companion::Osem => osem_companion(&model, first.clone()),
        };
        let companions = self.companions.iter().map(companion).collect::<Result<_, _>>()?;
        (prepared.map, prepared.companions) = (map, companions);
        Ok(weak)
    }

    /// The phases in their order, and the steps of each.
    pub fn phases(&self) -> Vec<(Phase, usize)> {
        let filter = self.filter.map(|filter| (Phase::Filter, filter.steps));
        let detection = self.detection.map(|detection| (Phase::Detection, detection.steps));
        let all = filter.into_iter().chain(detection).chain([(Phase::Chain, self.schedule.steps)]);
        all.filter(|(_, steps)| *steps > 0).collect()
    }

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
        let filter_rate = self.filter.map_or(0.0, |filter| filter.rate);
        let (rate, (loss, mut gradient)) = match (phase, self.detection) {
            (Phase::Filter, _) => (filter_rate, widened(self.filter_loss(step, state, samples, network))),
            (Phase::Detection, asked) => {
                let rate = asked.map_or(filter_rate, |asked| asked.rate);
                (rate, widened(self.tuned_loss(step, state, samples, network)?))
            }
            (Phase::Chain, None) => {
                let found = self.loss_and_gradient(&self.prepared(step)?, network, &state.gamma(), share * deep)?;
                (self.schedule.rate, found)
            }
            (Phase::Chain, Some(asked)) => {
                let twins = self.prepared_twins(step)?;
                (self.schedule.rate, self.loss_of_twins(&twins, network, &state.gamma(), asked.weight)?)
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
        let chain = self.chain(&model, prepared);
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

    /// The loss of four scans of one body with its detection term, and its slope by θ and ln γ.
    pub fn loss_of_twins(
        &self,
        twins: &PreparedTwins,
        network: &mut dyn Layer,
        gamma: &[f64],
        weight: f64,
    ) -> Result<(f64, Vec<f64>), TrainError> {
        let models = twins.scans.iter().map(|scan| self.model(scan)).collect::<Result<Vec<_>, _>>()?;
        let chains: Vec<_> = models.iter().zip(&twins.scans).map(|(model, scan)| self.chain(model, scan)).collect();
        let tapes: Vec<_> = chains
            .iter()
            .zip(&twins.scans)
            .map(|(chain, scan)| chain.forward(scan.first().to_vec(), network, gamma))
            .collect();
        let images = vec![tapes.iter().map(|tape| tape.image.clone()).collect()];
        let (loss, slopes) = of_bodies(&[twins.aims()], &images, weight)?;
        let mut sum = vec![0.0; network.parameters() + gamma.len()];
        for ((chain, tape), slope) in chains.iter().zip(tapes).zip(slopes.into_iter().flatten()) {
            let gradient = chain.backward(tape, slope, &mut |_| None, network, gamma);
            let by_log = gradient.gamma.iter().zip(gamma).map(|(slope, gamma)| slope * gamma);
            let all = gradient.network.iter().map(|&slope| f64::from(slope)).chain(by_log);
            sum.iter_mut().zip(all).for_each(|(sum, slope)| *sum += slope);
        }
        Ok((loss, sum))
    }

    /// The image that the unrolled reconstruction makes of a case.
    pub fn image(&self, prepared: &Prepared, network: &mut dyn Layer, gamma: &[f64]) -> Result<Vec<f32>, TrainError> {
        let model = self.model(prepared)?;
        let chain = self.chain(&model, prepared);
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

    fn chain<'a>(&self, model: &'a Model, prepared: &'a Prepared) -> Unrolled<'a> {
        let guides = prepared.guides(self.sees_noise);
        Unrolled::new(model, self.unrolling, self.stack().slices_apart(), &prepared.noise, guides)
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
