//! `[prior.…]` beside the other tables of a config.

use super::{AlgorithmConfig, ConfigError, Source};
use crate::image::ImageUnit;
use crate::prior::{AnatomicalConfig, PriorConfig, PriorError};

/// What the prior's own keys have against each other and the machine's files.
pub(super) fn prior_conflicts(prior: &PriorConfig, source: &Source) -> Vec<ConfigError> {
    let at = format!("prior.{}", prior.name());
    let anatomical = prior.anatomical().and_then(|image| unreadable(image, source, &format!("{at}.anatomical")));
    let own = prior.conflicts().into_iter().map(|conflict| source.conflict(&at, conflict));
    anatomical.into_iter().chain(own).collect()
}

/// What keeps an anatomical image from being read; `at` is the dotted path of `anatomical`.
fn unreadable(image: &AnatomicalConfig, source: &Source, at: &str) -> Option<ConfigError> {
    match image {
        AnatomicalConfig::File(file) => source.missing(&format!("{at}.file"), &file.path),
        AnatomicalConfig::Phantom(name) => super::phantom(source, &format!("{at}.phantom"), name).err(),
        AnatomicalConfig::Attenuation(name) => super::phantom(source, &format!("{at}.attenuation"), name).err(),
    }
}

/// A pairing that does not work: an algorithm that cannot carry the prior, or one that needs one.
pub(super) fn pairing_conflict(
    prior: Option<&PriorConfig>,
    algorithm: &AlgorithmConfig,
    source: &Source,
) -> Option<ConfigError> {
    let unfit = algorithm.unfit(prior.map(PriorConfig::capability))?;
    match prior {
        None => {
            let help = "add [prior.median-root], or use [algorithm.osem]";
            Some(source.mistake(&format!("algorithm.{}", algorithm.name()), unfit.to_string(), Some(help.into())))
        }
        Some(prior) => {
            let (name, algorithm) = (prior.name(), algorithm.name());
            let message = format!("the algorithm `{algorithm}` cannot carry the prior `{name}`");
            let able = AlgorithmConfig::carriers(prior.capability()).join(", ");
            let help = format!("use one of the algorithms {able}, or remove this table");
            Some(source.mistake(&format!("prior.{name}"), message, Some(help)))
        }
    }
}

/// The prior's constants in another unit than the image's.
pub fn unit_conflict(prior: &PriorConfig, unit: ImageUnit, source: &Source) -> Option<ConfigError> {
    let stated = prior.unit().filter(|stated| *stated != unit)?;
    let message = format!("the prior is meant for images in {stated}, the images of this measurement are in {unit}");
    let help = match unit {
        ImageUnit::CountsPerMm => "the measurement is not calibrated: give beta for counts/mm, and say so here".into(),
        _ => format!("give beta for {unit}, and say so here"),
    };
    Some(source.mistake(&format!("prior.{}.unit", prior.name()), message, Some(help)))
}

/// An error of a prior, where it is one of its table.
pub fn prior_mistake(prior: &PriorConfig, error: &PriorError, source: &Source) -> Option<ConfigError> {
    Some(source.conflict(&format!("prior.{}", prior.name()), error.conflict()?))
}
