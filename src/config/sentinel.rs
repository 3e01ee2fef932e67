//! The table `[sentinel]`: does the image hold what the counts hold, and nothing that they refute?

use super::{ConfigError, Source};
use crate::paths::FilePath;
use crate::trust::{FoundThreshold, Judged, Thresholds};
use crate::units::{Fraction, Mm, NonNegative, PlaceMm, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `[sentinel]`: spots of each size, voxel by voxel, that the counts ask for beside the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SentinelConfig {
    /// No sentinel, although the prior is learned.
    pub off: bool,
    /// Widths (FWHM) of the spots in mm.
    pub sizes_mm: Vec<Mm>,
    /// Largest |z| that is not told; by default that of `calibration`, or what `simulated` scans find.
    pub threshold: Option<Positive>,
    /// Thresholds by noise, as `coincide evaluate sentinel --calibrate` writes them; by default those of the shipped
    /// 3-D network, or 5.5 where counts are held out.
    pub calibration: Option<FilePath>,
    /// Smallest height of a spot that is told, over the mean activity of the body.
    pub least_height: NonNegative,
    /// Share of an edge's height by which the image may be off there without being told: networks and filters soften
    /// edges, which contradicts the counts, but loses no lesion.
    pub edges: Fraction,
    /// Scans that are simulated from the image and reconstructed in the same way, to find the threshold: of 19, one in
    /// twenty exceeds the largest by chance. They take as many reconstructions.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub simulated: usize,
    /// Share of the counts that is not reconstructed, but kept for the sentinel: z then is exact, else it is smaller
    /// than it might be.
    pub held_out: Fraction,
    /// Seed of what is simulated or held out.
    pub seed: u64,
    /// Image of z, of the first size (HDF5 or NIfTI).
    pub map: Option<FilePath>,
    /// Image to fall back to (HDF5): where a place is flagged, it is that of the learned ridge, which is reconstructed
    /// for it.
    pub fallback: Option<FilePath>,
    /// Places where a lesion shall be certified, present or absent, by counts that are held out.
    pub regions: Vec<SuspectConfig>,
}

/// `[[sentinel.regions]]`: a ball in which a lesion may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspectConfig {
    /// What it is called.
    pub name: String,
    /// Its centre in mm.
    pub centre_mm: [PlaceMm; 3],
    /// Its diameter in mm.
    pub diameter_mm: Mm,
    /// Activity over the surroundings from which on it would be a lesion: the absence of such a one is certified.
    #[serde(default = "twice")]
    pub contrast: Positive,
}

fn twice() -> Positive {
    Positive::constant(2.0)
}

impl Default for SentinelConfig {
    fn default() -> Self {
        Self {
            off: false,
            sizes_mm: vec![Mm::constant(7.0), Mm::constant(10.0)],
            threshold: None,
            calibration: None,
            least_height: NonNegative::constant(0.5),
            edges: Fraction::constant(0.4),
            simulated: 0,
            held_out: Fraction::default(),
            seed: 1,
            map: None,
            fallback: None,
            regions: Vec::new(),
        }
    }
}

/// Thresholds of the shipped 3-D network: `coincide evaluate sentinel examples/study-sentinel-calibrate.toml`.
const SHIPPED: &str = include_str!("../../models/unrolled-3d.sentinel.json");
/// What one in twenty scans exceeds with half of their counts held out: `coincide evaluate sentinel
/// examples/study-sentinel.toml`.
const HELD_OUT: f64 = 5.5;

impl SentinelConfig {
    /// Largest |z| that is not told of a scan of noise ν̄ of a millilitre, where none are simulated to find it.
    pub fn threshold(&self, noise: f64, source: &Source) -> Result<FoundThreshold, ConfigError> {
        let given = |threshold| FoundThreshold { threshold, inside: true };
        if let Some(threshold) = self.threshold {
            return Ok(given(threshold.get()));
        }
        let known = match self.read(source)? {
            Some(known) => known,
            None if self.held_out.get() > 0.0 => return Ok(given(HELD_OUT)),
            None => serde_json::from_str(SHIPPED).unwrap_or_else(|error| unreachable!("it is tested: {error}")),
        };
        Ok(known.at(noise).unwrap_or_else(|| unreachable!("every file has a class")))
    }

    /// The calibration, where one is named.
    fn read(&self, source: &Source) -> Result<Option<Thresholds>, ConfigError> {
        let at = "sentinel.calibration";
        let Some(path) = &self.calibration else { return Ok(None) };
        let read = Thresholds::read(path);
        read.map(Some).map_err(|error| source.mistake(at, error.to_string(), None))
    }

    /// What thresholds depend on beside the noise.
    pub fn judged(&self, prior: Option<&str>) -> Judged {
        Judged {
            prior: prior.map(str::to_owned),
            sizes_mm: self.sizes_mm.iter().map(|size| size.get()).collect(),
            least_height: self.least_height.get(),
            edges: self.edges.get(),
            held_out: self.held_out.get(),
        }
    }

    /// A calibration that cannot be read, or was made for another sentinel or prior.
    fn miscalibrated(&self, prior: Option<&str>, source: &Source) -> Option<ConfigError> {
        let known = match self.read(source) {
            Ok(known) => known?.judged,
            Err(error) => return Some(error),
        };
        let wrong = |key: &str, message: String| {
            let help = "take what it was made with, or make one for this sentinel: coincide evaluate sentinel STUDY --calibrate FILE";
            Some(source.mistake(&format!("sentinel.{key}"), message, Some(help.into())))
        };
        if self.threshold.is_some() {
            let help = Some("remove one of them".into());
            return Some(source.mistake("sentinel.threshold", "both a threshold and a calibration are given", help));
        }
        let own = self.judged(prior);
        let made =
            |of: &dyn fmt::Debug, own: &dyn fmt::Debug| format!("the calibration was made with {of:?}, not {own:?}");
        if known.prior != own.prior {
            let named =
                |prior: Option<String>| prior.map_or("no prior".to_owned(), |prior| format!("the prior `{prior}`"));
            let message = format!("the calibration was made with {}, not {}", named(known.prior), named(own.prior));
            wrong("calibration", message)
        } else if known.sizes_mm != own.sizes_mm {
            wrong("sizes_mm", made(&known.sizes_mm, &own.sizes_mm))
        } else if known.least_height != own.least_height {
            wrong("least_height", made(&known.least_height, &own.least_height))
        } else if known.edges != own.edges {
            wrong("edges", made(&known.edges, &own.edges))
        } else if known.held_out != own.held_out {
            wrong("held_out", made(&known.held_out, &own.held_out))
        } else {
            None
        }
    }

    /// What keeps it from being run with a prior.
    pub fn conflicts(&self, prior: Option<&str>, source: &Source, force: bool) -> Vec<ConfigError> {
        let wrong = |key: &str, message: String, help: &str| {
            source.mistake(&format!("sentinel.{key}"), message, Some(help.to_owned()))
        };
        let empty = self
            .sizes_mm
            .is_empty()
            .then(|| wrong("sizes_mm", "no size is given".into(), "give one, such as [8.0], or say `off = true`"));
        let wide = self.sizes_mm.iter().find(|size| size.get() > 40.0).map(|size| {
            wrong("sizes_mm", format!("a spot of {} mm is no lesion", size.get()), "sizes are in mm: [7.0, 10.0]")
        });
        let none_left = (self.held_out.get() > 0.9).then(|| {
            let message = format!("with {} of the counts kept, too few are reconstructed", self.held_out.get());
            wrong("held_out", message, "0.5 reconstructs half of them")
        });
        let few = (1..19).contains(&self.simulated).then(|| {
            let message = format!("{} scans cannot tell one in twenty", self.simulated);
            wrong("simulated", message, "19 is the smallest number that can, 0 takes `threshold`")
        });
        let fitted = (!self.regions.is_empty() && self.held_out.get() == 0.0).then(|| {
            let message = "an image cannot be certified by the counts that it was made of".to_owned();
            wrong("regions", message, "add `held_out = 0.5` to [sentinel]: half of the counts are kept for the test")
        });
        let faint = self.regions.iter().find(|region| region.contrast.get() <= 1.0).map(|region| {
            wrong("regions", format!("{}: a contrast of {}", region.name, region.contrast.get()), "above 1, as in 2.0")
        });
        let endings = [".h5", ".hdf5", ".nii", ".nii.gz"];
        let map = self.map.as_ref().and_then(|path| source.unwritable("sentinel.map", path, &endings, force));
        let at = "sentinel.fallback";
        let fallback = self.fallback.as_ref();
        let fallback = fallback.and_then(|path| source.unwritable(at, path, &[".h5", ".hdf5"], force));
        let miscalibrated = self.miscalibrated(prior, source);
        [empty, wide, none_left, few, fitted, faint, map, fallback, miscalibrated].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_given_or_that_of_the_noise() {
        let source = Source { path: "a.toml".into(), text: String::new() };
        let of = |config: &SentinelConfig, noise| config.threshold(noise, &source).unwrap();
        let usual = SentinelConfig::default();
        let [low, middle, high] = [0.0085, 0.03, 0.085].map(|noise| of(&usual, noise));
        assert!(low.threshold > middle.threshold && middle.threshold > high.threshold, "{low:?} {middle:?} {high:?}");
        assert!(low.inside && middle.inside && high.inside && !of(&usual, 0.4).inside && !of(&usual, 0.002).inside);
        let kept = SentinelConfig { held_out: Fraction::constant(0.5), ..usual.clone() };
        assert_eq!(of(&kept, 0.03), FoundThreshold { threshold: HELD_OUT, inside: true });
        let given = SentinelConfig { threshold: Some(Positive::constant(6.5)), ..kept };
        assert_eq!(of(&given, 0.03), FoundThreshold { threshold: 6.5, inside: true });
    }

    #[test]
    fn a_calibration_of_another_sentinel_is_underlined() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.json"), SHIPPED).unwrap();
        let source = Source { path: folder.path().join("a.toml"), text: String::new() };
        let own =
            SentinelConfig { calibration: Some(folder.path().join("t.json").into()), ..SentinelConfig::default() };
        let told = |config: &SentinelConfig, prior| {
            let all = config.conflicts(prior, &source, false);
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(told(&own, Some("unrolled")), "");
        assert!(told(&own, Some("ridge")).contains("made with the prior `unrolled`, not the prior `ridge`"));
        assert!(told(&own, None).contains("not no prior"));
        let soft = SentinelConfig { edges: Fraction::constant(0.1), ..own.clone() };
        assert!(told(&soft, Some("unrolled")).contains("made with 0.4, not 0.1"), "{}", told(&soft, Some("unrolled")));
        let kept = SentinelConfig { held_out: Fraction::constant(0.5), ..own.clone() };
        assert!(told(&kept, Some("unrolled")).contains("made with 0.0, not 0.5"));
        let twice = SentinelConfig { threshold: Some(Positive::constant(5.0)), ..own.clone() };
        assert!(told(&twice, Some("unrolled")).contains("both a threshold and a calibration"));
        std::fs::write(folder.path().join("t.json"), "{}").unwrap();
        assert!(told(&own, Some("unrolled")).contains("not a calibration"));
    }
}
