//! The sentinel of a reconstruction: the score maps of its image, a threshold, and the places above it.

use super::RunError;
use super::prior::mean_noise;
use super::scene::Scene;
use crate::config::{SentinelConfig, SuspectConfig};
use crate::data::Measurement;
use crate::image::{Image, ImageUnit};
use crate::io::save_image;
use crate::likelihood::Model;
use crate::operator::Margin;
use crate::prior::mean_activity;
use crate::report::{Certificate, SentinelResult};
use crate::simulate::{resampled, split};
use crate::trust::{
    FALSE_ALARMS, Forgiven, FoundThreshold, ScoreMap, Suspect, evidence, exceeded_by_chance, extremes, missing, places,
    score_maps,
};
use crate::units::PlaceMm;
use std::path::PathBuf;
use std::sync::Arc;

/// What is reconstructed, and what is kept for the sentinel.
pub(crate) fn held_out(
    config: Option<&SentinelConfig>,
    whole: Measurement,
) -> Result<(Measurement, Option<Measurement>), RunError> {
    match config.filter(|sentinel| sentinel.held_out.get() > 0.0) {
        None => Ok((whole, None)),
        Some(sentinel) => {
            let (first, second) = split(&whole, 1.0 - sentinel.held_out.get(), sentinel.seed)?;
            Ok((first, Some(second)))
        }
    }
}

/// Voxels of the wanted image at which the counts of a model hold activity that an image on the model's grid lacks.
pub(crate) fn flagged_missing(
    config: &SentinelConfig,
    model: &Model,
    (image, margin): &(Image, Margin),
    threshold: f64,
) -> Vec<bool> {
    missing(margin.wanted().voxels(), &maps(config, model, image, margin), threshold)
}

/// What the sentinel says.
pub(super) struct Judged {
    pub result: SentinelResult,
    /// z of the first size.
    pub map: Image,
    /// Voxels at which the counts hold activity that the image lacks.
    pub missing: Vec<bool>,
    /// The image to fall back to, where one was asked for.
    pub fallback: Option<Image>,
    /// The files that were written.
    pub files: Vec<PathBuf>,
}

impl Scene<'_> {
    /// Judges the finished image on the model's grid by the counts that were kept, or by those it was made of; what is
    /// told is of the wanted part.
    pub(super) fn sentinel(
        &self,
        config: &SentinelConfig,
        image: &Image,
        kept: Option<&Arc<Measurement>>,
    ) -> Result<Judged, RunError> {
        let kept = kept.map(|kept| self.model.with_measurement(kept.clone()));
        let certificates = match &kept {
            Some(kept) => {
                config.regions.iter().map(|region| self.certificate(kept, image, region)).collect::<Result<_, _>>()?
            }
            None => Vec::new(),
        };
        let maps = maps(config, kept.as_ref().unwrap_or(self.model), image, self.margin);
        // Of a millilitre: what a spot is seen against must not depend on the size of the voxels.
        let noise = mean_noise(self.model, &image.values) * image.grid.voxel_ml().sqrt();
        let shown = self.margin.crop(image);
        let FoundThreshold { threshold, inside } = match config.simulated {
            0 => config.threshold(noise, self.source)?,
            scans => FoundThreshold { threshold: self.simulated_threshold(config, image, scans)?, inside: true },
        };
        let z = maps.first().map_or_else(|| vec![0.0; shown.values.len()], |first| first.z.clone());
        let map = Image { grid: shown.grid, unit: ImageUnit::Number, values: z };
        let fallback = config.fallback.as_ref().map(|_| self.fallback(&shown, &maps, threshold)).transpose()?;
        let mut files = Vec::new();
        for (path, image) in [(&config.map, Some(&map)), (&config.fallback, fallback.as_ref())] {
            if let (Some(path), Some(image)) = (path.as_ref(), image) {
                save_image(path, self.options.force, image, self.provenance)?;
                files.push(path.to_path_buf());
            }
        }
        let [smallest, largest] = extremes(&maps);
        let places = places(&shown.grid, &maps, threshold);
        let sizes_mm = maps.iter().map(|map| map.fwhm_mm).collect();
        let (simulated, held_out) = (config.simulated, config.held_out.get());
        let unit = self.unit.to_string();
        let result = SentinelResult {
            sizes_mm,
            noise,
            threshold,
            inside,
            simulated,
            held_out,
            smallest,
            largest,
            unit,
            places,
            certificates,
        };
        let missing = missing(shown.values.len(), &maps, threshold);
        Ok(Judged { result, map, missing, fallback, files })
    }

    /// What the kept counts say of a region.
    fn certificate(&self, kept: &Model, image: &Image, region: &SuspectConfig) -> Result<Certificate, RunError> {
        let SuspectConfig { name, centre_mm, diameter_mm, contrast } = region.clone();
        let centre_mm = centre_mm.map(PlaceMm::get);
        let suspect = Suspect { centre_mm, diameter_mm: diameter_mm.get(), contrast: contrast.get() };
        let found = evidence(self.model, kept, &image.values, &suspect).ok_or_else(|| {
            let help = Some("centres are in mm, in the frame of the scanner".into());
            self.source.mistake("sentinel.regions", format!("{name} lies outside of the image"), help)
        })?;
        Ok(Certificate {
            name,
            shown_contrast: found.shown_contrast,
            present: found.present.exp(),
            absent: found.absent.exp(),
            contrast: contrast.get(),
        })
    }

    /// The |z| that one in twenty scans of this very image would exceed, each reconstructed as this one was: the
    /// smallest order statistic k of R with k ≥ 0.95 (R + 1), which a further scan of the same kind exceeds with a
    /// chance of at most 1 / 20.
    fn simulated_threshold(&self, config: &SentinelConfig, image: &Image, scans: usize) -> Result<f64, RunError> {
        let mean = self.model.expected(&image.values);
        let progress = self.options.console.progress("sentinel");
        let mut largest = Vec::with_capacity(scans);
        for number in 0..scans {
            progress.set(number, scans);
            let (again, values) = self.again(&mean, config.seed, number)?;
            let model = self.model.with_measurement(again);
            let image = Image { values, ..image.clone() };
            let maps = match config.held_out.get() {
                // Counts of the share that the test was made with.
                share if share > 0.0 => {
                    let kept = self.kept_again(&mean, share, config.seed, scans + number);
                    maps(config, &model.with_measurement(kept), &image, self.margin)
                }
                _ => maps(config, &model, &image, self.margin),
            };
            let [low, high] = extremes(&maps);
            largest.push(high.max(-low));
            if self.options.interrupt.pressed() {
                break;
            }
        }
        Ok(exceeded_by_chance(largest, FALSE_ALARMS))
    }

    /// Counts of the same image as the kept ones: the share q of all, where 1 − q was reconstructed.
    fn kept_again(&self, mean: &[f32], share: f64, seed: u64, number: usize) -> Measurement {
        let ratio = share / (1.0 - share);
        let scaled = |values: &[f32]| values.iter().map(|value| value * ratio as f32).collect::<Vec<f32>>();
        let measurement = self.model.measurement();
        let kept = Measurement {
            factors: measurement.factors.as_deref().map(scaled),
            background: measurement.background.as_ref().map(|background| background.scaled(ratio)),
            ..Measurement::clone(measurement)
        };
        resampled(&kept, &scaled(mean), seed, number)
    }
}

/// Score maps of an image on the model's grid, over its wanted part.
fn maps(config: &SentinelConfig, model: &Model, image: &Image, margin: &Margin) -> Vec<ScoreMap> {
    let sizes_mm: Vec<f64> = config.sizes_mm.iter().map(|size| size.get()).collect();
    let height = config.least_height.get() * f64::from(mean_activity(&image.grid, &image.values));
    let whole = score_maps(model, &image.values, &sizes_mm, Forgiven { edges: config.edges.get(), height });
    whole.into_iter().map(|map| map.wanted(margin)).collect()
}
