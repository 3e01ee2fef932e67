//! Figures of merit against the truth, where it is known.
//!
//! An uncalibrated image is known up to a factor only, so it is scaled to the truth's total first.

use super::{RunError, image_file, warn};
use crate::config::{ConfigError, ReferenceConfig, Source};
use crate::image::{Image, ImageGrid, ImageUnit, averaged_onto};
use crate::metrics::{
    EARL, LESION_SHARE, NemaLayout, NemaSmallLayout, earl, earl_share, nrmse, psnr, region_statistics, ssim, uptake,
};
use crate::phantom::Phantom;
use std::collections::BTreeMap;

/// Regions up to this size have a maximum and a peak.
const LARGEST_LESION_ML: f64 = 200.0;

/// Contrast of the spheres in `nema-earl`.
const EARL_CONTRAST: f64 = 10.0;

/// The truth on the image grid, and the regions to score.
pub(super) struct Reference {
    pub truth: Image,
    /// What was done to a truth of other voxels.
    pub resampled: Option<String>,
    object: Option<Vec<f32>>,
    regions: Vec<(String, Vec<f32>)>,
    nema: Option<NemaLayout>,
    small: Option<SmallLayout>,
}

/// The phantom of small-animal scanners, and its uniform and cold regions (water, air).
struct SmallLayout {
    layout: NemaSmallLayout,
    uniform: Vec<f32>,
    cold: [Vec<f32>; 2],
}

impl Reference {
    /// The truth of a config on `grid`.
    pub fn read(config: &ReferenceConfig, grid: &ImageGrid, source: &Source) -> Result<Self, RunError> {
        match config {
            ReferenceConfig::Phantom(name) => {
                let phantom = crate::config::phantom(source, "reference.phantom", name)?;
                Self::of_phantom(&phantom, grid)
            }
            ReferenceConfig::Image(path) => {
                let truth = image_file(&source.input("reference.image", path)?, ImageUnit::BecquerelPerMl)?;
                let (truth, resampled) = on_grid(truth, grid, source)?;
                Ok(Self { truth, resampled, object: None, regions: Vec::new(), nema: None, small: None })
            }
        }
    }

    /// The truth of a phantom on `grid`, with its regions.
    pub fn of_phantom(phantom: &Phantom, grid: &ImageGrid) -> Result<Self, RunError> {
        let mask = |name: &str| Ok((name.to_owned(), phantom.region_mask(name, grid)?));
        let small = match phantom.name.as_str() {
            "nema-nu4" => Some(SmallLayout {
                layout: NemaSmallLayout::image_quality(),
                uniform: phantom.region_mask("uniform", grid)?,
                cold: [phantom.region_mask("cold-water-core", grid)?, phantom.region_mask("cold-air-core", grid)?],
            }),
            _ => None,
        };
        let nema = match phantom.name.as_str() {
            "nema-iq" => Some(NemaLayout::image_quality()),
            "nema-earl" => Some(NemaLayout::image_quality().with_contrast(EARL_CONTRAST)),
            _ => None,
        };
        let truth = phantom.activity_image(grid);
        if let Some(Err(error)) = nema.as_ref().map(|layout| layout.score(&truth)) {
            warn(&format!("there are no NEMA figures of an image that does not hold all of {}: {error}", phantom.name));
        }
        Ok(Self {
            truth,
            resampled: None,
            object: Some(phantom.object_mask(grid)),
            regions: phantom.regions().into_iter().map(mask).collect::<Result<_, RunError>>()?,
            nema,
            small,
        })
    }

    /// Leaves out what lies beyond two axial positions in mm.
    pub fn within_z(&mut self, grid: &ImageGrid, [low, high]: [f64; 2]) {
        let nz = grid.shape[2];
        let scored = |voxel: usize| (low..=high).contains(&grid.centre_mm([0, 0, voxel % nz])[2]);
        for mask in self.object.iter_mut().chain(self.regions.iter_mut().map(|(_, mask)| mask)) {
            mask.iter_mut().enumerate().filter(|(voxel, _)| !scored(*voxel)).for_each(|(_, share)| *share = 0.0);
        }
    }

    /// The share of each voxel inside of the phantom; `None` where the truth is an image.
    pub fn object(&self) -> Option<&[f32]> {
        self.object.as_deref()
    }

    /// Name and mask of every region.
    pub fn regions(&self) -> &[(String, Vec<f32>)] {
        &self.regions
    }

    /// The NEMA layout, where the truth is that phantom.
    pub fn nema(&self) -> Option<&NemaLayout> {
        self.nema.as_ref()
    }

    /// All figures of an image, by name.
    pub fn figures(&self, image: &Image) -> BTreeMap<String, f64> {
        let scaled = self.in_units_of_truth(image);
        let (x, t, object) = (&scaled.values, &self.truth.values, self.object.as_deref());
        let mut figures = BTreeMap::from([
            ("nrmse".to_owned(), nrmse(x, t, object)),
            ("psnr_db".to_owned(), psnr(x, t, object)),
            ("ssim".to_owned(), ssim(x, t, scaled.grid.shape)),
        ]);
        for (name, mask) in &self.regions {
            let (found, truth) = (region_statistics(&scaled, mask), region_statistics(&self.truth, mask));
            figures.insert(format!("{name}.mean"), found.mean);
            if truth.mean > 0.0 {
                figures.insert(format!("{name}.recovery"), found.mean / truth.mean);
            }
            let lesion = (found.volume_ml < LARGEST_LESION_ML).then(|| uptake(&scaled, mask, LESION_SHARE));
            if let Some(lesion) = lesion.flatten() {
                figures.insert(format!("{name}.max"), lesion.max);
                figures.insert(format!("{name}.peak"), lesion.global_peak);
                figures.insert(format!("{name}.volume_ml"), lesion.volume_ml);
                figures.insert(format!("{name}.total"), lesion.total);
            }
        }
        // A grid that does not hold all of the phantom has no NEMA score, which was said when the truth was read.
        if let Some(Ok(report)) = self.nema.as_ref().map(|layout| layout.score(&scaled)) {
            for sphere in &report.spheres {
                let name = |figure| format!("nema.{}mm.{figure}", sphere.diameter_mm);
                figures.insert(name("contrast_recovery"), sphere.contrast_recovery);
                figures.insert(name("background_variability"), sphere.background_variability);
            }
            figures.insert("nema.lung_residual".into(), report.lung_residual);
        }
        let filled_for_earl = |layout: &&NemaLayout| layout.spheres.iter().all(|s| s.contrast == EARL_CONTRAST);
        let background = self.regions.iter().find(|(name, _)| name == "background");
        if let (Some(layout), Some((_, mask))) = (self.nema.as_ref().filter(filled_for_earl), background)
            && let Ok(spheres) = earl(&scaled, layout, region_statistics(&self.truth, mask).mean)
        {
            for sphere in &spheres {
                figures.insert(format!("earl.{}mm.rc_mean", sphere.diameter_mm), sphere.mean);
                figures.insert(format!("earl.{}mm.rc_max", sphere.diameter_mm), sphere.max);
            }
            figures.insert("earl1.within".into(), earl_share(&spheres, &EARL[0]));
            figures.insert("earl2.within".into(), earl_share(&spheres, &EARL[1]));
        }
        if let Some(small) = &self.small {
            figures.extend(small.figures(&scaled));
        }
        figures.retain(|_, value| value.is_finite());
        figures
    }

    fn in_units_of_truth(&self, image: &Image) -> Image {
        let mut scaled = image.clone();
        if image.unit != self.truth.unit {
            let total = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>();
            let factor = (total(&self.truth.values) / total(&image.values)) as f32;
            scaled.values.iter_mut().for_each(|value| *value *= factor);
        }
        scaled
    }
}

/// A truth on the image grid, and what was done to it where its voxels are others.
fn on_grid(truth: Image, grid: &ImageGrid, source: &Source) -> Result<(Image, Option<String>), ConfigError> {
    if grid.matches(&truth.grid) {
        return Ok((truth, None));
    }
    let Some(values) = averaged_onto(&truth, grid) else {
        let message = format!("the reference has {}, which do not hold the image of this config, {grid}", truth.grid);
        let help = "a reference must reach over the whole image: give a larger one, or a smaller `shape` in [image]";
        return Err(source.mistake("reference.image", message, Some(help.into())));
    };
    let told = format!("the reference has {}, the image {grid}: it was averaged over the image's voxels", truth.grid);
    Ok((Image { grid: *grid, unit: truth.unit, values }, Some(told)))
}

impl SmallLayout {
    /// NEMA NU 4-2008; none where the image is smaller than the phantom.
    fn figures(&self, image: &Image) -> BTreeMap<String, f64> {
        let Ok(report) = self.layout.score(image, &self.uniform, &self.cold) else { return BTreeMap::new() };
        let uniformity = report.uniformity;
        let of_uniform = [("sd", uniformity.sd), ("min", uniformity.min), ("max", uniformity.max)];
        let mut figures: BTreeMap<String, f64> =
            of_uniform.map(|(name, value)| (format!("nu4.uniformity_{name}"), value / uniformity.mean)).into();
        for rod in &report.rods {
            figures.insert(format!("nu4.{}mm.recovery", rod.diameter_mm), rod.recovery);
            figures.insert(format!("nu4.{}mm.recovery_sd", rod.diameter_mm), rod.relative_sd);
        }
        let cold = ["water", "air"].into_iter().zip(&report.spill_over);
        figures.extend(cold.map(|(name, ratio)| (format!("nu4.spill_over.{name}"), *ratio)));
        figures
    }
}
