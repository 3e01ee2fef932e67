//! `[prior.…]`: which images are likely. The table's name is the prior.

mod anatomical;
mod beta;
mod build;
mod neighbours;
mod tables;

pub use anatomical::AnatomicalConfig;
pub use beta::Beta;
pub use build::PriorInputs;
pub use neighbours::NeighboursConfig;
pub use tables::*;

use super::{ConfigError, Source};
use crate::image::ImageUnit;
use crate::prior::Capability;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[prior.…]`: the table's name is the prior; `coincide priors` lists them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PriorConfig {
    /// Half the squared difference of neighbours.
    Quadratic(QuadraticConfig),
    /// Relative difference of neighbours (Nuyts et al. 2002), as in PETRIC.
    RelativeDifference(RelativeDifferenceConfig),
    /// Isotropic total variation (Rudin et al. 1992).
    TotalVariation(TotalVariationConfig),
    /// Total variation across the edges of an anatomical image (Ehrhardt & Betcke 2016).
    DirectionalTotalVariation(DirectionalTotalVariationConfig),
}

/// What all priors have in common.
struct Common<'a> {
    name: &'static str,
    beta: Option<Beta>,
    unit: Option<ImageUnit>,
    kappa: bool,
    anatomical: Option<&'a AnatomicalConfig>,
    capability: Capability,
}

impl PriorConfig {
    fn common(&self) -> Common<'_> {
        let smooth = Capability::Smooth { surrogate: true };
        let common = |name, capability, beta, unit, kappa, anatomical| Common {
            name,
            beta: Some(beta),
            unit,
            kappa,
            anatomical,
            capability,
        };
        match self {
            Self::Quadratic(c) => common("quadratic", smooth, c.beta, c.unit, c.kappa, None),
            Self::RelativeDifference(c) => common("relative-difference", smooth, c.beta, c.unit, c.kappa, None),
            Self::TotalVariation(c) => common("total-variation", Capability::Dual, c.beta, c.unit, false, None),
            Self::DirectionalTotalVariation(c) => {
                let anatomical = Some(&c.anatomical);
                common("directional-total-variation", Capability::Dual, c.beta, c.unit, false, anatomical)
            }
        }
    }

    /// Name of the prior's table.
    pub fn name(&self) -> &'static str {
        self.common().name
    }

    /// The weight; `None` where the prior has none.
    pub fn beta(&self) -> Option<Beta> {
        self.common().beta
    }

    /// What an algorithm may ask of the prior.
    pub fn capability(&self) -> Capability {
        self.common().capability
    }

    /// Whether pairs are weighted with κ, which the algorithm finds from the start image.
    pub fn kappa(&self) -> bool {
        self.common().kappa
    }

    /// The image that guides the prior.
    pub fn anatomical(&self) -> Option<&AnatomicalConfig> {
        self.common().anatomical
    }

    /// What the prior's own keys have against the machine's files.
    pub fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        let Common { name, anatomical, .. } = self.common();
        anatomical?.conflicts(source, &format!("prior.{name}.anatomical"))
    }

    /// An algorithm that cannot carry the prior.
    pub fn conflicts_with_algorithm(&self, algorithm: &str, source: &Source) -> Option<ConfigError> {
        let Common { name, capability, .. } = self.common();
        let able = capability.algorithms();
        if able.contains(&algorithm) {
            return None;
        }
        let message = format!("the algorithm `{algorithm}` cannot carry the prior `{name}`");
        let help = Some(format!("use one of the algorithms {}, or remove this table", able.join(", ")));
        Some(source.mistake(&format!("prior.{name}"), message, help))
    }

    /// The prior's constants in another unit than the image's.
    pub fn conflicts_with_unit(&self, unit: ImageUnit, source: &Source) -> Option<ConfigError> {
        let Common { name, unit: stated, .. } = self.common();
        let stated = stated.filter(|stated| *stated != unit)?;
        let message =
            format!("the prior is meant for images in {stated}, the images of this measurement are in {unit}");
        let help = match unit {
            ImageUnit::CountsPerMm => {
                "the measurement is not calibrated: give beta for counts/mm, and say so here".into()
            }
            _ => format!("give beta for {unit}, and say so here"),
        };
        Some(source.mistake(&format!("prior.{name}.unit"), message, Some(help)))
    }
}
