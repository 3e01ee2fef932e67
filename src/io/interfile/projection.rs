//! Projection data, `.hs` + `.s`, to and from `[view, radial, tof, plane]`.
//!
//! Arc-corrected, crystal-sampled and TOF data in STIR's storage orders; see [`super`] for the frame and the TOF axis.
//! In the file axial position 0 of a segment is the one nearest to the head and ring differences have the opposite
//! sign; both are turned round.
//! A file passes in blocks: memory beside the sinogram itself is one view, or sixteen planes.

use super::applied::applied_corrections;
use super::data_file::{self, DataFile};
use super::header::Header;
use super::layout::StorageOrder;
use super::numbers::Encoding;
use super::{geometry, header_text};
use crate::data::{Clock, Ledger, Outline};
use crate::io::IoError;
use crate::scanner::SinogramGeometry;
use std::io::Write;
use std::path::Path;

/// A sinogram on its geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionData {
    /// Where the lines are.
    pub geometry: SinogramGeometry,
    /// One value per bin, `[view, radial, tof, plane]`, plane contiguous.
    pub values: Vec<f32>,
    /// Duration of the frame in s, where the header gives it.
    pub duration_s: Option<f64>,
}

/// What the values may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Counts, factors, background: a value below zero is an error.
    Counts,
    /// Anything finite, such as randoms-subtracted data.
    Signed,
}

/// Reads the geometry of a header; the data file need not exist.
pub fn read_geometry(path: &Path) -> Result<SinogramGeometry, IoError> {
    Ok(geometry::read(&Header::read(path)?)?.0)
}

/// What is known of prompts before they are read.
pub(super) fn outline(path: &Path) -> Result<Outline, IoError> {
    let header = Header::read(path)?;
    let clock = Clock { duration_s: duration(&header)?, ..super::clock(&header)? };
    let ledger = Ledger::of(applied_corrections(&header)?);
    Ok(Outline { ledger, ..Outline::of_counts(geometry::read(&header)?.0, clock) })
}

/// Reads projection data.
pub fn read_projection_data(path: &Path, contents: Contents) -> Result<ProjectionData, IoError> {
    let header = Header::read(path)?;
    let (geometry, layout) = geometry::read(&header)?;
    let scale = data_file::scale(&header)?;
    let mut file = DataFile::open(&header, &geometry.shape())?;
    let mut values = vec![0.0; geometry.bins()];
    let mut numbers = Vec::new();
    for block in layout.blocks() {
        numbers.resize(block.len(), 0.0);
        file.read(scale, &mut numbers)?;
        let wrong = |v: f32| !v.is_finite() || (v < 0.0 && contents == Contents::Counts);
        if let Some(position) = numbers.iter().position(|&v| wrong(v)) {
            let place = format!("bin [view, radial, tof, plane] {:?}", block.bin(position));
            let expected = if contents == Contents::Counts { "a finite number >= 0" } else { "a finite number" };
            return Err(file.wrong_value(place, numbers[position], expected));
        }
        block.scatter(&numbers, &mut values);
    }
    Ok(ProjectionData { geometry, values, duration_s: duration(&header)? })
}

fn duration(header: &Header) -> Result<Option<f64>, IoError> {
    const KEY: &str = "image duration (sec)";
    match header.number_at::<f64>(KEY, 1)? {
        Some(seconds) if seconds < 0.0 => Err(header.wrong(KEY, seconds, "a duration >= 0")),
        duration => Ok(duration.filter(|&seconds| seconds > 0.0)),
    }
}

/// Writes projection data: `path` (`.hs`) and the data beside it (`.s`), both whole or neither.
pub fn write_projection_data(
    path: &Path,
    data: &ProjectionData,
    encoding: Encoding,
    order: StorageOrder,
    overwrite: bool,
) -> Result<(), IoError> {
    let ProjectionData { geometry, values, duration_s } = data;
    assert_eq!(values.len(), geometry.bins(), "values of a sinogram {:?}", geometry.shape());
    if let Some(text) = header_text::obstacle(geometry) {
        return Err(IoError::Format { path: path.into(), text });
    }
    super::numbers::check_values(path, encoding, values)?;
    let scale = encoding.scale_for(values);
    let header = |name: &str| header_text::text(geometry, order, (encoding, scale), name, *duration_s);
    data_file::write_pair(path, overwrite, "s", header, |file| {
        let (mut numbers, mut bytes) = (Vec::new(), Vec::new());
        for block in header_text::layout(geometry, order).blocks() {
            numbers.resize(block.len(), 0.0);
            block.gather(values, &mut numbers);
            bytes.clear();
            numbers.iter().for_each(|&number| encoding.encode(number, scale, &mut bytes));
            file.write_all(&bytes)?;
        }
        Ok(())
    })
}
