//! From a table to a prior.

use super::PriorConfig;
use crate::image::ImageGrid;
use crate::prior::{
    Pairs, Prior, PriorError, directional_total_variation, quadratic, relative_difference, total_variation,
};
use crate::units::Positive;

/// ε and δ, where the config gives none, as a share of the maximum of the start image; PETRIC's for ε.
const RELATIVE_EPSILON: f32 = 1e-3;

/// What a prior is built from, besides its config. All images are on `grid`.
#[derive(Clone, Copy, Debug)]
pub struct PriorInputs<'a> {
    /// Grid of the images.
    pub grid: &'a ImageGrid,
    /// The image that the algorithm starts from.
    pub start: &'a [f32],
    /// κ = √(−∇²L·1) of the start image, where [`PriorConfig::kappa`] asks for it.
    pub kappa: Option<&'a [f32]>,
    /// The image that guides the prior, where [`PriorConfig::anatomical`] asks for it.
    pub anatomical: Option<&'a [f32]>,
}

impl PriorConfig {
    /// The prior; its weight β is the algorithm's business.
    pub fn build(&self, inputs: PriorInputs) -> Result<Prior, PriorError> {
        inputs.check()?;
        Ok(match self {
            Self::Quadratic(c) => {
                Prior::Smooth(quadratic(Pairs::new(inputs.grid, c.neighbours.get(), inputs.kappa_if(c.kappa))))
            }
            Self::RelativeDifference(c) => {
                let pairs = Pairs::new(inputs.grid, c.neighbours.get(), inputs.kappa_if(c.kappa));
                let epsilon = inputs.constant("epsilon", c.epsilon, RELATIVE_EPSILON)?;
                Prior::Smooth(relative_difference(pairs, c.gamma.get() as f32, epsilon))
            }
            Self::TotalVariation(_) => Prior::Dual(total_variation(inputs.grid)),
            Self::DirectionalTotalVariation(c) => {
                let anatomical = inputs.guide(self.name())?;
                let eta = c.relative_eta.get() as f32 * largest(anatomical);
                Prior::Dual(directional_total_variation(inputs.grid, anatomical, eta))
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
