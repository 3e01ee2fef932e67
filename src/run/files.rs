//! Image files: read by their ending, written as the config asks, each with its provenance where the format can hold
//! it.

use super::{RunError, warn};
use crate::config::OutputConfig;
use crate::image::{Image, ImageUnit};
use crate::io::interfile::Encoding;
use crate::io::png::{Panel, Slicing, write_slices};
use crate::io::{IoError, Provenance, hdf5, interfile, nifti};
use std::path::{Path, PathBuf};

/// Endings of image files that are read and written.
const IMAGE_ENDINGS: &str = ".h5, .hdf5, .nii, .nii.gz or .hv";

/// Formats of images, by the ending of the file's name.
enum Format {
    Hdf5,
    Nifti,
    Interfile,
}

fn format(path: &Path) -> Result<Format, RunError> {
    let name = path.to_string_lossy().to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match () {
        () if ends(&[".h5", ".hdf5"]) => Ok(Format::Hdf5),
        () if ends(&[".nii", ".nii.gz"]) => Ok(Format::Nifti),
        () if ends(&[".hv"]) => Ok(Format::Interfile),
        () => Err(RunError::Usage(format!("{}: an image file ends in {IMAGE_ENDINGS}", path.display()))),
    }
}

/// Reads an image; `unit` is for formats that do not state theirs.
pub(crate) fn image_file(path: &Path, unit: ImageUnit) -> Result<Image, RunError> {
    Ok(match format(path)? {
        Format::Hdf5 => hdf5::read_image(path)?.0,
        Format::Nifti => {
            nifti::two_places(path)?.iter().for_each(|text| warn(text));
            nifti::read_nifti(path, Some(unit))?
        }
        Format::Interfile => interfile::read_image(path, unit)?,
    })
}

/// Writes an image in the format of the file's name.
pub(crate) fn write_image_file(
    path: &Path,
    overwrite: bool,
    image: &Image,
    provenance: &Provenance,
) -> Result<(), RunError> {
    match format(path)? {
        Format::Hdf5 => hdf5::write_image(path, overwrite, image, provenance)?,
        Format::Nifti => nifti::write_nifti(path, overwrite, image)?,
        Format::Interfile => interfile::write_image(path, image, Encoding::default(), overwrite)?,
    }
    Ok(())
}

/// Writes all files of `[output]` and returns their names.
pub(crate) fn write_outputs(
    output: &OutputConfig,
    overwrite: bool,
    image: &Image,
    provenance: &Provenance,
) -> Result<Vec<PathBuf>, RunError> {
    let mut written = Vec::new();
    for path in [&output.image, &output.nifti, &output.interfile].into_iter().flatten() {
        write_image_file(&path, overwrite, image, provenance)?;
        written.push(path.to_path_buf());
    }
    if let Some(path) = &output.picture {
        write_picture(&path, overwrite, &[("", image)])?;
        written.push(path.to_path_buf());
    }
    Ok(written)
}

/// Writes the middle slices of one or several images as a PNG picture.
pub(crate) fn write_picture(path: &Path, overwrite: bool, panels: &[(&str, &Image)]) -> Result<(), IoError> {
    let panels: Vec<_> = panels.iter().map(|&(title, image)| Panel { title, image }).collect();
    write_slices(path, overwrite, &panels, Slicing::default())
}
