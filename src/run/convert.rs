//! `coincide convert`: images and measurements from one format to another, and images to pictures.

use super::{Options, RunError, write_picture};
use crate::image::ImageUnit;
use crate::io::{self, Holds, ImageOptions, OpenImage, Provenance, ends_in};
use crate::paths::shown;
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
    /// What should be known of how it was read.
    pub notes: Vec<String>,
}

/// Converts what a file holds to the format that the new name ends in. `unit` is for images in formats that do not
/// state theirs.
pub fn convert(input: &Path, output: &Path, unit: ImageUnit, options: &Options) -> Result<ConvertResult, RunError> {
    if output.exists() && input.canonicalize().ok() == output.canonicalize().ok() {
        return Err(RunError::Usage(format!(
            "{} is both read and written; name another file to write",
            input.display()
        )));
    }
    let picture = ends_in(output, &[".png"]);
    let (lost, notes) = match io::holds(input)?.1 {
        Holds::Image => convert_image(input, output, unit, picture, options)?,
        Holds::Measurement if picture => {
            return Err(RunError::Usage("a measurement has no picture; reconstruct it first".into()));
        }
        Holds::Measurement => (convert_measurement(input, output, options)?, Vec::new()),
        other => {
            let message = format!("{} holds {other:?}; images and measurements can be converted", input.display());
            return Err(RunError::Usage(message));
        }
    };
    let lost = lost.into_iter().map(str::to_owned).collect();
    Ok(ConvertResult { input: input.into(), output: output.into(), lost, notes })
}

type LostAndNotes = (Vec<&'static str>, Vec<String>);

fn convert_image(
    input: &Path,
    output: &Path,
    unit: ImageUnit,
    picture: bool,
    options: &Options,
) -> Result<LostAndNotes, RunError> {
    let OpenImage { image, provenance, notes } =
        io::open_image(input, &ImageOptions { unit: Some(unit), ..ImageOptions::default() })?;
    if picture {
        write_picture(output, options.force, &[("", &image)])?;
        return Ok((vec!["all but three slices"], notes));
    }
    let known = !provenance.0.is_empty();
    let provenance = if known { provenance } else { converted_from(input) };
    let lost = named(output, io::save_image(output, options.force, &image, &provenance))?;
    Ok((lost.iter().copied().filter(|what| known || *what != "provenance").collect(), notes))
}

fn convert_measurement(input: &Path, output: &Path, options: &Options) -> Result<Vec<&'static str>, RunError> {
    let (measurement, provenance) = io::open_measurement(input)?;
    let known = !provenance.0.is_empty();
    let provenance = if known { provenance } else { converted_from(input) };
    let lost = named(output, io::save_measurement(output, options.force, &measurement, &provenance))?;
    Ok(lost.into_iter().filter(|what| known || *what != "provenance").collect())
}

/// A name that ends in no format is a wrong command.
fn named<T>(output: &Path, saved: Result<T, io::IoError>) -> Result<T, RunError> {
    let endings = [io::image_endings(), io::measurement_endings()].concat();
    saved.map_err(|error| match ends_in(output, &endings) {
        true => error.into(),
        false => RunError::Usage(error.to_string()),
    })
}

fn converted_from(input: &Path) -> Provenance {
    [("command", "convert".to_owned()), ("converted_from", input.display().to_string())].into_iter().collect()
}

impl std::fmt::Display for ConvertResult {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        writeln!(f, "{} → {}", shown(&self.input), shown(&self.output))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        match self.lost.is_empty() {
            true => Ok(()),
            false => writeln!(f, "not in the new file: {}", self.lost.join(", ")),
        }
    }
}
