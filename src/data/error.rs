//! What can be wrong with measured data.

/// Data that do not fit each other, or are none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Two things belong to different scanners or samplings.
    #[error("{what} is {found}, but the sinogram needs {expected}")]
    Mismatch {
        /// What does not fit.
        what: &'static str,
        /// What was found.
        found: String,
        /// What the sinogram needs.
        expected: String,
    },
    /// A value that cannot be measured.
    #[error("{what} holds {found} at {index}, expected {expected}")]
    Value {
        /// The array.
        what: &'static str,
        /// Where.
        index: usize,
        /// What was found.
        found: f64,
        /// What is possible.
        expected: &'static str,
    },
}

/// Refuses values that are not finite or below zero.
pub(super) fn check_counts(what: &'static str, mut values: impl Iterator<Item = f32>) -> Result<(), DataError> {
    match values.by_ref().enumerate().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
        None => Ok(()),
        Some((index, found)) => {
            let found = f64::from(found);
            Err(DataError::Value { what, index, found, expected: "a finite number >= 0" })
        }
    }
}
