//! The anatomical image of a prior, on the grid of the reconstruction.
//!
//! A file on another grid is resampled linearly between its voxel centres; its outermost voxels reach half a voxel
//! further, and beyond that there is air: 0. It is assumed to be aligned with the emission image; nothing is
//! registered.

use super::place::placed_map;
use super::{Options, RunError};
use crate::config::{AnatomicalConfig, Source};
use crate::image::{ImageGrid, ImageUnit, resampled};
use crate::paths::shown;

/// An anatomical image on the grid of the reconstruction.
pub(crate) struct Anatomical {
    pub values: Vec<f32>,
    /// Where the image of a file ends along x, y, z in mm.
    pub edges_mm: Option<[[f64; 2]; 3]>,
}

/// The image on `grid`; `at` is the dotted path of `anatomical`.
pub fn anatomical_image(
    config: &AnatomicalConfig,
    grid: &ImageGrid,
    source: &Source,
    at: &str,
    options: &Options,
) -> Result<Vec<f32>, RunError> {
    Ok(anatomical(config, grid, source, at, options)?.values)
}

/// The same, and where it ends.
pub(super) fn anatomical(
    config: &AnatomicalConfig,
    grid: &ImageGrid,
    source: &Source,
    at: &str,
    options: &Options,
) -> Result<Anatomical, RunError> {
    match config {
        AnatomicalConfig::Phantom(name) => {
            let phantom = crate::config::phantom(source, &format!("{at}.phantom"), name)?;
            Ok(Anatomical { values: phantom.label_image(grid), edges_mm: None })
        }
        AnatomicalConfig::Attenuation(name) => {
            let phantom = crate::config::phantom(source, &format!("{at}.attenuation"), name)?;
            let values = phantom.attenuation_image(grid).values;
            if values.iter().all(|value| *value == values[0]) {
                let message =
                    "the phantom attenuates nothing where the emission image is: there is nothing to be guided by";
                let help = Some("`phantom` takes its labels instead".to_owned());
                return Err(source.mistake(&format!("{at}.attenuation"), message, help).into());
            }
            Ok(Anatomical { values, edges_mm: None })
        }
        AnatomicalConfig::File(file) => {
            let at = format!("{at}.file");
            // Formats that state no unit hold whatever the modality measures.
            let image = placed_map(file, ImageUnit::CountsPerMm, options)?;
            if image.values.iter().any(|value| !value.is_finite()) {
                return Err(source.mistake(&at, "the anatomical image has values that are not finite", None).into());
            }
            let edges_mm = Some(image.grid.edges_mm());
            let values = if image.grid == *grid { image.values } else { resampled(&image, grid) };
            match values.iter().any(|value| *value != values[0]) {
                true => Ok(Anatomical { values, edges_mm }),
                false => {
                    let message = "the anatomical image shows nothing where the emission image is";
                    let help = Some(format!("`coincide info {}` prints where it lies", shown(&file.path)));
                    Err(source.mistake(&at, message, help).into())
                }
            }
        }
    }
}
