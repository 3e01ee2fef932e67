//! Checks of whole arrays.

use super::IoError;
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
        let Some(position) = values.iter().position(|&value| !self.holds(value)) else { return Ok(()) };
        Err(IoError::Field {
            path: path.into(),
            field: format!("{name}{:?}", index(position, shape)),
            found: values[position].to_string(),
            expected: self.text().into(),
        })
    }
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
