//! The prior of a run, built from what it asks for: the start image, κ, an anatomical image; and its weight.

use super::RunError;
use super::held_out::best_weight;
use super::place::told_if_short;
use super::registration::told_if_elsewhere;
use super::scene::Scene;
use crate::algorithm::sensitivity;
use crate::config::{Beta, OsemStart, PriorConfig, PriorInputs, prior_mistake, unit_conflict};
use crate::likelihood::Model;
use crate::prior::{Prior, PriorError, Probe, RelativeNoise, mean_activity};
use crate::report::WeightSearch;
use rayon::prelude::*;
use std::borrow::Cow;

/// A prior and its weight β; where it was found from the data, how.
pub(crate) struct WeightedPrior {
    pub prior: Prior,
    pub beta: f64,
    pub search: Option<WeightSearch>,
}

impl Scene<'_> {
    /// The prior of the config. `start` is the algorithm's first image, `None` where that is uniform.
    pub(crate) fn prior(&self, start: Option<&[f32]>) -> Result<WeightedPrior, RunError> {
        let Some(config) = &self.config.prior else {
            return Ok(WeightedPrior { prior: Prior::None, beta: 0.0, search: None });
        };
        if let Some(conflict) = unit_conflict(config, self.unit, self.source) {
            return Err(conflict.into());
        }
        let prior = self.build_prior(config, start)?;
        let (beta, search) = match config.beta() {
            None => (1.0, None),
            Some(Beta::Value(beta)) => (beta.get(), None),
            Some(Beta::Auto) => {
                let search = best_weight(self, &prior)?;
                self.options.console.say(format!("beta = {:.4e} predicts held-out counts best", search.beta));
                (search.beta, Some(search))
            }
        };
        Ok(WeightedPrior { prior, beta, search })
    }

    fn build_prior(&self, config: &PriorConfig, start: Option<&[f32]>) -> Result<Prior, RunError> {
        // A uniform image says nothing about the largest activity or the curvature; a short OSEM does. The scale of a
        // learned prior is always that of a short OSEM: it does not depend on where the algorithm starts.
        let seen = match start.filter(|_| !config.is_learned()) {
            Some(start) => Cow::Borrowed(start),
            None => Cow::Owned(self.osem_start(&OsemStart::default(), self.model)?),
        };
        let kappa = config.kappa().then(|| kappa(self.model, &seen));
        let grid = self.model.grid();
        let anatomy = self.images.anatomy.as_ref().filter(|_| config.anatomical().is_some());
        if let Some(edges) = anatomy.and_then(|anatomy| anatomy.edges_mm) {
            told_if_short(edges, self.model.measurement(), "the anatomical image", self.options);
        }
        let anatomical = anatomy.map(|anatomy| self.margin.extended(&anatomy.values));
        if let Some(anatomical) = &anatomical {
            told_if_elsewhere(&grid, &seen, anatomical, self.options);
        }
        let noise = config.noise().then(|| relative_noise(self.model, &seen));
        let inputs = PriorInputs {
            grid: &grid,
            start: &seen,
            kappa: kappa.as_deref(),
            noise: noise.as_ref(),
            anatomical: anatomical.as_deref(),
        };
        let prior = config.build(&inputs).map_err(|error| self.prior_error(config, error))?;
        match &prior {
            Prior::Unrolled(unrolled) => {
                unrolled.card().iter().for_each(|card| self.compare(card));
                let by_anatomy = unrolled.companions().iter().any(|companion| companion.by_anatomy());
                if by_anatomy && unrolled.anatomical().is_none() {
                    self.options.warn(
                        "the network works best with an anatomical image, and none is given: it goes by the counts alone \
                         (`[prior.unrolled] anatomical = { file = \"mr.nii.gz\" }` gives one)",
                    );
                }
            }
            Prior::Denoiser(denoiser) if config.is_learned() => {
                for warning in Probe::new(&**denoiser, &seen).warnings() {
                    self.options.warn(&warning);
                }
            }
            _ => (),
        }
        Ok(prior)
    }

    /// What cannot be used of a prior's table is a mistake in the config.
    pub(super) fn prior_error(&self, config: &PriorConfig, error: PriorError) -> RunError {
        match prior_mistake(config, &error, self.source) {
            Some(mistake) => mistake.into(),
            None => error.into(),
        }
    }
}

/// ν of a scan that an early image shows.
pub(super) fn relative_noise(model: &Model, seen: &[f32]) -> RelativeNoise {
    let measurement = model.measurement();
    let c = mean_activity(&model.grid(), seen);
    RelativeNoise::new(&sensitivity(model), c, measurement.total_prompts(), measurement.total_background())
}

/// ν̄ of a scan, from the sensitivity of its first subset alone: another back projection would cost as much as half of
/// what it is for.
pub(super) fn mean_noise(model: &Model, seen: &[f32]) -> f64 {
    let (measurement, c) = (model.measurement(), mean_activity(&model.grid(), seen));
    let mut part = vec![0.0; seen.len()];
    model.sensitivity(0, &mut part);
    let subsets = model.subsets() as f32;
    part.iter_mut().for_each(|sensitivity| *sensitivity *= subsets);
    RelativeNoise::mean(&part, c, measurement.total_prompts(), measurement.total_background()).into()
}

/// κ = √(−∇²L(x) 1): weighting a prior's pairs with it makes the resolution uniform (Fessler & Rogers 1996, IEEE TIP
/// 5(9), 1346–1358).
pub(super) fn kappa(model: &Model, x: &[f32]) -> Vec<f32> {
    let mut sums = model.curvature_row_sums(x);
    sums.par_iter_mut().for_each(|sum| *sum = sum.max(0.0).sqrt());
    sums
}
