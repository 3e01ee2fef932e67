//! `[algorithm.…]` beside the machine's files and the measurement.

use super::{AlgorithmConfig, ConfigError, Source, StartConfig};
use crate::data::subsets;
use crate::scanner::SinogramGeometry;

/// What the algorithm's own keys have against each other and the machine's files.
pub(super) fn algorithm_conflicts(algorithm: &AlgorithmConfig, source: &Source) -> Vec<ConfigError> {
    let at = format!("algorithm.{}", algorithm.name());
    let start = match algorithm.iterations().map(|iterations| iterations.start) {
        Some(StartConfig::File(file)) => source.missing(&format!("{at}.start.file"), &file.path),
        _ => None,
    };
    algorithm.conflicts().into_iter().map(|conflict| source.conflict(&at, conflict)).chain(start).collect()
}

/// What the algorithm has against the measurement: subsets that do not divide its views.
pub(super) fn subsets_conflict(
    algorithm: &AlgorithmConfig,
    geometry: &SinogramGeometry,
    source: &Source,
) -> Option<ConfigError> {
    let iterations = algorithm.iterations()?;
    let start = match iterations.start {
        StartConfig::Osem(start) => Some(("start.osem.subsets", start.subsets(geometry.views))),
        StartConfig::Uniform | StartConfig::File(_) => None,
    };
    [Some(("subsets", iterations.subsets)), start].into_iter().flatten().find_map(|(key, count)| {
        let error = subsets(geometry.views, count).err()?;
        let message = format!("{} subsets do not divide {} views", error.subsets, error.views);
        let help = Some(format!("use one of {:?}", error.dividers));
        Some(source.mistake(&format!("algorithm.{}.{key}", algorithm.name()), message, help))
    })
}
