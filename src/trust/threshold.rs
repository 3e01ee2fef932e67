//! Thresholds of the sentinel by noise: what one in twenty scans of such noise exceeds from which nothing is missing.
//!
//! An image follows the counts that it was made of, which makes |z| smaller, and its method has errors of its own,
//! which many counts contradict: the fewer counts, the smaller the threshold. In each class of noise it is the smallest
//! order statistic k of n scans with k ≥ 0.95 (n + 1), which a further scan of the kind exceeds with a chance of at
//! most 1 / 20; between the classes it is linear in ln ν̄.
//!
//! A JSON file, as `coincide evaluate sentinel --calibrate` writes it.

use super::calibration::{CalibrationError, NEAR, Wrong, check_version, read_json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Chance that a scan from which nothing is missing is flagged.
pub const FALSE_ALARMS: f64 = 0.05;

/// Classes of noise in a decade.
const CLASSES: f64 = 4.0;

/// Fewest scans of a class: of fewer, not even the largest z is exceeded with so small a chance.
const LEAST_SCANS: usize = 19;

/// Thresholds of one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Of this layout; 1.
    pub version: u32,
    /// What the sentinel looked for, and in which images.
    pub judged: Judged,
    /// Where it comes from: study, phantoms, scanners, prompts, version.
    pub provenance: BTreeMap<String, String>,
    /// Classes of noise, the smallest first.
    pub classes: Vec<NoiseClass>,
}

/// What thresholds depend on beside the noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Name of the prior.
    pub prior: Option<String>,
    /// Widths (FWHM) of the spots in mm.
    pub sizes_mm: Vec<f64>,
    /// Smallest height of a spot that counts, over the mean activity of the body.
    pub least_height: f64,
    /// Share of an edge's height that does not count.
    pub edges: f64,
    /// Share of the counts that was kept for the test.
    pub held_out: f64,
}

/// One class of noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseClass {
    /// Smallest and largest ν̄ of a millilitre in the scans: that of a voxel ([`crate::prior::RelativeNoise`]) times
    /// the root of its volume in mL.
    pub noise: [f64; 2],
    /// Their number.
    pub scans: usize,
    /// |z| that one in twenty exceeds.
    pub threshold: f64,
}

/// A threshold, and whether the scan is like those that it was found on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundThreshold {
    /// Largest |z| that is not told.
    pub threshold: f64,
    /// False where the scan's noise lies outside of the calibration.
    pub inside: bool,
}

impl NoiseClass {
    /// Classes of scans of which noise and largest |z| are known; those with too few scans are left out.
    pub fn of(scans: &[(f64, f64)]) -> Vec<Self> {
        let mut classes = BTreeMap::<i32, Vec<(f64, f64)>>::new();
        for scan in scans {
            classes.entry((CLASSES * scan.0.log10()).floor() as i32).or_default().push(*scan);
        }
        let class = |scans: Vec<(f64, f64)>| {
            let noise = scans.iter().fold([f64::INFINITY, 0.0], |[low, high], (n, _)| [n.min(low), n.max(high)]);
            let threshold = exceeded_by_chance(scans.iter().map(|(_, z)| *z).collect(), FALSE_ALARMS);
            Self { noise, scans: scans.len(), threshold }
        };
        classes.into_values().filter(|scans| scans.len() >= LEAST_SCANS).map(class).collect()
    }

    /// ln of the middle of its noise.
    fn middle(&self) -> f64 {
        0.5 * (self.noise[0].ln() + self.noise[1].ln())
    }
}

impl Thresholds {
    /// The threshold of a scan of noise ν̄ of a millilitre; `None` without any class.
    pub fn at(&self, noise: f64) -> Option<FoundThreshold> {
        let (first, last) = (self.classes.first()?, self.classes.last()?);
        let inside = noise * NEAR >= first.noise[0] && noise <= NEAR * last.noise[1];
        let place = self.classes.iter().position(|class| class.middle() > noise.ln());
        let threshold = match place {
            Some(0) => first.threshold,
            None => last.threshold,
            Some(n) => {
                let (low, high) = (&self.classes[n - 1], &self.classes[n]);
                let share = (noise.ln() - low.middle()) / (high.middle() - low.middle());
                low.threshold + share * (high.threshold - low.threshold)
            }
        };
        Some(FoundThreshold { threshold, inside })
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, CalibrationError> {
        read_json(path, Self::check)
    }

    fn check(&self) -> Result<(), Wrong> {
        check_version(self.version)?;
        if self.classes.is_empty() {
            return Err(("classes".into(), "[]".into(), "one class of noise at least"));
        }
        let mut below = 0.0;
        for (place, NoiseClass { noise: [low, high], threshold, .. }) in self.classes.iter().enumerate() {
            if !(*low > below && low <= high && high.is_finite()) {
                let expected = "two positive numbers, the smaller one first, above those of the class before";
                return Err((format!("classes[{place}].noise"), format!("[{low}, {high}]"), expected));
            }
            if !(*threshold > 0.0 && threshold.is_finite()) {
                return Err((format!("classes[{place}].threshold"), threshold.to_string(), "a positive number"));
            }
            below = *high;
        }
        Ok(())
    }
}

/// The order statistic that a further number exceeds with a chance of at most `chance`; the largest where there are too
/// few.
pub fn exceeded_by_chance(mut values: Vec<f64>, chance: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = ((1.0 - chance) * (values.len() + 1) as f64).ceil() as usize;
    values.get(place.saturating_sub(1)).or(values.last()).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::calibration::json;

    #[test]
    fn of_nineteen_scans_the_largest_of_thirty_nine_the_second_largest() {
        let numbers = |count: usize| (1..=count).rev().map(|n| n as f64).collect::<Vec<_>>();
        assert_eq!(exceeded_by_chance(numbers(19), 0.05), 19.0);
        assert_eq!(exceeded_by_chance(numbers(39), 0.05), 38.0);
        assert_eq!(exceeded_by_chance(numbers(3), 0.05), 3.0);
    }

    fn thresholds() -> Thresholds {
        let judged = Judged { prior: None, sizes_mm: vec![7.0], least_height: 0.5, edges: 0.4, held_out: 0.0 };
        // Twenty scans of ν̄ near 0.04 and twenty near 0.4, and one between, which is no class.
        let of = |noise: f64, z: f64| (0..20).map(move |n| (noise, z + 0.125 * f64::from(n)));
        let scans: Vec<_> = of(0.04, 6.0).chain(of(0.4, 2.0)).chain([(0.12, 99.0)]).collect();
        Thresholds { version: 1, judged, provenance: BTreeMap::new(), classes: NoiseClass::of(&scans) }
    }

    #[test]
    fn thresholds_are_linear_in_ln_noise_between_classes() {
        let found = |noise| thresholds().at(noise).map(|found| ((1e6 * found.threshold).round() / 1e6, found.inside));
        assert_eq!(found(0.04), Some((8.375, true)));
        assert_eq!(found(0.04 * 10_f64.sqrt()), Some((6.375, true)));
        assert_eq!(found(0.45), Some((4.375, true)));
        assert_eq!(found(0.03), Some((8.375, false)));
        assert_eq!(found(1.0), Some((4.375, false)));
    }

    #[test]
    fn files_come_back_and_bad_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.json");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Thresholds::read(&path)
        };
        let text = json(&thresholds());
        assert_eq!(read(&text).unwrap(), thresholds());
        let refused = |from: &str, to: &str| read(&text.replace(from, to)).unwrap_err().to_string();
        assert!(refused("\"version\": 1", "\"version\": 2").contains("`version` is 2, expected 1"));
        assert!(refused("0.4,", "0.004,").contains("`classes[1].noise` is [0.004, 0.4]"));
        assert!(refused("\"threshold\": 4.375", "\"threshold\": -4.375").contains("`classes[1].threshold` is -4.375"));
        assert!(refused("\"sizes_mm\"", "\"sizes\"").contains("unknown field `sizes`"));
        for end in 0..text.len() - 2 {
            assert!(read(&text[..end]).is_err());
        }
    }
}
