//! Interfile behind the one door.

use super::data_file::path_of;
use super::header::Header;
use super::image::{read_image_with, write_castor};
use super::kind::{InterfileKind, kind, sniff};
use super::projection::outline;
use super::{
    Contents, Encoding, ProjectionData, StorageOrder, read_projection_data, write_image, write_projection_data,
};
use crate::data::{Ledger, Measurement, Outline};
use crate::io::{Format, Holds, Images, IoError, Measurements, OpenImage, Provenance};
use std::path::Path;

/// Interfile 3.3 as STIR and Siemens write it.
pub(in crate::io) static FORMAT: Format = Format {
    name: "Interfile",
    sniff: sniffed,
    beside: |path| Ok(vec![path_of(&Header::read(path)?)?]),
    images: Some(Images {
        endings: &[".hv"],
        read: |path, options| read_image_with(path, options).map(OpenImage::from),
        write: |path, overwrite, image, _| write_image(path, image, Encoding::default(), overwrite),
        loses: &["provenance"],
    }),
    measurements: Some(Measurements {
        endings: &[".hs"],
        read: |path| Ok((read(path)?, Provenance::default())),
        outline,
        write: |path, overwrite, measurement, _| write(path, overwrite, measurement),
        loses,
    }),
};

/// Images as CASToR writes them; they are read as Interfile.
pub(in crate::io) static CASTOR: Format = Format {
    name: "CASToR",
    sniff: |_, _| Ok(None),
    beside: |_| Ok(Vec::new()),
    images: Some(Images {
        endings: &[".hdr"],
        read: |path, options| read_image_with(path, options).map(OpenImage::from),
        write: |path, overwrite, image, _| write_castor(path, image, Encoding::default(), overwrite),
        loses: &["provenance", "unit"],
    }),
    measurements: None,
};

fn sniffed(path: &Path, start: &[u8]) -> Result<Option<Holds>, IoError> {
    if !sniff(start) {
        return Ok(None);
    }
    Ok(Some(match kind(path)? {
        InterfileKind::Image => Holds::Image,
        InterfileKind::Projections => Holds::Measurement,
        InterfileKind::ListMode => Holds::ListMode,
        InterfileKind::Normalisation => Holds::Normalisation,
    }))
}

/// Prompts without corrections.
fn read(path: &Path) -> Result<Measurement, IoError> {
    let ProjectionData { geometry, values, .. } = read_projection_data(path, Contents::Counts)?;
    let Outline { ledger, clock, .. } = outline(path)?;
    Ok(Measurement { geometry, prompts: values.into(), factors: None, background: None, ledger, clock })
}

fn write(path: &Path, overwrite: bool, measurement: &Measurement) -> Result<(), IoError> {
    let data = ProjectionData {
        geometry: measurement.geometry.clone(),
        values: measurement.prompts.to_vec(),
        duration_s: measurement.clock.duration_s,
    };
    write_projection_data(path, &data, Encoding::default(), StorageOrder::default(), overwrite)
}

fn loses(measurement: &Measurement) -> Vec<&'static str> {
    let clock = &measurement.clock;
    let told = [
        (true, "provenance"),
        (measurement.factors.is_some(), "factors"),
        (measurement.background.is_some(), "background"),
        (measurement.ledger != Ledger::raw(), "what factors and background hold"),
        (clock.isotope.is_some() || clock.start.is_some() || clock.uptake_s.is_some(), "isotope and moments"),
    ];
    told.into_iter().filter(|(lost, _)| *lost).map(|(_, what)| what).collect()
}
