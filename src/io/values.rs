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
