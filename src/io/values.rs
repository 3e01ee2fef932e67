//! Checks of whole arrays.

use super::IoError;
use crate::image::{Image, ImageGrid};
use crate::memory;
use std::path::Path;

/// What every element of an array must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Finite,
    NotNegative,
}

impl Rule {
    fn holds(self, value: f32) -> bool {
        value.is_finite() && (self == Self::Finite || value >= 0.0)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Finite => "a finite number",
            Self::NotNegative => "a finite number >= 0",
        }
    }

    /// Names the first element that breaks the rule; `shape` is row-major.
    pub(super) fn check(self, path: &Path, name: &str, values: &[f32], shape: &[usize]) -> Result<(), IoError> {
        self.check_part(path, name, values, shape, 0)
    }

    /// The same of a part that starts at element number `first`.
    pub(super) fn check_part(
        self,
        path: &Path,
        name: &str,
        values: &[f32],
        shape: &[usize],
        first: usize,
    ) -> Result<(), IoError> {
        // Without an early end, so that it runs on vectors.
        if values.iter().fold(true, |all, &value| all & self.holds(value)) {
            return Ok(());
        }
        let Some(position) = values.iter().position(|&value| !self.holds(value)) else { return Ok(()) };
        Err(IoError::Field {
            path: path.into(),
            field: format!("{name}{:?}", index(first + position, shape)),
            found: values[position].to_string(),
            expected: self.text().into(),
        })
    }
}

/// The share of the largest value below which a negative one can only be rounding: a few steps of f32.
pub const TINY: f64 = 1e-6;

/// Values below zero that were set to zero because they can only be rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounding {
    /// How many they were, of how many.
    pub count: usize,
    /// Number of all values.
    pub of: usize,
    /// The lowest of them.
    pub lowest: f32,
    /// The largest value, which says what is tiny.
    pub largest: f32,
}

impl std::fmt::Display for Rounding {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { count, of, lowest, largest } = self;
        write!(
            f,
            "{count} of {of} values lie below zero by rounding (down to {lowest:e}, where the largest is \
                   {largest:e}) and are set to 0"
        )
    }
}

/// Sets values below zero to zero where they can only be the rounding of an interpolation or a sum: down to
/// −`tolerance` (usually [`TINY`]) × the largest value. `None` where there are none.
///
/// A value further below is an error that names it, and all values are then as they were; so is one that is not finite.
/// `name` is that of the array, `shape` its row-major shape.
pub fn zero_rounding(
    path: &Path,
    name: &str,
    values: &mut [f32],
    shape: &[usize],
    tolerance: f64,
) -> Result<Option<Rounding>, IoError> {
    Rule::Finite.check(path, name, values, shape)?;
    let (lowest, largest) = values.iter().fold((0.0_f32, 0.0_f32), |(low, high), &v| (low.min(v), high.max(v)));
    if lowest >= 0.0 {
        return Ok(None);
    }
    let limit = -tolerance * f64::from(largest);
    if let Some(position) = values.iter().position(|&value| f64::from(value) < limit) {
        return Err(IoError::Field {
            path: path.into(),
            field: format!("{name}{:?}", index(position, shape)),
            found: values[position].to_string(),
            expected: format!(
                "a number >= 0; down to {limit:e}, {tolerance:e} of the largest value, it would pass as rounding"
            ),
        });
    }
    let mut count = 0;
    for value in values.iter_mut().filter(|value| **value < 0.0) {
        *value = 0.0;
        count += 1;
    }
    Ok(Some(Rounding { count, of: values.len(), lowest, largest }))
}

/// Refuses an array of four bytes an element that is larger than the memory there is, before room is made for it.
pub(super) fn check_memory(path: &Path, shape: &[usize]) -> Result<(), IoError> {
    memory::check_array(shape, size_of::<f32>()).map_err(|source| IoError::Memory { path: path.into(), source })
}

/// Checks the grid of an image that is read or written.
pub(super) fn check_grid(path: &Path, name: &str, grid: &ImageGrid) -> Result<(), IoError> {
    grid.check().map_err(|[field, found, expected]| {
        let field = format!("{field} of {name}");
        IoError::Field { path: path.into(), field, found, expected }
    })
}

/// Checks an image before it is written: a possible grid, finite values.
pub(super) fn check_image(path: &Path, name: &str, image: &Image) -> Result<(), IoError> {
    let grid = &image.grid;
    let wrong = |field: &str, found, expected: &str| {
        Err(IoError::Field { path: path.into(), field: format!("{field} of {name}"), found, expected: expected.into() })
    };
    if grid.shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n)) != Some(image.values.len())
        || image.values.is_empty()
    {
        let found = format!("{:?} with {} values", grid.shape, image.values.len());
        return wrong("the shape", found, "one value for each of at least one voxel");
    }
    check_grid(path, name, grid)?;
    Rule::Finite.check(path, name, &image.values, &grid.shape)
}

/// Index of a position in a row-major array.
fn index(position: usize, shape: &[usize]) -> Vec<usize> {
    let (mut rest, mut index) = (position, vec![0; shape.len()]);
    for (place, &n) in index.iter_mut().zip(shape).rev() {
        *place = rest % n;
        rest /= n;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rounding_is_set_to_zero() {
        let path = Path::new("factors.hs");
        let mut values = [0.0, 2.0, -1e-12, 0.5, -0.0, -1.9e-6];
        let told = zero_rounding(path, "bin", &mut values, &[2, 3], TINY).unwrap().unwrap();
        assert_eq!(values, [0.0, 2.0, 0.0, 0.5, 0.0, 0.0]);
        assert_eq!((told.count, told.of, told.lowest, told.largest), (2, 6, -1.9e-6, 2.0));
        assert!(told.to_string().starts_with("2 of 6 values lie below zero by rounding (down to -1.9e-6"), "{told}");
        assert_eq!(zero_rounding(path, "bin", &mut values, &[2, 3], TINY).unwrap(), None);
        // What is no rounding stays an error, and then nothing is changed.
        let mut values = [0.0, 2.0, -1e-12, 0.5, -3e-6, 1.0];
        let error = zero_rounding(path, "bin", &mut values, &[2, 3], TINY).unwrap_err().to_string();
        assert!(error.contains("bin[1, 1] is -0.000003, expected a number >= 0; down to -2e-6"), "{error}");
        assert_eq!(values[2], -1e-12);
        // Nothing is tiny beside nothing.
        assert!(zero_rounding(path, "bin", &mut [0.0, -1e-12], &[2], TINY).is_err());
        assert!(zero_rounding(path, "bin", &mut [1.0, f32::NAN], &[2], TINY).is_err());
    }

    #[test]
    fn the_first_wrong_element_is_named() {
        let check = |values: &[f32]| Rule::NotNegative.check(Path::new("a.h5"), "prompts", values, &[2, 3, 4]);
        let mut values = [0.0; 24];
        check(&values).unwrap();
        values[17] = -1.0;
        assert_eq!(
            check(&values).unwrap_err().to_string(),
            "a.h5: prompts[1, 1, 1] is -1, expected a finite number >= 0"
        );
        assert!(Rule::Finite.check(Path::new("a.h5"), "image", &values, &[2, 3, 4]).is_ok());
    }
}
