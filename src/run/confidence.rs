//! Intervals of a finished image: see [`crate::trust`].

use super::RunError;
use super::finished::image_of;
use super::prior::relative_noise;
use super::scene::Scene;
use crate::algorithm::map_image;
use crate::config::{ConfidenceConfig, ConfigError, MeasuredLesion, PriorConfig, ReconConfig, Source};
use crate::image::{Image, ImageGrid};
use crate::io::save_image;
use crate::paths::NameOrFile;
use crate::phantom::Phantom;
use crate::prior::network::{MapImage, MapOfScan};
use crate::prior::{UnrolledConfig, mean_activity};
use crate::report::{ConfidenceResult, LesionInterval, TissueInterval};
use crate::trust::{FoundScale, Kind, LesionEstimate, LesionSize, Others, Tissue, lesion_estimates, spread};
use crate::units::PlaceMm;
use std::path::PathBuf;

/// The image of a convex prior: the relative difference prior, a little stronger than where networks begin.
const CONVEX: MapImage = MapImage { weight: 1e-2, exponent: 0.4, subsets: 12, iterations: 6 };

/// What is known about the uncertainty of an image.
pub(crate) struct Confidence {
    pub result: ConfidenceResult,
    /// σ of every voxel.
    pub sigma: Vec<f32>,
    /// Half widths of the intervals.
    pub half_width: Image,
    /// The images that it was found from.
    pub others: Others,
    /// The file of the half widths, where one was asked for.
    pub file: Option<PathBuf>,
}

impl Scene<'_> {
    /// Intervals for every wanted voxel of the finished image on the model's grid; `None` where Ctrl-C came before all
    /// scans were there.
    pub fn confidence(&self, config: &ConfidenceConfig, whole: &Image) -> Result<Option<Confidence>, RunError> {
        let Some(replicates) = self.replicates(config, whole)? else { return Ok(None) };
        let noise = relative_noise(self.model, &whole.values);
        let scale = mean_activity(&whole.grid, &whole.values);
        let convex = map_image(self.model, &MapOfScan { by: CONVEX, noise: noise.mean, scale }, None)?;
        let wanted = |images: Vec<Vec<f32>>| images.iter().map(|image| self.margin.cropped(image)).collect();
        let (replicates, ensemble) = (wanted(replicates), wanted(self.ensemble(config)?));
        let others = Others { replicates, convex: self.margin.cropped(&convex), ensemble };
        let image = &self.margin.crop(whole);
        let sigma = spread(&image.grid, &image.values, &others);
        let calibration = config.read(self.source)?;
        let known = |kind| calibration.as_ref()?.scale(kind, noise.mean.into(), config.level.get());
        let factor = Tissue::ALL.map(|tissue| known(Kind::Tissue(tissue)).map_or(1.0, |found| found.scale as f32));
        let half = |(x, sigma): (&f32, &f32)| factor[Tissue::of(*x, scale) as usize] * sigma;
        let half = image.values.iter().zip(&sigma).map(half).collect();
        let half_width = Image { values: half, ..image.clone() };
        let intervals = Tissue::ALL.map(|tissue| {
            let own = |x: f32| x > 0.0 && Tissue::of(x, scale) == tissue;
            tissue_interval(tissue, image, &half_width, own, known(Kind::Tissue(tissue)))
        });
        let mut lesions = Vec::new();
        for (name, mask) in lesion_masks(config, &image.grid, self.source)? {
            let size = LesionSize::of(&image.grid, &mask);
            let estimates = lesion_estimates(image, &mask, &others).into_iter();
            let told = |estimate: LesionEstimate| {
                lesion_interval(&name, &estimate, known(Kind::Lesion(estimate.figure, size)))
            };
            lesions.extend(estimates.map(told));
        }
        let file = config.map.as_deref().map(PathBuf::from);
        if let Some(path) = &file {
            save_image(path, self.options.force, &half_width, self.provenance)?;
        }
        let result = ConfidenceResult {
            level: config.level.get(),
            replicates: config.replicates,
            ensemble: config.ensemble.iter().map(ToString::to_string).collect(),
            noise: noise.mean.into(),
            calibration: config.calibration.as_deref().map(Into::into),
            method: calibration.as_ref().map(|calibration| calibration.method.clone()),
            unit: self.unit.to_string(),
            intervals: intervals.to_vec(),
            lesions,
        };
        Ok(Some(Confidence { result, sigma, half_width, others, file }))
    }

    /// Images of scans that are simulated from an image; `None` after Ctrl-C, as the last one may have been cut short.
    fn replicates(&self, config: &ConfidenceConfig, image: &Image) -> Result<Option<Vec<Vec<f32>>>, RunError> {
        let mean = self.model.expected(&image.values);
        let progress = self.options.console.progress("confidence");
        let mut replicates = Vec::with_capacity(config.replicates);
        for number in 0..config.replicates {
            progress.set(number, config.replicates);
            replicates.push(self.again(&mean, config.seed, number)?.1);
            if self.options.interrupt.pressed() {
                return Ok(None);
            }
        }
        Ok(Some(replicates))
    }
}

impl Scene<'_> {
    /// What further networks make of the same counts.
    fn ensemble(&self, config: &ConfidenceConfig) -> Result<Vec<Vec<f32>>, RunError> {
        let Some(PriorConfig::Unrolled(unrolled)) = &self.config.prior else { return Ok(Vec::new()) };
        let quiet = self.options.quiet();
        let of = |model: &NameOrFile| {
            let prior = PriorConfig::from(UnrolledConfig { model: model.clone(), ..unrolled.clone() });
            let config = ReconConfig { prior: Some(prior), ..self.config.clone() };
            let scene = Scene { config: &config, reference: None, options: &quiet, ..*self };
            Ok(image_of(&scene)?.1.values)
        };
        config.ensemble.iter().map(of).collect()
    }
}

/// Name of every lesion of a config, and the share of each voxel inside of it.
pub(super) fn lesion_masks(
    config: &ConfidenceConfig,
    grid: &ImageGrid,
    source: &Source,
) -> Result<Vec<(String, Vec<f32>)>, ConfigError> {
    let mask = |lesion: &MeasuredLesion| {
        let ball =
            Phantom::balls("lesion", &[(lesion.centre_mm.map(PlaceMm::get), 0.5 * lesion.diameter_mm.get(), 1.0)]);
        let mask = ball.activity_image(grid).values;
        if mask.iter().any(|share| *share >= 0.5) {
            return Ok((lesion.name.clone(), mask));
        }
        let message = format!("{} holds no voxel of the image", lesion.name);
        let help = Some("centres are in mm, in the frame of the scanner; a ball holds half of a voxel at least".into());
        Err(source.mistake("confidence.lesions", message, help))
    };
    config.lesions.iter().map(mask).collect()
}

fn tissue_interval(
    tissue: Tissue,
    image: &Image,
    half_width: &Image,
    own: impl Fn(f32) -> bool,
    found: Option<FoundScale>,
) -> TissueInterval {
    let own = image.values.iter().zip(&half_width.values).filter(|(x, _)| own(**x));
    let (sum, voxels) = own.fold((0.0, 0_usize), |(sum, count), (_, half)| (sum + f64::from(*half), count + 1));
    TissueInterval {
        tissue,
        voxels,
        scale: found.map(|found| found.scale),
        inside: found.is_some_and(|found| found.inside),
        half_width: if voxels > 0 { sum / voxels as f64 } else { 0.0 },
    }
}

fn lesion_interval(name: &str, estimate: &LesionEstimate, found: Option<FoundScale>) -> LesionInterval {
    LesionInterval {
        name: name.into(),
        figure: estimate.figure,
        value: estimate.value,
        scale: found.map(|found| found.scale),
        inside: found.is_some_and(|found| found.inside),
        half_width: found.map_or(1.0, |found| found.scale) * estimate.sigma,
    }
}
