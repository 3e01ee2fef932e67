//! Rates of single photons: dataset `singles` `[crystal, ring]` in counts per s.

use super::array::put_array;
use super::{IoError, Kind, Provenance, Source, write};
use crate::io::values::Rule;
use std::path::Path;

/// Writes the rates of all crystals, `[crystal, ring]` in counts per s, and where they come from.
pub fn write_singles(
    path: &Path,
    overwrite: bool,
    rates: &[f32],
    rings: usize,
    provenance: &Provenance,
) -> Result<(), IoError> {
    let shape = [rates.len() / rings, rings];
    Rule::NotNegative.check(path, "singles", rates, &shape)?;
    write(path, overwrite, Kind::Singles, provenance, |file| put_array(file, "singles", &shape, rates).map(|_| ()))
}

/// Reads the rates of all crystals, which must be as many as `[crystals per ring, rings]`.
pub fn read_singles(path: &Path, shape: [usize; 2]) -> Result<Vec<f32>, IoError> {
    let source = Source::open_kind(path, Kind::Singles)?;
    let array = source.array(&source.file, "singles")?;
    source.values(&array, "singles", &shape, Rule::NotNegative)
}
