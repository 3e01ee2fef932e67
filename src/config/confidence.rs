//! The table `[confidence]`: between which bounds is the truth?

use super::{ConfigError, PriorConfig, Source};
use crate::paths::{FilePath, NameOrFile};
use crate::prior::UnrolledConfig;
use crate::trust::Calibration;
use crate::units::{Fraction, Mm, PlaceMm, WidthMm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[confidence]`: an interval for every voxel, from scans that are simulated from the image and reconstructed in the
/// same way, and from the distance to the image of a convex prior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfidenceConfig {
    /// Simulated scans; each takes as long as the reconstruction.
    #[schemars(range(min = 2, max = 1000))]
    #[serde(deserialize_with = "crate::units::repeats")]
    pub replicates: usize,
    /// Share of the voxels whose truth the intervals hold.
    pub level: Fraction,
    /// Calibration of this method, as `coincide evaluate coverage --calibrate` writes it; without one, intervals are
    /// not calibrated.
    pub calibration: Option<FilePath>,
    /// Seed of the simulated scans.
    pub seed: u64,
    /// Image of the half widths of the intervals (HDF5 or NIfTI).
    pub map: Option<FilePath>,
    /// Further models for `[prior.unrolled]`: where their images of the same counts differ, the image is uncertain.
    /// Each takes as long as the reconstruction.
    pub ensemble: Vec<NameOrFile>,
    /// Resolution (FWHM in mm) of the truth that the intervals are about.
    pub resolution_fwhm_mm: WidthMm,
    /// Lesions whose mean, peak and volume are told with intervals.
    pub lesions: Vec<MeasuredLesion>,
}

/// `[[confidence.lesions]]`: a ball in which a lesion is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasuredLesion {
    /// What it is called.
    pub name: String,
    /// Centre in mm.
    pub centre_mm: [PlaceMm; 3],
    /// Diameter in mm.
    pub diameter_mm: Mm,
}

impl Default for ConfidenceConfig {
    fn default() -> Self {
        Self {
            replicates: 6,
            level: Fraction::constant(0.9),
            calibration: None,
            seed: 1,
            map: None,
            ensemble: Vec::new(),
            resolution_fwhm_mm: WidthMm::constant(4.0),
            lesions: Vec::new(),
        }
    }
}

impl ConfidenceConfig {
    /// What keeps it from being run with a prior.
    pub fn conflicts(&self, prior: Option<&PriorConfig>, source: &Source, force: bool) -> Vec<ConfigError> {
        let wrong = |key: &str, message: String, help: &str| {
            source.mistake(&format!("confidence.{key}"), message, Some(help.to_owned()))
        };
        let few = (!(2..=1000).contains(&self.replicates)).then(|| {
            wrong("replicates", format!("{} simulated scans", self.replicates), "2 to 1000 are possible; 6 will do")
        });
        let level = (!(0.05..=0.99).contains(&self.level.get())).then(|| {
            wrong("level", format!("{} is no level of an interval", self.level.get()), "0.05 to 0.99; 0.9 is usual")
        });
        let endings = [".h5", ".hdf5", ".nii", ".nii.gz"];
        let map = self.map.as_ref().and_then(|path| source.unwritable("confidence.map", path, &endings, force));
        let name = prior.map(PriorConfig::calibrated_as);
        let mismatch = |known: Calibration| self.mismatch(&known, name.as_deref(), source);
        let calibration = self.read(source).map(|known| known.and_then(mismatch));
        let calibration = calibration.unwrap_or_else(Some);
        let ensemble = match prior {
            Some(PriorConfig::Unrolled(unrolled)) => self.ensemble.iter().find_map(|model| {
                let other = PriorConfig::from(UnrolledConfig { model: model.clone(), ..unrolled.clone() });
                let conflict = other.conflicts().into_iter().next()?;
                Some(source.mistake("confidence.ensemble", conflict.message, conflict.help))
            }),
            _ => (!self.ensemble.is_empty()).then(|| {
                let message = "there are no further models of a prior that is no network".to_owned();
                wrong("ensemble", message, "remove this key, or use [prior.unrolled]")
            }),
        };
        [few, level, map, calibration, ensemble].into_iter().flatten().collect()
    }

    /// The calibration, where one is named.
    pub fn read(&self, source: &Source) -> Result<Option<Calibration>, ConfigError> {
        let at = "confidence.calibration";
        let Some(path) = &self.calibration else { return Ok(None) };
        let read = Calibration::read(path);
        read.map(Some).map_err(|error| source.mistake(at, error.to_string(), None))
    }

    /// What differs from the runs that the calibration was made of: its promise would not hold.
    fn mismatch(&self, known: &Calibration, prior: Option<&str>, source: &Source) -> Option<ConfigError> {
        let wrong = |key: &str, found: String, expected: String| {
            let message = format!("the calibration was made with {expected}, not {found}");
            let help = "take what it was made with, or make one for this method: coincide evaluate coverage STUDY --calibrate FILE";
            source.mistake(&format!("confidence.{key}"), message, Some(help.into()))
        };
        let named = |prior: Option<&str>| prior.map_or("no prior".to_owned(), |prior| format!("the prior `{prior}`"));
        let resolution = self.resolution_fwhm_mm.get();
        if known.prior.as_deref() != prior {
            Some(wrong("calibration", named(prior), named(known.prior.as_deref())))
        } else if known.replicates != self.replicates {
            let scans = |count: usize| format!("{count} simulated scans");
            Some(wrong("replicates", scans(self.replicates), scans(known.replicates)))
        } else if !known.ensemble.iter().map(String::as_str).eq(self.ensemble.iter().map(|name| &**name)) {
            let networks = |names: &[String]| match names {
                [] => "no ensemble".to_owned(),
                names => format!("the ensemble {}", names.join(", ")),
            };
            Some(wrong(
                "ensemble",
                networks(&self.ensemble.iter().map(ToString::to_string).collect::<Vec<_>>()),
                networks(&known.ensemble),
            ))
        } else if known.resolution_fwhm_mm != resolution {
            let of = |mm: f64| format!("a truth of {mm} mm");
            Some(wrong("resolution_fwhm_mm", of(resolution), of(known.resolution_fwhm_mm)))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ensemble_is_one_of_networks_that_exist() {
        let source = Source { path: "a.toml".into(), text: String::new() };
        let told = |config: &ConfidenceConfig, prior: Option<&PriorConfig>| {
            let all = config.conflicts(prior, &source, false);
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let network: PriorConfig = toml::from_str("unrolled = { model = \"unrolled-3d\" }").unwrap();
        let of = |models: &[&str]| ConfidenceConfig {
            ensemble: models.iter().map(|model| (*model).into()).collect(),
            ..ConfidenceConfig::default()
        };
        assert_eq!(told(&of(&["unrolled-2.5d", "unrolled-2d"]), Some(&network)), "");
        assert!(told(&of(&["unrolled-4d"]), Some(&network)).contains("unrolled-4d"));
        assert!(
            told(&of(&["unrolled-2d"]), None).contains("there are no further models of a prior that is no network")
        );
        // The shipped calibration is of the network's own image.
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/unrolled-3d.intervals.json");
        let calibrated = ConfidenceConfig { calibration: Some(file.into()), ..ConfidenceConfig::default() };
        let found = told(&calibrated, Some(&network));
        assert!(found.contains("made with the prior `unrolled`, not the prior `unrolled, blend 0.25`"), "{found}");
        let alone = toml::from_str("unrolled = { model = \"unrolled-3d\", blend = 0 }").unwrap();
        assert_eq!(told(&calibrated, Some(&alone)), "");
    }
}
