//! The network by itself, as a filter, before it is trained inside the reconstruction: z = N_θ(x) of the images that it
//! will begin with, and of those of OSEM after some full iterations, towards the truth.
//!
//! So the network has learned what images look like before the costly steps begin, and those teach it what the
//! reconstruction makes of it. Where there are twins, the last of these steps ask for lesions too: the mean NRMSE of
//! the four scans and the detection term of all lesions of a few bodies.

use super::TrainError;
use super::layer::Layer;
use super::loss::{OfBodies, of_bodies};
use super::plan::{DetectionSchedule, Training};
use super::sample::{Sample, View};
use super::state::State;
use super::turn::{TURNS, back, turned};
use crate::simulate::{Purpose, stream};
use rand::RngExt;
use rand_pcg::Pcg64;

/// A view as the network sees it in one step.
struct Turned {
    stage: usize,
    shape: [usize; 3],
    turn: usize,
    x: Vec<f32>,
    guides: Vec<Vec<f32>>,
}

impl Turned {
    fn new(sample: &Sample, view: &View, stage: usize, turn: usize) -> Self {
        let turned = |image: &[f32]| turned(image, sample.shape, turn);
        let guides = view.guides.iter().map(|guide| turned(guide)).collect();
        Self { stage, shape: sample.shape, turn, x: turned(&view.x), guides }
    }

    /// z, turned back.
    fn apply(&self, network: &mut dyn Layer) -> Vec<f32> {
        let guides: Vec<&[f32]> = self.guides.iter().map(Vec::as_slice).collect();
        let z = network.apply(self.stage, self.shape, &self.x, &guides);
        turned(&z, self.shape, back(self.shape, self.turn))
    }

    /// Adds the slope of the weights for a slope of z.
    fn pull_back(&self, network: &mut dyn Layer, slope: &[f32], by_weights: &mut [f32]) {
        let guides: Vec<&[f32]> = self.guides.iter().map(Vec::as_slice).collect();
        let slope = turned(slope, self.shape, self.turn);
        network.pull_back(self.stage, self.shape, (&self.x, &guides), &slope, by_weights);
    }
}

impl Training {
    /// The loss of one view of one sample, drawn for this step, and its slope by θ.
    pub(super) fn filter_loss(&self, step: usize, state: &State, samples: &[Sample], network: &mut dyn Layer) -> Found {
        let random = &mut stream(self.source.seed, Purpose::Filter, step);
        let sample = &samples[random.random_range(0..samples.len())];
        let view = &sample.views[random.random_range(0..sample.views.len())];
        let seen = drawn(sample, view, state.stages, random);
        let z = seen.apply(network);
        let (loss, slope) = self.supervised(&z, &sample.truths[view.truth], sample.shape[2]);
        let mut by_weights = vec![0.0; network.parameters()];
        seen.pull_back(network, &slope, &mut by_weights);
        (loss, by_weights)
    }

    /// The whole loss of some bodies, drawn for this step, and its slope by θ.
    pub(super) fn tuned_loss(
        &self,
        step: usize,
        asked: DetectionSchedule,
        state: &State,
        samples: &[Sample],
        network: &mut dyn Layer,
    ) -> Result<Found, TrainError> {
        // Other numbers than those of the steps without the term.
        let random = &mut stream(self.source.seed, Purpose::Filter, (1 << 24) + step);
        let bodies: Vec<&Sample> = (0..asked.bodies).map(|_| &samples[random.random_range(0..samples.len())]).collect();
        let (stage, turns): (_, Vec<usize>) =
            (random.random_range(0..state.stages), bodies.iter().map(|_| random.random_range(0..TURNS)).collect());
        let views: Vec<Vec<Turned>> = bodies
            .iter()
            .zip(&turns)
            .map(|(body, &turn)| body.views.iter().map(|view| Turned::new(body, view, stage, turn)).collect())
            .collect();
        let images: OfBodies =
            views.iter().map(|views| views.iter().map(|view| view.apply(network)).collect()).collect();
        let aims: Vec<_> = bodies.iter().map(|body| body.aims()).collect();
        let (loss, slopes) = of_bodies(&aims, &images, asked.term)?;
        let mut by_weights = vec![0.0; network.parameters()];
        for (view, slope) in views.iter().flatten().zip(slopes.iter().flatten()) {
            view.pull_back(network, slope, &mut by_weights);
        }
        Ok((loss, by_weights))
    }
}

/// A loss and its slope by θ.
pub(super) type Found = (f64, Vec<f32>);

fn drawn(sample: &Sample, view: &View, stages: usize, random: &mut Pcg64) -> Turned {
    let (stage, turn) = (random.random_range(0..stages), random.random_range(0..TURNS));
    Turned::new(sample, view, stage, turn)
}
