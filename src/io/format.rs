//! Formats of files, as plain data: what begins so, how it ends, how it is read and written, and what it loses.
//!
//! A new format is one file with a `FORMAT`, and one line in the list of the door, [`super::FORMATS`].

use super::voxels::{ImageOptions, ReadImage};
use super::{IoError, Provenance};
use crate::data::{Measurement, Outline};
use crate::image::Image;
use std::path::{Path, PathBuf};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Values on a voxel grid.
    Image,
    /// Counts of a sinogram, and what belongs to them.
    Measurement,
    /// Components of a normalisation.
    Normalisation,
    /// Rates of single photons.
    Singles,
    /// Tables of named columns.
    Tables,
    /// Events.
    ListMode,
}

/// A format of files.
pub struct Format {
    /// What it is called.
    pub name: &'static str,
    /// What a file of this format that begins so holds; `None` where it is of another format.
    pub(super) sniff: fn(&Path, &[u8]) -> Result<Option<Holds>, IoError>,
    /// Files that belong to such a file: its data, where they are apart.
    pub(super) beside: fn(&Path) -> Result<Vec<PathBuf>, IoError>,
    /// Images in it.
    pub images: Option<Images>,
    /// Measurements in it.
    pub measurements: Option<Measurements>,
}

/// Images of a format.
pub struct Images {
    /// Endings of their files in small letters, the usual one first; empty where none are written.
    pub endings: &'static [&'static str],
    /// Reads one, as the options have it.
    pub(super) read: fn(&Path, &ImageOptions) -> Result<OpenImage, IoError>,
    /// Writes one.
    pub(super) write: fn(&Path, bool, &Image, &Provenance) -> Result<(), IoError>,
    /// What such a file cannot hold.
    pub loses: &'static [&'static str],
}

/// Measurements of a format.
pub struct Measurements {
    /// As those of [`Images`].
    pub endings: &'static [&'static str],
    /// Reads one.
    pub(super) read: fn(&Path) -> Result<(Measurement, Provenance), IoError>,
    /// What is known of one before its counts are read.
    pub(super) outline: fn(&Path) -> Result<Outline, IoError>,
    /// Writes one.
    pub(super) write: fn(&Path, bool, &Measurement, &Provenance) -> Result<(), IoError>,
    /// What of a measurement such a file cannot hold.
    pub(super) loses: fn(&Measurement) -> Vec<&'static str>,
}

/// An image that was read.
#[derive(Clone, Debug)]
pub struct OpenImage {
    /// The image.
    pub image: Image,
    /// Where it comes from; empty where the format does not hold it.
    pub provenance: Provenance,
    /// What the user should know of how it was read.
    pub notes: Vec<String>,
}

impl From<ReadImage> for OpenImage {
    fn from(ReadImage { image, notes }: ReadImage) -> Self {
        Self { image, provenance: Provenance::default(), notes }
    }
}

impl Format {
    /// Whether a file of this name is written in one of the endings.
    pub(super) fn ends(endings: &[&str], path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        endings.iter().any(|ending| name.ends_with(ending) && name.len() > ending.len())
    }
}
