//! The first image of an iterative run.

use super::field::known_slices;
use super::place::placed_image;
use super::scene::Scene;
use super::{Options, RunError};
use crate::algorithm::{Osem, drive};
use crate::config::{OsemStart, Source, StartConfig};
use crate::image::{ImageGrid, ImageUnit};
use crate::likelihood::Model;
use crate::observe::Interrupt;
use crate::paths::ImageFile;

impl Scene<'_> {
    /// The start of a config; `None` is a uniform image.
    pub(crate) fn start(&self, config: &StartConfig, model: &Model) -> Result<Option<Vec<f32>>, RunError> {
        match config {
            StartConfig::Uniform => Ok(None),
            StartConfig::File(_) => Ok(self.images.start.as_ref().map(|start| self.margin.extended(start))),
            StartConfig::Osem(osem) => self.osem_start(osem, model).map(Some),
        }
    }

    /// A few updates of OSEM on the measurement of `model`, with subsets of their own.
    pub(super) fn osem_start(&self, start: &OsemStart, model: &Model) -> Result<Vec<f32>, RunError> {
        let subsets = start.subsets(model.measurement().geometry.views);
        let model = model.with_subsets(subsets)?;
        let mut osem = Box::new(Osem::new(&model, None)?);
        let mut observers: Vec<Box<dyn crate::algorithm::Observer>> =
            vec![Box::new(Interrupt::new(self.options.interrupt.raised.clone()))];
        drive(&mut *osem, subsets * start.iterations, &mut observers);
        Ok(self.with_flat_ends(crate::algorithm::Algorithm::into_image(osem)))
    }

    /// An image whose slices behind the scanner's ends are those at its ends: of few updates they are mostly noise.
    fn with_flat_ends(&self, mut image: Vec<f32>) -> Vec<f32> {
        let known = known_slices(&self.model.measurement().geometry, &self.model.grid());
        let (Some(first), Some(last)) = (known.iter().position(|k| *k), known.iter().rposition(|k| *k)) else {
            return image;
        };
        for row in image.chunks_exact_mut(known.len()) {
            let (foot, head) = (row[first], row[last]);
            row[..first].fill(foot);
            row[last + 1..].fill(head);
        }
        image
    }
}

/// The start image of a file, which must be on the wanted grid and in the unit of the measurement's images.
pub(super) fn start_image(
    file: &ImageFile,
    grid: &ImageGrid,
    unit: ImageUnit,
    at: &str,
    source: &Source,
    options: &Options,
) -> Result<Vec<f32>, RunError> {
    let image = placed_image(file, unit, options)?;
    if image.unit != unit {
        let message = format!("the start image is in {}, the images of this measurement are in {unit}", image.unit);
        return Err(source.mistake(at, message, Some("start from an image in the same unit".into())).into());
    }
    if !grid.matches(&image.grid) {
        let ImageGrid { shape, voxel_mm, .. } = image.grid;
        let message = format!("the start image has {}, the image of this config {grid}", image.grid);
        let (keys, middle) = ("write into [image]", image.grid.middle_mm());
        let help = format!("{keys}: shape = {shape:?}, voxel_mm = {voxel_mm:?}, centre_mm = {middle:?}");
        return Err(source.mistake(at, message, Some(help)).into());
    }
    if image.values.iter().any(|value| value.is_nan() || *value < 0.0) {
        return Err(source.mistake(at, "the start image has values that are not >= 0", None).into());
    }
    Ok(image.values)
}
