//! The one door for files: opened by what is in them, written as their name ends. Nobody else looks at an ending.

use super::format::{Format, Holds, Images, Measurements, OpenImage};
use super::voxels::ImageOptions;
use super::{IoError, Provenance, hdf5, interfile, metaimage, nifti, target};
use crate::data::{Measurement, Outline};
use crate::image::Image;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// All formats; the first that knows the beginning of a file reads it.
pub static FORMATS: &[&Format] =
    &[&hdf5::FORMAT, &nifti::FORMAT, &metaimage::FORMAT, &interfile::FORMAT, &interfile::CASTOR];

/// Bytes that a format is known by.
const START: u64 = 4096;

/// What a file holds, and in which format.
pub fn holds(path: &Path) -> Result<(&'static Format, Holds), IoError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(|source| target::system(path, "opening", source))?;
    file.take(START).read_to_end(&mut start).map_err(|source| target::system(path, "reading", source))?;
    for format in FORMATS.iter().copied() {
        if let Some(holds) = (format.sniff)(path, &start)? {
            return Ok((format, holds));
        }
    }
    let known = FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
    let text = match start.is_empty() {
        true => "is empty".into(),
        false => format!("is in no format that is known here: {known}"),
    };
    Err(IoError::Format { path: path.into(), text })
}

/// A file and those that belong to it: its data, where they are apart. Of a file in no known format, itself.
pub fn whole(path: &Path) -> Vec<PathBuf> {
    let beside = holds(path).and_then(|(format, _)| (format.beside)(path)).unwrap_or_default();
    let others = beside.into_iter().filter(|other| other != path && other.is_file());
    std::iter::once(path.to_path_buf()).chain(others).collect()
}

/// Opens an image, as the options have it.
pub fn open_image(path: &Path, options: &ImageOptions) -> Result<OpenImage, IoError> {
    let (format, holds) = holds(path)?;
    match (&format.images, holds) {
        (Some(images), Holds::Image) => {
            let mut opened = (images.read)(path, options)?;
            opened.notes.iter_mut().for_each(|note| *note = format!("{}: {note}", path.display()));
            Ok(opened)
        }
        _ => Err(other(path, holds, "an image")),
    }
}

/// Opens a measurement.
pub fn open_measurement(path: &Path) -> Result<(Measurement, Provenance), IoError> {
    (measurements(path)?.read)(path)
}

/// What is known of a measurement before its counts are read.
pub fn outline(path: &Path) -> Result<Outline, IoError> {
    (measurements(path)?.outline)(path)
}

fn measurements(path: &Path) -> Result<&'static Measurements, IoError> {
    let (format, holds) = holds(path)?;
    match (&format.measurements, holds) {
        (Some(measurements), Holds::Measurement) => Ok(measurements),
        _ => Err(other(path, holds, "a measurement")),
    }
}

fn other(path: &Path, holds: Holds, expected: &str) -> IoError {
    let found = match holds {
        Holds::Image => "an image",
        Holds::Measurement => "a measurement",
        Holds::Normalisation => "components of a normalisation",
        Holds::Singles => "rates of single photons",
        Holds::Tables => "tables",
        Holds::ListMode => "events in list-mode",
    };
    let field = "what it holds".into();
    IoError::Field { path: path.into(), field, found: found.into(), expected: expected.into() }
}

/// Writes an image as the name of the file ends; what such a file cannot hold.
pub fn save_image(
    path: &Path,
    overwrite: bool,
    image: &Image,
    provenance: &Provenance,
) -> Result<&'static [&'static str], IoError> {
    let mut images = FORMATS.iter().filter_map(|format| format.images.as_ref());
    let found = images.find(|images| Format::ends(images.endings, path));
    let images = found.ok_or_else(|| unnamed(path, "an image", &image_endings()))?;
    (images.write)(path, overwrite, image, provenance)?;
    Ok(images.loses)
}

/// Writes a measurement as the name of the file ends; what of it such a file cannot hold.
pub fn save_measurement(
    path: &Path,
    overwrite: bool,
    measurement: &Measurement,
    provenance: &Provenance,
) -> Result<Vec<&'static str>, IoError> {
    let mut all = FORMATS.iter().filter_map(|format| format.measurements.as_ref());
    let found = all.find(|measurements| Format::ends(measurements.endings, path));
    let measurements = found.ok_or_else(|| unnamed(path, "a measurement", &measurement_endings()))?;
    (measurements.write)(path, overwrite, measurement, provenance)?;
    Ok((measurements.loses)(measurement))
}

fn unnamed(path: &Path, what: &str, endings: &[&str]) -> IoError {
    let field = format!("the name of {what} file");
    let found = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    IoError::Field { path: path.into(), field, found, expected: format!("one that ends in {}", endings.join(", ")) }
}

/// Endings of images that are written.
pub fn image_endings() -> Vec<&'static str> {
    let of = |images: &'static Images| images.endings.iter().copied();
    FORMATS.iter().filter_map(|format| format.images.as_ref()).flat_map(of).collect()
}

/// Endings of measurements that are written.
pub fn measurement_endings() -> Vec<&'static str> {
    let of = |measurements: &'static Measurements| measurements.endings.iter().copied();
    FORMATS.iter().filter_map(|format| format.measurements.as_ref()).flat_map(of).collect()
}

/// Whether a name ends in one of the endings, whatever the case of its letters; in any with the ending `""`.
pub fn ends_in(path: &Path, endings: &[&str]) -> bool {
    Format::ends(endings, path)
}
