//! Config of `coincide psf`.

use super::{ConfigError, MeasurementConfig, NormalisationConfig, RunConfig, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The resolution of a scanner from scans of point sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PsfConfig {
    /// The scans.
    pub scans: Vec<PointScan>,
    /// Efficiencies of the scanner; gaps between its crystals would be taken for a part of the resolution.
    #[serde(default)]
    pub normalisation: Option<NormalisationConfig>,
    /// Threads.
    #[serde(default)]
    pub run: RunConfig,
}

/// `[[scans]]`: sources that were scanned together, as far apart that their images do not overlap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointScan {
    /// The scan.
    pub measurement: MeasurementConfig,
    /// Where each source is, within some 10 mm, in the frame of the scanner.
    pub points_mm: Vec<[f64; 3]>,
}

impl PsfConfig {
    /// Reads a config.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let config = source.parse()?;
        Ok((source, config))
    }

    /// Everything that keeps it from being run.
    pub fn conflicts(&self, source: &Source) -> Vec<ConfigError> {
        let of_scan =
            |(n, scan): (usize, &PointScan)| scan.measurement.conflicts(source, &format!("scans.{n}.measurement"));
        let mut conflicts: Vec<_> = self.scans.iter().enumerate().flat_map(of_scan).collect();
        let help = || Some("as in points_mm = [[0.0, 10.0, 0.0], [0.0, 100.0, 0.0]]".into());
        if self.scans.iter().all(|scan| scan.points_mm.is_empty()) {
            conflicts.push(source.mistake("scans", "no source is named", help()));
        }
        let wrong = |point: &&[f64; 3]| !point.iter().all(|mm| mm.is_finite());
        if let Some(point) = self.scans.iter().flat_map(|scan| &scan.points_mm).find(wrong) {
            conflicts.push(source.mistake("scans", format!("{point:?} is no place in mm"), help()));
        }
        conflicts
    }
}
