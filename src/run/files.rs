//! Image files, written as the config asks, each with its provenance where the format can hold it.

use super::{Options, RunError};
use crate::config::OutputConfig;
use crate::image::Image;
use crate::io::png::{Panel, Slicing, write_slices};
use crate::io::{IoError, Provenance, save_image};
use crate::paths::shown;
use std::path::{Path, PathBuf};

/// Writes all files of `[output]` and returns their names.
pub(crate) fn write_outputs(
    output: &OutputConfig,
    options: &Options,
    image: &Image,
    provenance: &Provenance,
) -> Result<Vec<PathBuf>, RunError> {
    let mut written = Vec::new();
    for path in [&output.image, &output.nifti, &output.interfile].into_iter().flatten().chain(&output.others) {
        tell_losses(path, save_image(path, options.force, image, provenance)?, options);
        written.push(path.to_path_buf());
    }
    if let Some(path) = &output.picture {
        write_picture(path, options.force, &[("", image)])?;
        written.push(path.to_path_buf());
    }
    Ok(written)
}

/// Writes the middle slices of one or several images as a PNG picture.
pub(crate) fn write_picture(path: &Path, overwrite: bool, panels: &[(&str, &Image)]) -> Result<(), IoError> {
    let panels: Vec<_> = panels.iter().map(|&(title, image)| Panel { title, image }).collect();
    write_slices(path, overwrite, &panels, Slicing::default())
}

/// Says what the format of a file cannot hold.
fn tell_losses(path: &Path, lost: &[&str], options: &Options) {
    if !lost.is_empty() {
        options.console.say(format!("{}: this format does not hold {}", shown(path), lost.join(", ")));
    }
}
