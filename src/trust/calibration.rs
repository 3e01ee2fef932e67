//! Calibration of intervals: the scales λ of each kind of tissue or lesion and of noise, found on scans whose truth was
//! known.
//!
//! A JSON file. It says what it was made with and from; a scan that is noisier or less noisy than all of its scans is
//! told so.

use super::confidence::{Tissue, conformal_scale};
use super::lesion::{LesionFigure, LesionSize};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Levels whose scales are kept.
pub const LEVELS: [f64; 11] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];

/// Noise may differ by this factor from that of the scans.
pub(super) const NEAR: f64 = 1.25;

/// A calibration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// The system says no.
    #[error("{}: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no calibration.
    #[error("{}: not a calibration: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Place and reason.
        source: serde_json::Error,
    },
    /// A field holds what cannot be.
    #[error("{}: `{field}` is {found}, expected {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// Path of the field.
        field: String,
        /// What was found.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
}

/// Scales of one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Of this layout; 1.
    pub version: u32,
    /// The method, as its study calls it.
    pub method: String,
    /// Name of its prior.
    pub prior: Option<String>,
    /// Simulated scans of each image.
    pub replicates: usize,
    /// Further networks whose images were compared.
    #[serde(default)]
    pub ensemble: Vec<String>,
    /// Resolution (FWHM in mm) of the truth.
    pub resolution_fwhm_mm: f64,
    /// Where it comes from: study, phantoms, scanners, prompts, version.
    pub provenance: BTreeMap<String, String>,
    /// Kinds and noise.
    pub strata: Vec<Stratum>,
}

/// What an interval is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Voxels of a tissue.
    Tissue(Tissue),
    /// A figure of lesions of a size.
    Lesion(LesionFigure, LesionSize),
}

impl Kind {
    /// Its name in results.
    pub fn name(self) -> String {
        match self {
            Self::Tissue(tissue) => tissue.name().into(),
            Self::Lesion(figure, size) => format!("{} of {} lesions", figure.name(), size.name()),
        }
    }
}

/// Scales of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// What the intervals are about.
    pub kind: Kind,
    /// Smallest and largest ν̄ of the scans ([`crate::prior::RelativeNoise`]).
    pub noise: [f64; 2],
    /// Number of images, or of lesions.
    pub images: usize,
    /// Level and scale, in rising order; levels that so few images cannot tell are missing.
    pub scales: Vec<[f64; 2]>,
}

/// A scale, and whether the scan is like those that it was found on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundScale {
    /// λ
    pub scale: f64,
    /// False where the scan's noise or the level lies outside of the calibration.
    pub inside: bool,
}

impl Stratum {
    /// The stratum of some images: ν̄ and covered shares of each.
    pub fn of(kind: Kind, images: &[(f64, Vec<f64>)]) -> Self {
        let noise =
            images.iter().fold([f64::INFINITY, 0.0], |[low, high], (noise, _)| [noise.min(low), noise.max(high)]);
        let shares: Vec<Vec<f64>> = images.iter().map(|(_, shares)| shares.clone()).collect();
        let scales = LEVELS.iter().filter_map(|&level| Some([level, conformal_scale(&shares, level)?])).collect();
        Self { kind, noise, images: images.len(), scales }
    }

    /// ln of the factor between a noise and the nearest of its own.
    fn distance(&self, noise: f64) -> f64 {
        let [low, high] = self.noise;
        (low / noise).max(noise / high).max(1.0).ln()
    }

    /// Between two levels linear; beyond the last one that is known, its own.
    fn scale(&self, level: f64) -> Option<FoundScale> {
        let above = self.scales.iter().position(|[known, _]| *known >= level - 1e-9);
        match above {
            Some(0) => self.scales.first().map(|[_, scale]| FoundScale { scale: *scale, inside: true }),
            Some(n) => {
                let ([below, low], [above, high]) = (self.scales[n - 1], self.scales[n]);
                Some(FoundScale { scale: low + (high - low) * (level - below) / (above - below), inside: true })
            }
            None => self.scales.last().map(|[_, scale]| FoundScale { scale: *scale, inside: false }),
        }
    }
}

impl Calibration {
    /// The scale of a kind in a scan of noise ν̄; `None` where the calibration does not know it.
    pub fn scale(&self, kind: Kind, noise: f64, level: f64) -> Option<FoundScale> {
        let own = self.strata.iter().filter(|stratum| stratum.kind == kind);
        let nearest = own.min_by(|a, b| a.distance(noise).total_cmp(&b.distance(noise)))?;
        let found = nearest.scale(level)?;
        Some(FoundScale { inside: found.inside && nearest.distance(noise) <= NEAR.ln(), ..found })
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, CalibrationError> {
        read_json(path, Self::check)
    }

    fn check(&self) -> Result<(), Wrong> {
        check_version(self.version)?;
        for (place, stratum) in self.strata.iter().enumerate() {
            let [low, high] = stratum.noise;
            if !(low > 0.0 && low <= high && high.is_finite()) {
                let field = format!("strata[{place}].noise");
                return Err((field, format!("[{low}, {high}]"), "two positive numbers, the smaller one first"));
            }
            let rising = stratum.scales.windows(2).all(|two| two[0][0] < two[1][0]);
            if !rising
                || stratum.scales.iter().any(|[level, scale]| !(*level < 1.0 && *scale > 0.0 && scale.is_finite()))
            {
                let field = format!("strata[{place}].scales");
                let expected = "[level, scale] with levels rising and below 1";
                return Err((field, format!("{:?}", stratum.scales), expected));
            }
        }
        Ok(())
    }
}

/// The text of the file of a calibration.
pub fn json(calibration: &impl Serialize) -> String {
    serde_json::to_string_pretty(calibration).unwrap_or_else(|error| unreachable!("numbers and texts: {error}")) + "\n"
}

/// A field that is wrong: its path, what was found, what it may be.
pub(super) type Wrong = (String, String, &'static str);

/// What a JSON file holds, checked.
pub(super) fn read_json<T: DeserializeOwned>(
    path: &Path,
    check: impl FnOnce(&T) -> Result<(), Wrong>,
) -> Result<T, CalibrationError> {
    let system = |source| CalibrationError::System { path: path.into(), source };
    let text = std::fs::read_to_string(path).map_err(system)?;
    let read = serde_json::from_str(&text).map_err(|source| CalibrationError::Format { path: path.into(), source })?;
    check(&read).map_err(|(field, found, expected)| CalibrationError::Field {
        path: path.into(),
        field,
        found,
        expected,
    })?;
    Ok(read)
}

/// Both kinds of files are of version 1.
pub(super) fn check_version(version: u32) -> Result<(), Wrong> {
    match version {
        1 => Ok(()),
        other => Err(("version".into(), other.to_string(), "1, which this program knows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration() -> Calibration {
        let stratum = |tissue, noise, scales: &[[f64; 2]]| Stratum {
            kind: Kind::Tissue(tissue),
            noise,
            images: 9,
            scales: scales.to_vec(),
        };
        Calibration {
            version: 1,
            method: "network".into(),
            prior: Some("unrolled".into()),
            replicates: 6,
            ensemble: Vec::new(),
            resolution_fwhm_mm: 4.0,
            provenance: BTreeMap::from([("phantoms".into(), "random-1".into())]),
            strata: vec![
                stratum(Tissue::Hot, [0.1, 0.2], &[[0.5, 1.0], [0.9, 2.0]]),
                stratum(Tissue::Hot, [0.4, 0.8], &[[0.5, 3.0], [0.9, 4.0]]),
                Stratum {
                    kind: Kind::Lesion(LesionFigure::Peak, LesionSize::Small),
                    ..stratum(Tissue::Hot, [0.4, 0.8], &[[0.5, 5.0]])
                },
            ],
        }
    }

    #[test]
    fn scales_come_from_the_nearest_noise() {
        let found = |noise, level| calibration().scale(Kind::Tissue(Tissue::Hot), noise, level).unwrap();
        assert_eq!(found(0.15, 0.9), FoundScale { scale: 2.0, inside: true });
        assert_eq!(found(0.15, 0.7), FoundScale { scale: 1.5, inside: true });
        assert_eq!((found(0.22, 0.9).inside, found(0.3, 0.9).inside, found(2.0, 0.9).inside), (true, false, false));
        assert_eq!(found(2.0, 0.95), FoundScale { scale: 4.0, inside: false });
        let small = Kind::Lesion(LesionFigure::Peak, LesionSize::Small);
        assert_eq!(calibration().scale(small, 0.5, 0.5), Some(FoundScale { scale: 5.0, inside: true }));
        assert_eq!(calibration().scale(Kind::Tissue(Tissue::Cold), 0.15, 0.9), None);
    }

    #[test]
    fn files_come_back_and_bad_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Calibration::read(&path)
        };
        assert_eq!(read(&json(&calibration())).unwrap(), calibration());
        let refused = |from: &str, to: &str| read(&json(&calibration()).replace(from, to)).unwrap_err().to_string();
        assert!(
            refused("\"version\": 1", "\"version\": 7")
                .ends_with("`version` is 7, expected 1, which this program knows")
        );
        assert!(refused("0.8", "0.3").contains("`strata[1].noise` is [0.4, 0.3], expected two positive numbers"));
        assert!(refused("\"hot\"", "\"warm\"").contains("not a calibration: unknown variant `warm`"));
        for end in 0..json(&calibration()).len() - 2 {
            assert!(read(&json(&calibration())[..end]).is_err());
        }
    }
}
