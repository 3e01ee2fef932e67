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

pub(super) fn show(vector: Vector) -> String {
    format!("{vector:?}")
}

pub(super) fn wrong(file: &str, field: &str, found: impl ToString, expected: &'static str) -> PhantomError {
    PhantomError::Field { file: file.into(), field: field.into(), found: found.to_string(), expected }
}
