//! Numbers of a phantom's file that cannot be meant.

use super::PhantomError;
use super::vector::Vector;

/// Larger than any scanner; keeps squares and cubes of lengths far from overflow.
pub(super) const LARGEST_MM: f64 = 1e6;

pub(super) fn check_point(point: Vector, file: &str, field: impl FnOnce() -> String) -> Result<(), PhantomError> {
    if point.iter().all(|x| x.abs() <= LARGEST_MM) {
        return Ok(());
    }
    Err(wrong(file, &field(), show(point), "three finite positions within 1e6 mm"))
}

/// Letters of the longest name of a region: it becomes part of the names of figures, which files keep short.
const LONGEST_NAME: usize = 40;

/// A name that the columns of tables and the data sets of files can carry.
pub(super) fn region_name(name: &str, file: &str, field: &str) -> Result<(), PhantomError> {
    let plain = |letter: char| !letter.is_control() && letter != '/';
    if !name.trim().is_empty() && name.len() <= LONGEST_NAME && name.chars().all(plain) {
        return Ok(());
    }
    Err(wrong(file, field, format!("`{name}`"), "a name of 1 to 40 letters without `/`: figures are called after it"))
}

pub(super) fn show(vector: Vector) -> String {
    format!("{vector:?}")
}

pub(super) fn wrong(file: &str, field: &str, found: impl ToString, expected: &'static str) -> PhantomError {
    PhantomError::Field { file: file.into(), field: field.into(), found: found.to_string(), expected }
}
