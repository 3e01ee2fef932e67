//! Numbers that check themselves while a file is parsed, and the few physical constants of the engine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Speed of light in mm/ps.
pub const LIGHT_MM_PER_PS: f64 = 0.299_792_458;

/// σ of a Gaussian = FWHM / (2 √(2 ln 2)).
pub const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949_3;

/// A coincidence time difference of `ps` moves the annihilation point by c·t/2 along the line, in mm.
pub fn mm_along_line(ps: f64) -> f64 {
    0.5 * LIGHT_MM_PER_PS * ps
}

macro_rules! checked_number {
    ($(#[$doc:meta])* $name:ident, $test:expr, $text:literal, $minimum:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize, Serialize, JsonSchema)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(#[schemars(range(min = $minimum))] f64);

        impl $name {
            /// The number itself.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = String;
            fn try_from(value: f64) -> Result<Self, String> {
                let test: fn(f64) -> bool = $test;
                if value.is_finite() && test(value) {
                    Ok(Self(value))
                } else {
                    Err(format!(concat!("must be ", $text, ", got {}"), value))
                }
            }
        }

        impl From<$name> for f64 {
            fn from(number: $name) -> f64 {
                number.0
            }
        }
    };
}

checked_number!(
    /// A finite number above zero: a length, a width, a duration.
    Positive, |v| v > 0.0, "a finite number > 0", 0.0
);
checked_number!(
    /// A finite number that may be zero: an activity, a filter width where 0 means none.
    NonNegative, |v| v >= 0.0, "a finite number >= 0", 0.0
);
checked_number!(
    /// A share of a whole, 0 included and 1 excluded: scatter or randoms fraction of the prompts.
    Fraction, |v| (0.0..1.0).contains(&v), "a number from 0 up to but not including 1", 0.0
);

impl Positive {
    /// A constant that stands in the code.
    pub const fn constant(value: f64) -> Self {
        assert!(value > 0.0 && value < f64::INFINITY, "a positive constant");
        Self(value)
    }
}

impl NonNegative {
    /// A constant that stands in the code.
    pub const fn constant(value: f64) -> Self {
        assert!(value >= 0.0 && value < f64::INFINITY, "a constant that is not negative");
        Self(value)
    }
}

impl Fraction {
    /// A constant that stands in the code.
    pub const fn constant(value: f64) -> Self {
        assert!(value >= 0.0 && value < 1.0, "a constant share");
        Self(value)
    }
}

impl Default for NonNegative {
    /// Zero: none.
    fn default() -> Self {
        Self(0.0)
    }
}

impl Default for Fraction {
    /// Zero: none.
    fn default() -> Self {
        Self(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_check_themselves() {
        assert!(Positive::try_from(0.0).is_err());
        assert!(Positive::try_from(f64::NAN).is_err());
        assert!(NonNegative::try_from(0.0).is_ok());
        assert!(NonNegative::try_from(f64::INFINITY).is_err());
        assert!(Fraction::try_from(1.0).is_err());
        assert_eq!(Positive::try_from(-3.0).unwrap_err(), "must be a finite number > 0, got -3");
    }

    #[test]
    fn a_time_difference_is_half_a_flight_path() {
        assert!((mm_along_line(385.0) - 57.71).abs() < 0.01);
    }
}
