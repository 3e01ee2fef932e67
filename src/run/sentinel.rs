//! The sentinel of a reconstruction: the score maps of its image, a threshold, and the places above it.

use super::iterate::Scene;
use super::recon::image_of;
use super::{Options, RunError, write_image_file};
use crate::config::SentinelConfig;
use crate::data::Measurement;
use crate::image::{Image, ImageUnit};
use crate::likelihood::Model;
use crate::observe::Console;
use crate::prior::mean_activity;
use crate::report::SentinelResult;
use crate::simulate::{resampled, split};
use crate::trust::{ScoreMap, places, score_maps};
use std::path::PathBuf;

/// Chance that a scan without any contradiction is flagged, where the threshold is found by simulation.
const FALSE_ALARMS: f64 = 0.05;

/// What is reconstructed, and what is kept for the sentinel.
pub(super) fn held_out(config: Option<&SentinelConfig>, whole: Measurement) -> (Measurement, Option<Measurement>) {
    match config.filter(|sentinel| sentinel.held_out.get() > 0.0) {
        None => (whole, None),
        Some(sentinel) => {
            let (first, second) = split(&whole, 1.0 - sentinel.held_out.get(), sentinel.seed);
            (first, Some(second))
        }
    }
}

impl Scene<'_> {
    /// Judges the finished image by the counts that were kept, or by those it was made of. Returns the file of the map besides.
    pub fn sentinel(
        &self,
        config: &SentinelConfig,
        image: &Image,
        kept: Option<&Measurement>,
    ) -> Result<(SentinelResult, Option<PathBuf>), RunError> {
        let kept = kept.map(|kept| self.model.with_measurement(kept));
        let maps = maps(config, kept.as_ref().unwrap_or(self.model), image);
        let threshold = match config.simulated {
            0 => config.threshold.get(),
            scans => self.simulated_threshold(config, image, scans)?,
        };
        let file = match (&config.map, maps.first()) {
            (Some(path), Some(first)) => {
                let path = self.source.resolve(path);
                let map = Image { grid: image.grid, unit: ImageUnit::Number, values: first.z.clone() };
                write_image_file(&path, self.options.force, &map, self.provenance)?;
                Some(path)
            }
            _ => None,
        };
        let [smallest, largest] = extremes(&maps);
        let least = config.least_height.get() * f64::from(mean_activity(&image.grid, &image.values));
        let places = places(&image.grid, &maps, threshold, least);
        let sizes_mm = maps.iter().map(|map| map.fwhm_mm).collect();
        let (simulated, held_out) = (config.simulated, config.held_out.get());
        let unit = self.unit.to_string();
        Ok((SentinelResult { sizes_mm, threshold, simulated, held_out, smallest, largest, unit, places }, file))
    }

    /// The |z| that one in twenty scans of this very image would exceed, each reconstructed as this one was: the smallest order
    /// statistic k of R with k ≥ 0.95 (R + 1), which a further scan of the same kind exceeds with a chance of at most 1 / 20.
    fn simulated_threshold(&self, config: &SentinelConfig, image: &Image, scans: usize) -> Result<f64, RunError> {
        let measurement = self.model.measurement();
        let mean = self.model.expected(&image.values, &mut self.model.scratch());
        let progress = self.options.console.progress("sentinel");
        let quiet = Options { console: Console::Quiet, ..self.options.clone() };
        let mut largest = Vec::with_capacity(scans);
        for number in 0..scans {
            progress.set(number, scans);
            let again = resampled(measurement, &mean, config.seed, number);
            let model = self.model.with_measurement(&again);
            let scene = Scene { model: &model, reference: None, options: &quiet, ..*self };
            let image = image_of(&scene)?.1;
            let maps = match config.held_out.get() {
                // Counts of the share that the test was made with.
                share if share > 0.0 => {
                    let kept = self.kept_again(&mean, share, config.seed, scans + number);
                    maps(config, &model.with_measurement(&kept), &image)
                }
                _ => maps(config, &model, &image),
            };
            let [low, high] = extremes(&maps);
            largest.push(high.max(-low));
            if self.options.interrupt.pressed() {
                break;
            }
        }
        Ok(quantile(largest, FALSE_ALARMS))
    }

    /// Counts of the same image as the kept ones: the share q of all, where 1 − q was reconstructed.
    fn kept_again(&self, mean: &[f32], share: f64, seed: u64, number: usize) -> Measurement {
        let ratio = (share / (1.0 - share)) as f32;
        let scaled = |values: &[f32]| values.iter().map(|value| value * ratio).collect::<Vec<f32>>();
        let measurement = self.model.measurement();
        let kept = Measurement {
            factors: measurement.factors.as_deref().map(scaled),
            background: measurement.background.as_deref().map(scaled),
            ..measurement.clone()
        };
        resampled(&kept, &scaled(mean), seed, number)
    }
}

fn maps(config: &SentinelConfig, model: &Model, image: &Image) -> Vec<ScoreMap> {
    let sizes_mm: Vec<f64> = config.sizes_mm.iter().map(|size| size.get()).collect();
    score_maps(model, &image.values, &sizes_mm)
}

/// The smallest and the largest z.
fn extremes(maps: &[ScoreMap]) -> [f64; 2] {
    let all = || maps.iter().flat_map(|map| &map.z).map(|z| f64::from(*z));
    [all().fold(0.0, f64::min), all().fold(0.0, f64::max)]
}

/// The order statistic that a further number exceeds with a chance of at most `chance`; the largest where there are too few.
fn quantile(mut values: Vec<f64>, chance: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = ((1.0 - chance) * (values.len() + 1) as f64).ceil() as usize;
    values.get(place.saturating_sub(1)).or(values.last()).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn of_nineteen_scans_the_largest_of_thirty_nine_the_second_largest() {
        let numbers = |count: usize| (1..=count).rev().map(|n| n as f64).collect::<Vec<_>>();
        assert_eq!(quantile(numbers(19), 0.05), 19.0);
        assert_eq!(quantile(numbers(39), 0.05), 38.0);
        assert_eq!(quantile(numbers(3), 0.05), 3.0);
    }
}
