//! Intervals of a finished image: see [`crate::trust`].

use super::iterate::Scene;
use super::prior::relative_noise;
use super::{RunError, write_image_file};
use crate::algorithm::map_image;
use crate::config::{ConfidenceConfig, MeasuredLesion};
use crate::image::Image;
use crate::phantom::Phantom;
use crate::prior::mean_activity;
use crate::prior::network::{MapStart, StartOfScan};
use crate::report::{ConfidenceResult, LesionInterval, TissueInterval};
use crate::trust::{Calibration, Kind, LesionEstimate, LesionSize, Tissue, lesion_estimates, spread};
use std::path::PathBuf;

/// The image of a convex prior: the relative difference prior, a little stronger than where networks begin.
const CONVEX: MapStart = MapStart { weight: 1e-2, exponent: 0.4, subsets: 12, iterations: 6 };

/// What is known about the uncertainty of an image.
pub(super) struct Confidence {
    pub result: ConfidenceResult,
    /// σ of every voxel.
    pub sigma: Vec<f32>,
    /// Half widths of the intervals.
    pub half_width: Image,
    /// The image of the convex prior.
    pub convex: Vec<f32>,
    /// Images of the simulated scans.
    pub replicates: Vec<Vec<f32>>,
    /// The file of the half widths, where one was asked for.
    pub file: Option<PathBuf>,
}

impl Scene<'_> {
    /// Intervals for every voxel of the finished image; `None` where Ctrl-C came before all scans were there.
    pub fn confidence(&self, config: &ConfidenceConfig, image: &Image) -> Result<Option<Confidence>, RunError> {
        let path = config.calibration.as_ref().map(|path| self.source.resolve(path));
        let calibration = config.read(self.source)?;
        let mean = self.model.expected(&image.values, &mut self.model.scratch());
        let progress = self.options.console.progress("confidence");
        let mut replicates = Vec::with_capacity(config.replicates);
        for number in 0..config.replicates {
            progress.set(number, config.replicates);
            replicates.push(self.again(&mean, config.seed, number)?.1);
            if self.options.interrupt.pressed() {
                return Ok(None); // its image may have been cut short
            }
        }
        let noise = relative_noise(self.model, &image.values);
        let scale = mean_activity(&image.grid, &image.values);
        let convex = map_image(self.model, &StartOfScan { by: CONVEX, noise: noise.mean, scale }, None);
        let sigma = spread(&image.grid, &image.values, &replicates, &convex);
        let tissues = Tissue::ALL.map(|tissue| {
            let found =
                calibration.as_ref().map(|c| c.scale(Kind::Tissue(tissue), noise.mean.into(), config.level.get()));
            (tissue, found)
        });
        let factor = |value: f32| {
            let own = Tissue::of(value, scale);
            let found = tissues.iter().find(|(tissue, _)| *tissue == own).and_then(|(_, found)| found.flatten());
            found.map_or(1.0, |found| found.scale as f32)
        };
        let half: Vec<f32> = image.values.iter().zip(&sigma).map(|(x, sigma)| factor(*x) * sigma).collect();
        let intervals = tissues.map(|(tissue, found)| {
            let own = || image.values.iter().zip(&half).filter(|(x, _)| **x > 0.0 && Tissue::of(**x, scale) == tissue);
            let (sum, count) =
                own().fold((0.0, 0_usize), |(sum, count), (_, half)| (sum + f64::from(*half), count + 1));
            let found = found.flatten();
            TissueInterval {
                tissue,
                voxels: count,
                scale: found.map(|found| found.scale),
                inside: found.is_some_and(|found| found.inside),
                half_width: if count > 0 { sum / count as f64 } else { 0.0 },
            }
        });
        let known = calibration.as_ref().map(|calibration| (calibration, f64::from(noise.mean)));
        let lesions = config.lesions.iter().map(|lesion| {
            let estimates = |mask: &[f32]| lesion_estimates(image, mask, &replicates, &convex);
            lesion_intervals(lesion, image, &estimates, known, config.level.get())
                .ok_or_else(|| self.source.mistake("confidence.lesions", outside(lesion), Some(FRAME.into())))
        });
        let lesions = lesions.collect::<Result<Vec<_>, _>>()?.concat();
        let half_width = Image { values: half, ..image.clone() };
        let file = config.map.as_ref().map(|path| self.source.resolve(path));
        if let Some(path) = &file {
            write_image_file(path, self.options.force, &half_width, self.provenance)?;
        }
        let result = ConfidenceResult {
            level: config.level.get(),
            replicates: config.replicates,
            noise: noise.mean.into(),
            calibration: path,
            method: calibration.map(|calibration| calibration.method),
            unit: self.unit.to_string(),
            intervals: intervals.to_vec(),
            lesions,
        };
        Ok(Some(Confidence { result, sigma, half_width, convex, replicates, file }))
    }
}

const FRAME: &str = "centres are in mm, in the frame of the scanner; regions hold at least one voxel";

fn outside(lesion: &MeasuredLesion) -> String {
    format!("{} holds no voxel of the image", lesion.name)
}

/// The figures of one lesion with their intervals; `None` where it holds no voxel.
fn lesion_intervals(
    lesion: &MeasuredLesion,
    image: &Image,
    estimates: &dyn Fn(&[f32]) -> Vec<LesionEstimate>,
    known: Option<(&Calibration, f64)>,
    level: f64,
) -> Option<Vec<LesionInterval>> {
    let ball = Phantom::balls("lesion", &[(lesion.centre_mm, 0.5 * lesion.diameter_mm.get(), 1.0)]);
    let mask = ball.activity_image(&image.grid).values;
    let size = LesionSize::of(&image.grid, &mask);
    let interval = |LesionEstimate { figure, value, sigma }| {
        let found = known.and_then(|(calibration, noise)| calibration.scale(Kind::Lesion(figure, size), noise, level));
        LesionInterval {
            name: lesion.name.clone(),
            figure,
            value,
            scale: found.map(|found| found.scale),
            inside: found.is_some_and(|found| found.inside),
            half_width: found.map_or(1.0, |found| found.scale) * sigma,
        }
    };
    let found: Vec<_> = estimates(&mask).into_iter().map(interval).collect();
    (!found.is_empty()).then_some(found)
}
