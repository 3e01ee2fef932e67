//! The images that a config names beside its corrections, read and judged once: reference, start, anatomy.

use super::anatomy::{Anatomical, anatomical};
use super::figures::reference;
use super::start::start_image;
use super::{Options, RunError};
use crate::config::{AnatomicalConfig, ConfigError, ReconConfig, Source, StartConfig};
use crate::image::{ImageGrid, ImageUnit};
use crate::metrics::Reference;
use crate::paths::ImageFile;
use std::path::Path;

/// What a config names, on the grid of the wanted image; `None` where it names none.
#[derive(Default)]
pub(crate) struct NamedImages {
    /// The truth.
    pub reference: Option<Reference>,
    /// The first image of an iterative run, in the unit of the measurement's images.
    pub start: Option<Vec<f32>>,
    /// What guides the prior.
    pub anatomy: Option<Anatomical>,
}

impl NamedImages {
    /// Reads them for images on `grid` in `unit`; what cannot be used are conflicts. A file that is not there is told
    /// by its key elsewhere.
    pub fn read(
        config: &ReconConfig,
        (grid, unit): (&ImageGrid, ImageUnit),
        source: &Source,
        options: &Options,
    ) -> (Self, Vec<ConfigError>) {
        let mut conflicts = Vec::new();
        let truth = config.reference.as_ref().filter(|truth| truth.conflicts(source).is_none());
        let truth = truth.map(|truth| (reference(truth, grid, source, options), "reference".to_owned()));
        let reference = truth.and_then(|truth| kept(truth, source, &mut conflicts));
        let guide = config.prior.as_ref().and_then(|prior| {
            let at = format!("prior.{}.anatomical", prior.name());
            let guide = prior.anatomical().filter(|guide| is_there(guide))?;
            Some((anatomical(guide, grid, source, &at, options), at))
        });
        let anatomy = guide.and_then(|guide| kept(guide, source, &mut conflicts));
        let start = start_file(config).filter(|file| file.path.is_file()).map(|file| {
            let at = format!("algorithm.{}.start.file", config.algorithm.name());
            (start_image(file, grid, unit, &at, source, options), at)
        });
        let start = start.and_then(|start| kept(start, source, &mut conflicts));
        (Self { reference, start, anatomy }, conflicts)
    }
}

/// What was read; what went wrong joins the conflicts, at its place.
fn kept<T>((read, at): (Result<T, RunError>, String), source: &Source, conflicts: &mut Vec<ConfigError>) -> Option<T> {
    read.map_err(|error| conflicts.push(error.at(&at, source))).ok()
}

fn start_file(config: &ReconConfig) -> Option<&ImageFile> {
    match config.algorithm.iterations()?.start {
        StartConfig::File(file) => Some(file),
        StartConfig::Uniform | StartConfig::Osem(_) => None,
    }
}

/// Whether an anatomical image can be looked for.
fn is_there(guide: &AnatomicalConfig) -> bool {
    match guide {
        AnatomicalConfig::File(file) => file.path.is_file(),
        AnatomicalConfig::Phantom(name) | AnatomicalConfig::Attenuation(name) => name.file().is_none_or(Path::is_file),
    }
}
