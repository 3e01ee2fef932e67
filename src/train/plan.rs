//! What training follows: cases, the reconstruction that is unrolled, what is made small, in which phases.

use super::TrainError;
use super::case::Source;
use super::detection::Term;
use super::geometry::Stack;
use super::layer::Layer;
use super::loss::{nrmse_of_scans, supervised};
use super::prepared::Prepared;
use super::unrolled::{Unrolled, Unrolling};
use crate::algorithm::{companions, map_image, map_image_from};
use crate::data::most_subsets;
use crate::likelihood::Model;
use crate::prior::network::{Companion, MapImage, MapOfScan};
use std::fmt;

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
    /// What it asks for.
    pub term: Term,
    /// Bodies of a step.
    pub bodies: usize,
    /// Steps.
    pub steps: usize,
    /// Largest rate of θ.
    pub rate: f64,
}

/// What a step is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// The network as a filter, NRMSE.
    Filter(FilterSchedule),
    /// The network as a filter, with the detection term.
    Detection(DetectionSchedule),
    /// The whole reconstruction.
    Chain,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Filter(_) => "filter",
            Self::Detection(_) => "filter, lesions",
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
    /// The weakly regularised image.
    pub weak: MapImage,
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
        let weak_is_seen = self.companions.iter().any(|companion| companion.is_weak());
        let weak = match &map {
            _ if self.detection.is_none() && !weak_is_seen => Vec::new(),
            Some(map) => map_image_from(&model, &of_scan(self.weak), map.clone())?,
            None => map_image(&model, &of_scan(self.weak), first.clone())?,
        };
        let anatomical = prepared.anatomical.as_deref();
        let companions = companions(&model, &self.companions, Some(&weak), first, anatomical)?;
        (prepared.map, prepared.companions) = (map, companions);
        Ok(weak)
    }

    /// The phases in their order, and the steps of each.
    pub fn phases(&self) -> Vec<(Phase, usize)> {
        let filter = self.filter.map(|filter| (Phase::Filter(filter), filter.steps));
        let detection = self.detection.map(|detection| (Phase::Detection(detection), detection.steps));
        let all = filter.into_iter().chain(detection).chain([(Phase::Chain, self.schedule.steps)]);
        all.filter(|(_, steps)| *steps > 0).collect()
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

    pub(super) fn chain<'a>(&self, model: &'a Model, prepared: &'a Prepared) -> Unrolled<'a> {
        let guides = prepared.guides(self.sees_noise);
        Unrolled::new(model, self.unrolling, self.stack().slices_apart(), &prepared.noise, guides)
    }

    pub(super) fn supervised(&self, image: &[f32], truth: &[f32], slices: usize) -> (f64, Vec<f32>) {
        supervised(image, truth, slices, self.stack().slices_apart())
    }

    fn stack(&self) -> Stack {
        self.source.stack
    }
}
