//! Interfile behind the one door.

use super::data_file::path_of;
use super::header::{Header, standard};
use super::projection::outline;
use super::{
    Contents, Encoding, ProjectionData, StorageOrder, read_clock, read_image, read_projection_data, write_image,
    write_projection_data,
};
use crate::data::{Ledger, Measurement};
use crate::io::{Format, Holds, Images, IoError, Measurements, OpenImage, Provenance};
use std::path::Path;

/// Interfile 3.3 as STIR and Siemens write it.
pub(in crate::io) static FORMAT: Format = Format {
    name: "Interfile",
    sniff,
    beside: |path| Ok(vec![path_of(&Header::read(path)?)?]),
    images: Some(Images {
        endings: &[".hv"],
        read: |path, unit| {
            Ok(OpenImage { image: read_image(path, unit)?, provenance: Provenance::default(), notes: Vec::new() })
        },
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

/// The first line that is no comment is `!INTERFILE :=`.
fn sniff(path: &Path, start: &[u8]) -> Result<Option<Holds>, IoError> {
    let text = String::from_utf8_lossy(start);
    let mut lines = text.trim_start_matches('\u{feff}').split(['\r', '\n']).map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(';')).unwrap_or_default();
    let is_interfile = first.split_once(":=").is_some_and(|(key, _)| standard(key) == "interfile");
    is_interfile.then(|| held(&Header::read(path)?)).transpose()
}

fn held(header: &Header) -> Result<Holds, IoError> {
    let has = |key: &str| header.entries().iter().any(|entry| entry.key == key);
    let axis = header.text_at("matrix axis label", 1).map(standard);
    Ok(match header.text("pet data type").map(standard).as_deref() {
        _ if has("%lm event and tag words format (bits)") => Holds::ListMode,
        _ if has("%number of normalization components") => Holds::Normalisation,
        Some("image") => Holds::Image,
        Some("emission") if axis.as_deref() != Some("x") => Holds::Measurement,
        _ if axis.as_deref() == Some("x") || axis.is_none() => Holds::Image,
        _ => Holds::Measurement,
    })
}

/// Prompts without corrections.
fn read(path: &Path) -> Result<Measurement, IoError> {
    let ProjectionData { geometry, values, .. } = read_projection_data(path, Contents::Counts)?;
    let (ledger, clock) = (Ledger::raw(), read_clock(path)?);
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
