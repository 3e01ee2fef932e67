//! Keys that change the numbers of a file, or how many sets of them it holds: each is honoured, allowed only where it
//! changes nothing, or refused. Nothing else in a header does: names, dates, doses, the bed, the patient.
//!
//! * **Honoured**: a reader uses the key, see [`super::data_file`] for the factors and offsets of the numbers.
//! * **Only**: the key may say what changes nothing; anything else is refused, with what to do.
//! * **Harmless**: the key sounds as if it changed numbers, but speaks of something that is not read.
//! * Any other key whose name sounds so ([`SUSPECT`]) is refused unless it is a factor of 1 or an offset of 0: ignored
//!   without a word it might scale an image.

use super::header::{Entry, Header};
use super::units::number_of;
use crate::io::IoError;
use std::collections::HashMap;

/// Who reads a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) enum Reader {
    Image,
    Projections,
    ListMode,
    Norm,
}

/// What becomes of a key.
enum Rule {
    /// It is used, without an index or with the index 1.
    Honoured,
    /// It is used, with an index per axis or component.
    Indexed,
    /// Only these values; the text says what others would mean.
    Only(&'static [&'static str], &'static str),
    /// It says nothing of the numbers that are read.
    Harmless,
}

const ALL: &[Reader] = &[Reader::Image, Reader::Projections, Reader::ListMode, Reader::Norm];
const BINARY: &[Reader] = &[Reader::Image, Reader::Projections];
const IMAGE: &[Reader] = &[Reader::Image];
const PROJECTIONS: &[Reader] = &[Reader::Projections];
const LISTMODE: &[Reader] = &[Reader::ListMode];
const NORM: &[Reader] = &[Reader::Norm];

const ONE_SET: &str = "one set of numbers per file: give each its own file";
const CALIBRATION: &str = "no calibration beside the numbers: multiply them by it, or use `image scaling factor`";

/// The first row of a reader and a key counts.
const KEYS: &[(&[Reader], &str, Rule)] = &[
    (NORM, "data offset in bytes", Rule::Indexed),
    (ALL, "data offset in bytes", Rule::Honoured),
    (BINARY, "data starting block", Rule::Honoured),
    (ALL, "data starting block", Rule::Only(&["0"], "an offset in bytes: `data offset in bytes`")),
    (ALL, "data compression", Rule::Only(&["none"], "data that are not compressed")),
    (ALL, "data encode", Rule::Only(&["none"], "data that are not encoded")),
    // Factors and offsets of the numbers: of STIR, of CASToR, of DICOM's names, of Siemens.
    (BINARY, "image scaling factor", Rule::Honoured),
    (BINARY, "quantification units", Rule::Honoured),
    (BINARY, "data rescale slope", Rule::Honoured),
    (BINARY, "data rescale offset", Rule::Honoured),
    (BINARY, "rescale slope", Rule::Honoured),
    (BINARY, "rescale intercept", Rule::Honoured),
    (BINARY, "%image slope", Rule::Honoured),
    (BINARY, "%image intercept", Rule::Honoured),
    // STIR keeps it beside the numbers and writes −1 where it is not known.
    (BINARY, "calibration factor", Rule::Only(&["1", "0", "-1"], CALIBRATION)),
    // Kept beside the components; an image that is made with them stays uncalibrated and says so.
    (NORM, "%scanner quantification factor (bq*s/ecat counts)", Rule::Harmless),
    (NORM, "%cross calibration factor", Rule::Harmless),
    // Several sets of numbers.
    (BINARY, "number of time frames", Rule::Only(&["1"], "1: give each frame its own file")),
    (BINARY, "number of frame groups", Rule::Only(&["1"], "1: give each frame its own file")),
    (BINARY, "number of image data types", Rule::Only(&["1"], ONE_SET)),
    (BINARY, "number of energy windows", Rule::Only(&["1", "0"], ONE_SET)),
    (BINARY, "number of respiratory gates", Rule::Only(&["1", "0"], ONE_SET)),
    (BINARY, "number of cardiac gates", Rule::Only(&["1", "0"], ONE_SET)),
    (BINARY, "total number of data sets", Rule::Only(&["1", "0"], ONE_SET)),
    // Lines end at the mean depth of interaction, however many layers share it.
    (PROJECTIONS, "number of detector layers", Rule::Harmless),
    // Lengths and angles.
    (IMAGE, "scaling factor (mm/pixel)", Rule::Indexed),
    (IMAGE, "scale factor (mm/pixel)", Rule::Indexed),
    (IMAGE, "first pixel offset (mm)", Rule::Indexed),
    (IMAGE, "slice orientation", Rule::Only(&["transverse"], "transverse slices")),
    (IMAGE, "%image orientation", Rule::Only(&["1,0,0,0,1,0"], "rows along x and columns along y")),
    (PROJECTIONS, "view offset (degrees)", Rule::Honoured),
    (ALL, "view offset (degrees)", Rule::Harmless), // of the scanner, whose lines are not read
    (PROJECTIONS, "tof mashing factor", Rule::Honoured),
    (PROJECTIONS, "%tof mashing factor", Rule::Honoured),
    (LISTMODE, "%tof mashing factor", Rule::Only(&["1", "0"], "events without TOF")),
    (NORM, "%scale factor", Rule::Harmless),        // mm or crystals per number
    (ALL, "%bed zero offset (mm)", Rule::Harmless), // the frame is that of the scanner, wherever the bed is
    (ALL, "%singles scale factor", Rule::Harmless), // singles are not read
    (ALL, "isotope branching factor", Rule::Harmless), // decay is the config's to state
    (ALL, "radionuclide branching factor", Rule::Harmless),
];

/// Words of keys that change numbers.
const SUSPECT: &[&str] =
    &["scale", "scaling", "slope", "intercept", "offset", "factor", "calibration", "units", "quantification"];

/// Keys that say what is read: the same one with two values is a header that contradicts itself.
const ONCE: &[&str] = &[
    "matrix size",
    "matrix axis label",
    "number of dimensions",
    "number format",
    "number of bytes per pixel",
    "imagedata byte order",
    "image data byte order",
    "name of data file",
    "originating system",
    "applied corrections",
    "minimum ring difference per segment",
    "maximum ring difference per segment",
    "number of rings",
    "number of detectors per ring",
    "inner ring diameter (cm)",
    "average depth of interaction (cm)",
    "distance between rings (cm)",
    "effective central bin size (cm)",
];

/// Refuses a header with a key that changes numbers in a way that its reader does not know.
pub(in crate::io) fn check(header: &Header, reader: Reader) -> Result<(), IoError> {
    let mut said = HashMap::new();
    for entry in header.entries().iter().filter(|entry| !entry.value.is_empty()) {
        check_entry(header, entry, reader)?;
        let honoured = matches!(rule_of(&entry.key, reader), Some(Rule::Honoured | Rule::Indexed));
        if honoured || ONCE.contains(&entry.key.as_str()) {
            let before = said.insert((&entry.key, entry.index.unwrap_or(1)), &entry.value);
            if let Some(before) = before.filter(|before| **before != entry.value) {
                return Err(header.wrong(&entry.key, format!("{before} and {}", entry.value), "one value"));
            }
        }
    }
    Ok(())
}

fn rule_of(key: &str, reader: Reader) -> Option<&'static Rule> {
    KEYS.iter().find(|(readers, known, _)| readers.contains(&reader) && *known == key).map(|(.., rule)| rule)
}

fn check_entry(header: &Header, entry: &Entry, reader: Reader) -> Result<(), IoError> {
    let Entry { key, index, value } = entry;
    let name = index.map_or_else(|| key.clone(), |index| format!("{key} [{index}]"));
    match rule_of(key, reader) {
        Some(Rule::Honoured) if index.is_some_and(|index| index != 1) => Err(header.wrong(&name, value, ONE_SET)),
        Some(Rule::Only(allowed, meaning)) if !is_one_of(key, value, allowed) => {
            Err(header.wrong(&name, value, *meaning))
        }
        Some(_) => Ok(()),
        None if is_moment(key) => Ok(()),
        None if SUSPECT.iter().any(|word| key.contains(word)) && !changes_nothing(key, value) => {
            let expected = "a key that is known: it seems to change numbers or places, and nobody honours it; take it \
                            out if it does not";
            Err(header.wrong(&name, value, expected))
        }
        None => Ok(()),
    }
}

/// When something was done, such as a calibration: `%calibration date (yyyy:mm:dd)`.
fn is_moment(key: &str) -> bool {
    key.contains("date (yyyy") || key.contains("time (hh")
}

/// Whether a value is one of several, as text, or as a number, or as a list of such numbers.
fn is_one_of(key: &str, value: &str, allowed: &[&str]) -> bool {
    let plain: String = value.to_lowercase().chars().filter(|c| !c.is_whitespace() && !"{}".contains(*c)).collect();
    let number = |text: &str| number_of(key, text).parse::<f64>().ok();
    let same = |text: &str| allowed.iter().any(|known| number(known).is_some() && number(known) == number(text));
    allowed.contains(&plain.as_str()) || plain.split(',').all(same)
}

/// A factor of 1, or an offset of 0.
fn changes_nothing(key: &str, value: &str) -> bool {
    let added = ["offset", "intercept"].iter().any(|word| key.contains(word));
    is_one_of(key, value, if added { &["0"] } else { &["1"] })
}
