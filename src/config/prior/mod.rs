//! `[prior.…]`: which images are likely. The table's name is the prior.

mod anatomical;
mod beta;
mod build;
mod catalogue;
mod guided;
mod neighbours;
mod ridge;
mod tables;
mod torchscript;
mod unrolled;

pub use anatomical::AnatomicalConfig;
pub use beta::Beta;
pub use build::PriorInputs;
pub use catalogue::{CATALOGUE, CatalogueEntry};
pub use guided::*;
pub use neighbours::NeighboursConfig;
pub use ridge::RidgeConfig;
pub use tables::*;
pub use torchscript::TorchscriptConfig;
pub use unrolled::UnrolledConfig;

use super::{ConfigError, Source};
use crate::image::ImageUnit;
use crate::prior::{Capability, RidgeModel};
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
    /// Logarithm of the hyperbolic cosine of differences (Green 1990).
    LogCosh(LogCoshConfig),
    /// Quadratic for small differences, linear for large ones (Huber 1964).
    Huber(HuberConfig),
    /// Total variation, smoothed at zero (Charbonnier et al. 1997).
    HyperbolicTotalVariation(HyperbolicTotalVariationConfig),
    /// Isotropic total variation (Rudin et al. 1992).
    TotalVariation(TotalVariationConfig),
    /// Distance from the median of the neighbours (Alenius & Ruotsalainen 1997).
    MedianRoot(MedianRootConfig),
    /// Differences from the neighbours that are alike in an anatomical image (Bowsher et al. 2004).
    Bowsher(BowsherConfig),
    /// Smoothed total variation across the edges of an anatomical image (Ehrhardt et al. 2016).
    ParallelLevelSets(ParallelLevelSetsConfig),
    /// Total variation across the edges of an anatomical image (Ehrhardt & Betcke 2016).
    DirectionalTotalVariation(DirectionalTotalVariationConfig),
    /// Differences from voxels with like patches, weights held fixed (after Wang & Qi 2012).
    NonLocal(NonLocalConfig),
    /// Images that are blends of voxels alike in an anatomical image (Wang & Qi 2015).
    Kernel(KernelConfig),
    /// Learned functions of the responses of learned filters (Goujon et al. 2023).
    Ridge(RidgeConfig),
    /// What a trained network makes of the image (Mehranian & Reader 2021).
    Unrolled(UnrolledConfig),
    /// A denoiser of your own: a PyTorch model, exported as TorchScript.
    Torchscript(TorchscriptConfig),
}

/// What all priors have in common.
struct Common<'a> {
    name: &'static str,
    beta: Option<Beta>,
    unit: Option<ImageUnit>,
    kappa: bool,
    anatomical: Option<&'a AnatomicalConfig>,
}

impl<'a> Common<'a> {
    fn of(name: &'static str, beta: Beta, unit: Option<ImageUnit>) -> Self {
        Self { name, beta: Some(beta), unit, kappa: false, anatomical: None }
    }
    fn kappa(self, kappa: bool) -> Self {
        Self { kappa, ..self }
    }
    fn guided_by(self, anatomical: &'a AnatomicalConfig) -> Self {
        Self { anatomical: Some(anatomical), ..self }
    }
}

impl PriorConfig {
    fn common(&self) -> Common<'_> {
        match self {
            Self::Quadratic(c) => Common::of("quadratic", c.beta, c.unit).kappa(c.kappa),
            Self::RelativeDifference(c) => Common::of("relative-difference", c.beta, c.unit).kappa(c.kappa),
            Self::LogCosh(c) => Common::of("log-cosh", c.beta, c.unit).kappa(c.kappa),
            Self::Huber(c) => Common::of("huber", c.beta, c.unit).kappa(c.kappa),
            Self::HyperbolicTotalVariation(c) => Common::of("hyperbolic-total-variation", c.beta, c.unit),
            Self::TotalVariation(c) => Common::of("total-variation", c.beta, c.unit),
            Self::MedianRoot(c) => Common::of("median-root", c.beta, None),
            Self::Bowsher(c) => Common::of("bowsher", c.beta, c.unit).kappa(c.kappa).guided_by(&c.anatomical),
            Self::ParallelLevelSets(c) => Common::of("parallel-level-sets", c.beta, c.unit).guided_by(&c.anatomical),
            Self::DirectionalTotalVariation(c) => {
                Common::of("directional-total-variation", c.beta, c.unit).guided_by(&c.anatomical)
            }
            Self::NonLocal(c) => {
                let common = Common::of("non-local", c.beta, c.unit).kappa(c.kappa);
                Common { anatomical: c.anatomical.as_ref(), ..common }
            }
            Self::Torchscript(c) => Common::of("torchscript", c.beta, None),
            Self::Kernel(c) => {
                let (beta, unit, anatomical) = (None, None, Some(&c.anatomical));
                Common { name: "kernel", beta, unit, kappa: false, anatomical }
            }
            Self::Ridge(c) => Common::of("ridge", c.beta, c.unit),
            Self::Unrolled(c) => {
                let (beta, unit, anatomical) = (None, None, c.anatomical.as_ref());
                Common { name: "unrolled", beta, unit, kappa: false, anatomical }
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
        self.catalogue_entry().capability
    }

    /// What the catalogue says about the prior.
    pub fn catalogue_entry(&self) -> &'static CatalogueEntry {
        let name = self.name();
        CATALOGUE.iter().find(|entry| entry.name == name).expect("every prior is in the catalogue (tests/priors.rs)")
    }

    /// Whether pairs are weighted with κ, which the algorithm finds from the start image.
    pub fn kappa(&self) -> bool {
        self.common().kappa
    }

    /// Whether the prior was learned from images.
    pub fn is_learned(&self) -> bool {
        matches!(self, Self::Ridge(_) | Self::Unrolled(_) | Self::Torchscript(_))
    }

    /// The image that guides the prior.
    pub fn anatomical(&self) -> Option<&AnatomicalConfig> {
        self.common().anatomical
    }

    /// The same with its files as the config's folder sees them.
    pub fn resolved(&self, source: &Source) -> Self {
        match self {
            Self::Torchscript(c) => {
                Self::Torchscript(TorchscriptConfig { model: source.resolve(&c.model), ..c.clone() })
            }
            _ => self.clone(),
        }
    }

    /// The model of `[prior.ridge]`.
    pub fn ridge_model(&self, source: &Source) -> Result<Option<RidgeModel>, ConfigError> {
        match self {
            Self::Ridge(ridge) => ridge.load(source).map(Some),
            _ => Ok(None),
        }
    }

    /// What the prior's own keys have against each other and the machine's files.
    pub fn conflicts(&self, source: &Source) -> Vec<ConfigError> {
        let at = |key| format!("prior.{}.{key}", self.name());
        let file = self.anatomical().and_then(|anatomical| anatomical.conflicts(source, &at("anatomical")));
        let mut conflicts: Vec<_> = file.into_iter().collect();
        if let Self::Bowsher(bowsher) = self
            && bowsher.chosen.get() > 26
        {
            let message = format!("a voxel has 26 neighbours, {} cannot be chosen", bowsher.chosen);
            conflicts.push(source.mistake(&at("chosen"), message, Some("7 are usual".into())));
        }
        conflicts.extend(match self {
            Self::Ridge(ridge) => ridge.load(source).err(),
            Self::Unrolled(unrolled) => unrolled.conflicts(source),
            Self::Torchscript(torchscript) => torchscript.conflicts(source),
            _ => None,
        });
        conflicts
    }

    /// An algorithm that cannot carry the prior.
    pub fn conflicts_with_algorithm(&self, algorithm: &str, source: &Source) -> Option<ConfigError> {
        let (name, able) = (self.name(), self.capability().algorithms());
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
