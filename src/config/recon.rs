//! Config of `coincide recon`, `check` and `verify`.

use super::algorithm::{algorithm_conflicts, subsets_conflict};
use super::collisions::{Written, collisions};
use super::prior::{pairing_conflict, prior_conflicts};
use super::{
    AlgorithmConfig, AttenuationConfig, ConfidenceConfig, ConfigError, DecayConfig, FilterConfig, ImageConfig,
    MeasurementConfig, NormalisationConfig, OutputConfig, PriorConfig, RandomsSource, ReconRunConfig, ReferenceConfig,
    ResolutionConfig, SentinelConfig, Source, StopConfig, SuvConfig,
};
use crate::prior::Capability;
use crate::scanner::SinogramGeometry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A reconstruction: which measurement, which image, which algorithm, which files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconConfig {
    /// Where the measurement comes from.
    #[serde(default)]
    pub measurement: MeasurementConfig,
    /// The voxel grid.
    #[serde(default)]
    pub image: ImageConfig,
    /// Image-space resolution model B; without it B is the identity.
    #[serde(default)]
    pub resolution: Option<ResolutionConfig>,
    /// Attenuation map; its factors exp(−∫µ) multiply those of the measurement.
    #[serde(default)]
    pub attenuation: Option<AttenuationConfig>,
    /// Efficiencies of the scanner, where the measurement has none.
    #[serde(default)]
    pub normalisation: Option<NormalisationConfig>,
    /// Decay of the activity, where the measurement does not know of it.
    #[serde(default)]
    pub decay: Option<DecayConfig>,
    /// Random coincidences, where the background of the measurement has none.
    #[serde(default)]
    pub randoms: Option<RandomsSource>,
    /// Which images are likely; without it the likelihood alone decides.
    #[serde(default)]
    pub prior: Option<PriorConfig>,
    /// The algorithm.
    pub algorithm: AlgorithmConfig,
    /// Gaussian filter of the finished image.
    #[serde(default)]
    pub post_filter: Option<FilterConfig>,
    /// Whether the counts contradict the image; on with every learned prior.
    #[serde(default)]
    pub sentinel: Option<SentinelConfig>,
    /// Between which bounds the truth is.
    #[serde(default)]
    pub confidence: Option<ConfidenceConfig>,
    /// Reasons to stop early.
    #[serde(default)]
    pub stop: StopConfig,
    /// The truth, where it is known: figures of merit are printed against it.
    #[serde(default)]
    pub reference: Option<ReferenceConfig>,
    /// Weight and injected activity: figures of small regions are told as SUV, too.
    #[serde(default)]
    pub suv: Option<SuvConfig>,
    /// Files to write.
    #[serde(default)]
    pub output: OutputConfig,
    /// Threads, cadence of figures, counts that no image can explain.
    #[serde(default)]
    pub run: ReconRunConfig,
}

impl ReconConfig {
    /// Reads a config; what its tables say about each other is checked by [`ReconConfig::conflicts`].
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config = source.parse()?;
        Ok((source, config))
    }

    /// Everything in the config that contradicts itself or the machine's files. `force` allows files to be replaced.
    pub fn conflicts(&self, source: &Source, force: bool) -> Vec<ConfigError> {
        let mut conflicts = self.measurement.conflicts(source, "measurement");
        let iterations = self.algorithm.iterations().map_or(0, |iterations| iterations.count);
        conflicts.extend(self.output.conflicts(iterations, source, force));
        conflicts.extend(collisions(source, &self.written(iterations)));
        conflicts.extend(self.attenuation.as_ref().and_then(|attenuation| attenuation.conflicts(source)));
        if let Some(normalisation) = &self.normalisation {
            conflicts.extend(source.missing("normalisation.file", &normalisation.file));
        }
        conflicts.extend(self.resolution.as_ref().and_then(|resolution| resolution.conflicts(source)));
        conflicts.extend(self.randoms.as_ref().and_then(|randoms| randoms.conflicts(source)));
        conflicts.extend(self.reference.as_ref().and_then(|reference| reference.conflicts(source)));
        if let Some(prior) = &self.prior {
            conflicts.extend(prior_conflicts(prior, source));
        }
        conflicts.extend(pairing_conflict(self.prior.as_ref(), &self.algorithm, source));
        conflicts.extend(algorithm_conflicts(&self.algorithm, source));
        let prior = self.prior.as_ref();
        let name = prior.map(PriorConfig::calibrated_as);
        let of_sentinel = |sentinel: &SentinelConfig| sentinel.conflicts(name.as_deref(), source, force);
        conflicts.extend(self.sentinel.iter().flat_map(of_sentinel));
        conflicts.extend(self.confidence.iter().flat_map(|confidence| confidence.conflicts(prior, source, force)));
        conflicts.extend(self.tolerance_conflict(source));
        conflicts
    }

    /// All files that a run of so many iterations writes.
    fn written(&self, iterations: usize) -> Vec<Written> {
        let sentinel = self.sentinel.as_ref();
        let others = [
            ("sentinel.map", sentinel.and_then(|sentinel| sentinel.map.as_ref())),
            ("sentinel.fallback", sentinel.and_then(|sentinel| sentinel.fallback.as_ref())),
            ("confidence.map", self.confidence.as_ref().and_then(|confidence| confidence.map.as_ref())),
        ];
        let others = others.into_iter().filter_map(|(at, path)| Some(Written::named(at, path?)));
        self.output.written(iterations).into_iter().chain(others).collect()
    }

    /// The sentinel of the run: that of the config, or the default one where the prior is learned.
    pub fn sentinel(&self) -> Option<SentinelConfig> {
        let learned = self.prior.as_ref().is_some_and(PriorConfig::is_learned);
        let sentinel = self.sentinel.clone().or_else(|| learned.then(SentinelConfig::default));
        sentinel.filter(|sentinel| !sentinel.off)
    }

    /// A tolerance for what has no gradient.
    fn tolerance_conflict(&self, source: &Source) -> Option<ConfigError> {
        self.stop.tolerance?;
        let prior = self.prior.as_ref().filter(|prior| !matches!(prior.capability(), Capability::Smooth));
        let lacks = match prior {
            Some(prior) => format!("the prior `{}` has no gradient", prior.name()),
            None if self.algorithm.iterations().is_none() => "this algorithm has no maximum to reach".into(),
            None => return None,
        };
        let message = format!("{lacks}, so that no distance from a maximum is known on the way");
        Some(source.mistake("stop.tolerance", message, Some("use `relative_change` instead".into())))
    }

    /// Everything in the config that contradicts the measurement's geometry.
    pub fn conflicts_with(&self, geometry: &SinogramGeometry, source: &Source) -> Vec<ConfigError> {
        let grid = self.image.grid(geometry, source).err();
        grid.into_iter().chain(subsets_conflict(&self.algorithm, geometry, source)).collect()
    }
}
