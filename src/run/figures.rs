//! The truth that images are held against, where it is known.

use super::place::placed_image;
use super::{Options, RunError};
use crate::config::{ConfigError, ReferenceConfig, Source};
use crate::image::{Image, ImageGrid, ImageUnit, averaged_onto};
use crate::metrics::Reference;
use crate::phantom::Phantom;

/// The truth of a config on `grid`.
pub(super) fn reference(
    config: &ReferenceConfig,
    grid: &ImageGrid,
    source: &Source,
    options: &Options,
) -> Result<Reference, RunError> {
    match config {
        ReferenceConfig::Phantom(name) => {
            reference_of(&crate::config::phantom(source, "reference.phantom", name)?, grid, options)
        }
        ReferenceConfig::Image(file) => {
            let truth = placed_image(file, ImageUnit::BecquerelPerMl, options)?;
            let (truth, resampled) = on_grid(truth, grid, source)?;
            Ok(Reference::of_image(truth, resampled))
        }
    }
}

/// The truth of a phantom on `grid`, with its regions.
pub(crate) fn reference_of(phantom: &Phantom, grid: &ImageGrid, options: &Options) -> Result<Reference, RunError> {
    let (truth, scoring) = (phantom.activity_image(grid), phantom.scoring.clone());
    // Said once, here: an image that does not hold all of the phantom has no NEMA figures.
    if let Some(Err(error)) = scoring.nema.as_ref().map(|layout| layout.score(&truth)) {
        options.warn(&format!(
            "there are no NEMA figures of an image that does not hold all of {}: {error}",
            phantom.name
        ));
    }
    let mask = |name: &str| phantom.region_mask(name, grid);
    let nu4_masks = scoring.nu4.as_ref().map(|layout| {
        let [uniform, water, air] = &layout.regions;
        Ok::<_, RunError>([mask(uniform)?, mask(water)?, mask(air)?])
    });
    let named = |name: &str| Ok((name.to_owned(), mask(name)?));
    Ok(Reference {
        truth,
        resampled: None,
        object: Some(phantom.object_mask(grid)),
        regions: phantom.regions().into_iter().map(named).collect::<Result<_, RunError>>()?,
        scoring,
        nu4_masks: nu4_masks.transpose()?,
    })
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
