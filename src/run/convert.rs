//! `coincide convert`: images between HDF5, NIfTI, Interfile and PNG; measurements between HDF5 and Interfile.

use super::measurement::{is_interfile, read_measurement};
use super::{Options, RunError, image_file, write_image_file, write_picture};
use crate::image::ImageUnit;
use crate::io::Provenance;
use crate::io::hdf5::{self, Kind};
use crate::io::interfile::{Encoding, ProjectionData, StorageOrder, write_projection_data};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Result of `coincide convert`.
#[derive(Clone, Debug, Serialize)]
pub struct ConvertResult {
    /// The file that was read.
    pub input: PathBuf,
    /// The file that was written.
    pub output: PathBuf,
    /// What the new format cannot hold.
    pub lost: Vec<String>,
}

/// Converts by the endings of the names. `unit` is for images in formats that do not state theirs.
pub fn convert(input: &Path, output: &Path, unit: ImageUnit, options: &Options) -> Result<ConvertResult, RunError> {
    if output.exists() && input.canonicalize().ok() == output.canonicalize().ok() {
        return Err(RunError::Usage(format!(
            "{} is both read and written; name another file to write",
            input.display()
        )));
    }
    let ends = |path: &Path, ending: &str| path.to_string_lossy().to_lowercase().ends_with(ending);
    let measurement = is_interfile(input)
        || (ends(input, ".h5") || ends(input, ".hdf5")) && hdf5::read_kind(input)? == Kind::Measurement;
    let lost = match (measurement, ends(output, ".png")) {
        (true, true) => return Err(RunError::Usage("a measurement has no picture; reconstruct it first".into())),
        (true, false) => convert_measurement(input, output, options.force)?,
        (false, true) => {
            let image = image_file(input, unit)?;
            write_picture(output, options.force, &[("", &image)])?;
            vec!["all but three slices".into()]
        }
        (false, false) => convert_image(input, output, unit, options.force)?,
    };
    Ok(ConvertResult { input: input.into(), output: output.into(), lost })
}

fn convert_image(input: &Path, output: &Path, unit: ImageUnit, force: bool) -> Result<Vec<String>, RunError> {
    let hdf5_in = hdf5_name(input);
    let provenance = if hdf5_in { hdf5::read_image(input)?.1 } else { converted_from(input) };
    write_image_file(output, force, &image_file(input, unit)?, &provenance)?;
    Ok(if hdf5_in && !hdf5_name(output) { vec!["provenance".into()] } else { Vec::new() })
}

fn convert_measurement(input: &Path, output: &Path, force: bool) -> Result<Vec<String>, RunError> {
    let measurement = read_measurement(input)?;
    if hdf5_name(output) {
        hdf5::write_measurement(output, force, &measurement, &converted_from(input))?;
        return Ok(Vec::new());
    }
    if !is_interfile(output) {
        return Err(RunError::Usage(format!("{}: a measurement file ends in .h5, .hdf5 or .hs", output.display())));
    }
    let mut lost = Vec::new();
    for (there, what) in [(measurement.factors.is_some(), "factors"), (measurement.background.is_some(), "background")]
    {
        if there {
            lost.push(what.to_owned());
        }
    }
    let data = ProjectionData {
        geometry: measurement.geometry,
        values: measurement.prompts.to_vec(),
        duration_s: measurement.duration_s,
    };
    write_projection_data(output, &data, Encoding::default(), StorageOrder::default(), force)?;
    Ok(lost)
}

fn hdf5_name(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "h5" || ending == "hdf5")
}

fn converted_from(input: &Path) -> Provenance {
    [("command", "convert".to_owned()), ("converted_from", input.display().to_string())].into_iter().collect()
}

impl std::fmt::Display for ConvertResult {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        writeln!(f, "{} → {}", self.input.display(), self.output.display())?;
        match self.lost.is_empty() {
            true => Ok(()),
            false => writeln!(f, "not in the new file: {}", self.lost.join(", ")),
        }
    }
}
