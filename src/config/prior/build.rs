//! From a table to a prior.

use super::{NeighboursConfig, PotentialConfig, PriorConfig};
use crate::image::ImageGrid;
use crate::prior::mean_activity;
use crate::prior::network::{Model, Unrolled};
use crate::prior::{
    KernelMatrix, Pairs, Prior, PriorError, RelativeNoise, Ridge, RidgeModel, bowsher_pairs,
    directional_total_variation, huber, hyperbolic_total_variation, log_cosh, median_root, non_local_pairs,
    parallel_level_sets, quadratic, relative_difference, total_variation,
};
use crate::units::Positive;
use std::sync::Arc;

/// ε, where the config gives none, as a share of the maximum of the start image: PETRIC's.
const RELATIVE_EPSILON: f32 = 1e-3;

/// δ likewise.
const RELATIVE_DELTA: f32 = 1e-2;

/// What a prior is built from, besides its config. All images are on `grid`.
#[derive(Clone, Copy, Debug)]
pub struct PriorInputs<'a> {
    /// Grid of the images.
    pub grid: &'a ImageGrid,
    /// The image that the algorithm starts from.
    pub start: &'a [f32],
    /// κ = √(−∇²L·1) of the start image, where [`PriorConfig::kappa`] asks for it.
    pub kappa: Option<&'a [f32]>,
    /// How noisy the scan is, where the prior is [`PriorConfig::Unrolled`].
    pub noise: Option<&'a RelativeNoise>,
    /// The image that guides the prior, where [`PriorConfig::anatomical`] asks for it.
    pub anatomical: Option<&'a [f32]>,
    /// The network of `[prior.unrolled]`, as [`super::UnrolledConfig::load`] reads it.
    pub model: Option<&'a Model>,
    /// The model of `[prior.ridge]`, as [`PriorConfig::ridge_model`] reads it.
    pub ridge: Option<&'a RidgeModel>,
}

impl PriorConfig {
    /// The prior; its weight β is the algorithm's business.
    pub fn build(&self, inputs: PriorInputs) -> Result<Prior, PriorError> {
        inputs.check()?;
        let grid = inputs.grid;
        Ok(match self {
            Self::Quadratic(c) => Prior::Smooth(quadratic(inputs.pairs(c.neighbours, c.kappa))),
            Self::RelativeDifference(c) => {
                let (gamma, epsilon) = (c.gamma.get() as f32, inputs.epsilon(c.epsilon)?);
                Prior::Smooth(relative_difference(inputs.pairs(c.neighbours, c.kappa), gamma, epsilon))
            }
            Self::LogCosh(c) => Prior::Smooth(log_cosh(inputs.pairs(c.neighbours, c.kappa), inputs.delta(c.delta)?)),
            Self::Huber(c) => Prior::Smooth(huber(inputs.pairs(c.neighbours, c.kappa), inputs.delta(c.delta)?)),
            Self::HyperbolicTotalVariation(c) => {
                Prior::Smooth(hyperbolic_total_variation(grid, inputs.epsilon(c.epsilon)?))
            }
            Self::TotalVariation(_) => Prior::Dual(total_variation(grid)),
            Self::MedianRoot(_) => Prior::Denoiser(median_root(grid)),
            Self::Bowsher(c) => {
                let (guide, kappa) = (inputs.guide(self.name())?, inputs.kappa_if(c.kappa));
                let pairs = bowsher_pairs(grid, guide, c.chosen.get().into(), c.symmetric, kappa);
                Prior::Smooth(match c.potential {
                    PotentialConfig::Quadratic => quadratic(pairs),
                    PotentialConfig::RelativeDifference(p) => {
                        relative_difference(pairs, p.gamma.get() as f32, inputs.epsilon(p.epsilon)?)
                    }
                })
            }
            Self::ParallelLevelSets(c) => {
                let guide = inputs.guide(self.name())?;
                let (eta, epsilon) = (c.relative_eta.get() as f32 * largest(guide), inputs.epsilon(c.epsilon)?);
                Prior::Smooth(parallel_level_sets(grid, guide, eta, epsilon))
            }
            Self::DirectionalTotalVariation(c) => {
                let guide = inputs.guide(self.name())?;
                let eta = c.relative_eta.get() as f32 * largest(guide);
                Prior::Dual(directional_total_variation(grid, guide, eta))
            }
            Self::NonLocal(c) => {
                let guide = if c.anatomical.is_some() { inputs.guide(self.name())? } else { inputs.start };
                let (width, kappa) = (c.relative_width.get() as f32, inputs.kappa_if(c.kappa));
                Prior::Smooth(quadratic(non_local_pairs(grid, guide, c.reach.get(), width, kappa)))
            }
            Self::Torchscript(c) => c.build(inputs)?,
            Self::Kernel(c) => {
                let (guide, width) = (inputs.guide(self.name())?, c.relative_width.get() as f32);
                Prior::Kernel(Arc::new(KernelMatrix::new(grid, guide, c.reach.get(), c.nearest.get().into(), width)))
            }
            Self::Ridge(c) => {
                let model = inputs.ridge.expect("the config asks for a model, the caller gave none");
                Prior::Smooth(Arc::new(inputs.ridge(model, c.scale)?))
            }
            Self::Unrolled(c) => {
                let model = inputs.model.expect("the config asks for a network, the caller gave none");
                let noise = inputs.noise.expect("a network asks for the noise, the caller gave none");
                let (scale, strength) = (mean_activity(grid, inputs.start), c.strength.get() as f32);
                Prior::Unrolled(Arc::new(Unrolled::of_model(model, grid, scale, noise, inputs.anatomical, strength)?))
            }
        })
    }
}

impl<'a> PriorInputs<'a> {
    fn check(&self) -> Result<(), PriorError> {
        let images =
            [("start image", Some(self.start)), ("κ image", self.kappa), ("anatomical image", self.anatomical)];
        for (what, image) in images.into_iter().filter_map(|(what, image)| Some((what, image?))) {
            let (found, expected) = (image.len(), self.grid.voxels());
            if found != expected {
                return Err(PriorError::Voxels { what, found, expected });
            }
            if image.iter().any(|value| !value.is_finite()) {
                return Err(PriorError::Values { what, problem: "not finite" });
            }
        }
        match self.kappa.is_some_and(|kappa| kappa.iter().any(|&value| value < 0.0)) {
            true => Err(PriorError::Values { what: "κ image", problem: "below zero" }),
            false => Ok(()),
        }
    }

    fn kappa_if(&self, wanted: bool) -> Option<&'a [f32]> {
        assert!(!wanted || self.kappa.is_some(), "the config asks for κ, the caller gave none");
        self.kappa.filter(|_| wanted)
    }

    fn pairs(&self, neighbours: NeighboursConfig, kappa: bool) -> Pairs {
        Pairs::new(self.grid, neighbours.get(), self.kappa_if(kappa))
    }

    fn ridge(&self, model: &RidgeModel, scale: Option<Positive>) -> Result<Ridge, PriorError> {
        let (kernel, shape) = (model.kernel, self.grid.shape);
        if (0..3).any(|axis| kernel[axis] > shape[axis]) {
            return Err(PriorError::Filters { kernel, shape });
        }
        let scale = scale.map_or_else(|| mean_activity(self.grid, self.start), |scale| scale.get() as f32);
        if scale > 0.0 { Ok(Ridge::new(model, shape, scale)) } else { Err(PriorError::NoActivity { found: scale }) }
    }

    fn epsilon(&self, given: Option<Positive>) -> Result<f32, PriorError> {
        self.constant("epsilon", given, RELATIVE_EPSILON)
    }

    fn delta(&self, given: Option<Positive>) -> Result<f32, PriorError> {
        self.constant("delta", given, RELATIVE_DELTA)
    }

    /// A constant in image units, or its share of the maximum of the start image.
    fn constant(&self, key: &'static str, given: Option<Positive>, share: f32) -> Result<f32, PriorError> {
        if let Some(given) = given {
            return Ok(given.get() as f32);
        }
        let maximum = largest(self.start);
        if maximum > 0.0 { Ok(share * maximum) } else { Err(PriorError::NoScale { key, maximum }) }
    }

    fn guide(&self, prior: &'static str) -> Result<&'a [f32], PriorError> {
        let anatomical = self.anatomical.ok_or(PriorError::NoAnatomy { prior })?;
        match largest(anatomical) > anatomical.iter().copied().fold(f32::INFINITY, f32::min) {
            true => Ok(anatomical),
            false => Err(PriorError::Values { what: "anatomical image", problem: "all the same: it guides nothing" }),
        }
    }
}

fn largest(image: &[f32]) -> f32 {
    image.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}
