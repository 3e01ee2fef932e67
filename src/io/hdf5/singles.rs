//! Rates of single photons: dataset `singles` `[crystal, ring]` in counts per s, the mean over a scan, with the
//! attributes `duration_s`, the scan's duration, and `isotope`, whose decay the rates follow: a name such as `Rb-82`,
//! or `none` where they are constant.

use super::array::put_array;
use super::{IoError, Kind, Provenance, Source, field, write};
use crate::data::Singles;
use crate::io::values::Rule;
use std::path::Path;

/// Writes the rates of all crystals of a scanner with that many rings, and where they come from.
pub fn write_singles(
    path: &Path,
    overwrite: bool,
    singles: &Singles,
    rings: usize,
    provenance: &Provenance,
) -> Result<(), IoError> {
    let Singles { rates, duration_s, isotope } = singles;
    let shape = [rates.len() / rings, rings];
    Rule::NotNegative.check(path, "singles", rates, &shape)?;
    write(path, overwrite, Kind::Singles, provenance, |file| {
        let dataset = put_array(file, "singles", &shape, rates)?;
        duration_s.map_or(Ok(()), |duration| field::put_number(&dataset, "duration_s", duration))?;
        isotope.as_ref().map_or(Ok(()), |isotope| field::put_label(&dataset, "isotope", isotope))
    })
}

/// Reads the rates of all crystals, which must be as many as `[crystals per ring, rings]`.
pub fn read_singles(path: &Path, shape: [usize; 2]) -> Result<Singles, IoError> {
    let source = Source::open_kind(path, Kind::Singles)?;
    let array = source.array(&source.file, "singles")?;
    let duration_s = match source.has(&array.dataset, "duration_s")? {
        true => match source.numbers(&array.dataset, "duration_s")? {
            [duration] if duration > 0.0 => Some(duration),
            [duration] => return Err(source.wrong("duration_s", duration, "a finite time > 0 s")),
        },
        false => None,
    };
    let isotope = match source.has(&array.dataset, "isotope")? {
        true => Some(source.label(&array.dataset, "isotope")?),
        false => None,
    };
    let rates = source.values(&array, "singles", &shape, Rule::NotNegative)?;
    Ok(Singles { rates, duration_s, isotope })
}
