//! Numbers that check themselves while a file is parsed, and the few physical constants of the engine.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::{self, Display, Formatter};

/// Speed of light in mm/ps.
pub const LIGHT_MM_PER_PS: f64 = 0.299_792_458;

/// σ of a Gaussian = FWHM / (2 √(2 ln 2)).
pub const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949_3;

/// A coincidence time difference of `ps` moves the annihilation point by c·t/2 along the line, in mm.
pub fn mm_along_line(ps: f64) -> f64 {
    0.5 * LIGHT_MM_PER_PS * ps
}

macro_rules! checked_number {
    ($(#[$doc:meta])* $name:ident, $test:expr, $text:literal, $minimum:literal..=$maximum:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize, Serialize, JsonSchema)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(#[schemars(range(min = $minimum, max = $maximum))] f64);

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
                match value.is_finite() && test(value) {
                    false => Err(format!(concat!("must be ", $text, ", got {}"), Shown(value))),
                    true if value > $maximum => Err(format!("must be at most {}, got {}", Shown($maximum), Shown(value))),
                    true if value < $minimum && value != 0.0 => {
                        Err(format!("must be at least {}, got {}", Shown($minimum), Shown(value)))
                    }
                    true => Ok(Self(value)),
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

/// A number as one would write it: 1e308 without 308 zeros.
struct Shown(f64);

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self.0.abs() {
            0.0 | 1e-6..1e15 => Display::fmt(&self.0, f),
            _ => fmt::Debug::fmt(&self.0, f),
        }
    }
}

checked_number!(
    /// A finite number above zero that single precision holds, its square and its inverse, too.
    Positive, |v| v > 0.0, "a finite number > 0", 1e-18..=1e18
);
checked_number!(
    /// A finite number that may be zero, where 0 means none.
    NonNegative, |v| v >= 0.0, "a finite number >= 0", 0.0..=1e18
);
checked_number!(
    /// A share of a whole, 0 included and 1 excluded: scatter or randoms fraction of the prompts.
    Fraction, |v| (0.0..1.0).contains(&v), "a number from 0 up to but not including 1", 0.0..=1.0
);
checked_number!(
    /// A share of a whole, none and all of it included.
    Share, |v| (0.0..=1.0).contains(&v), "a number from 0 to 1", 0.0..=1.0
);
checked_number!(
    /// A length in mm, from a hundredth of a cell to ten times the longest scanner: voxels, radii, diameters.
    Mm, |v| v > 0.0, "a length > 0 mm", 0.001..=20000.0
);
checked_number!(
    /// The width of a blur or a filter in mm; 0 means none.
    WidthMm, |v| v >= 0.0, "a width >= 0 mm", 0.0..=100.0
);
checked_number!(
    /// A place along an axis in mm.
    PlaceMm, |_| true, "a place in mm", -20000.0..=20000.0
);
checked_number!(
    /// A duration in s, up to three years.
    Seconds, |v| v > 0.0, "a finite time > 0 s", 1e-6..=1e8
);
checked_number!(
    /// A moment in s after another one, up to three years; 0 means at once.
    DelaySeconds, |v| v >= 0.0, "a finite time >= 0 s", 0.0..=1e8
);
checked_number!(
    /// A number of coincidences.
    Counts, |v| v > 0.0, "a finite number > 0", 1e-3..=1e15
);

/// Most threads of a run.
pub const MOST_THREADS: usize = 1024;

/// Most repetitions of anything: iterations, updates, steps, replicates.
pub const MOST_REPEATS: usize = 1_000_000;

/// Most parts of anything: subsets, views, channels, rings.
pub const MOST_PARTS: usize = 65_536;

/// Threads of a run; 0 means all.
pub(crate) fn threads<'de, T: Whole<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    at_most(MOST_THREADS, from)
}

/// How often something is done.
pub(crate) fn repeats<'de, T: Whole<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    at_most(MOST_REPEATS, from)
}

/// Of how many parts something is.
pub(crate) fn parts<'de, T: Whole<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    at_most(MOST_PARTS, from)
}

/// Whole numbers none of which is larger than one.
fn at_most<'de, T: Whole<'de>, D: Deserializer<'de>>(most: usize, from: D) -> Result<T, D::Error> {
    let whole = T::deserialize(from)?;
    match whole.largest() {
        found if found > most => Err(D::Error::custom(format!("must be at most {most}, got {found}"))),
        _ => Ok(whole),
    }
}

/// A whole number, one that may be missing, or some.
pub(crate) trait Whole<'de>: Deserialize<'de> {
    fn largest(&self) -> usize;
}

impl Whole<'_> for usize {
    fn largest(&self) -> usize {
        *self
    }
}

impl<'de, T: Whole<'de>> Whole<'de> for Option<T> {
    fn largest(&self) -> usize {
        self.as_ref().map_or(0, T::largest)
    }
}

impl<'de, T: Whole<'de>> Whole<'de> for Vec<T> {
    fn largest(&self) -> usize {
        self.iter().map(T::largest).max().unwrap_or(0)
    }
}

impl<const N: usize> Whole<'_> for [usize; N]
where
    Self: for<'any> Deserialize<'any>,
{
    fn largest(&self) -> usize {
        self.iter().copied().max().unwrap_or(0)
    }
}

impl Positive {
    /// A constant that stands in the code.
    pub const fn constant(value: f64) -> Self {
        assert!(value >= 1e-18 && value <= 1e18, "a positive constant");
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

impl Counts {
    /// A constant that stands in the code.
    pub const fn constant(value: f64) -> Self {
        assert!(value >= 1e-3 && value <= 1e15, "a constant number of counts");
        Self(value)
    }
}

impl Mm {
    /// A constant that stands in the code.
    pub const fn constant(value: f64) -> Self {
        assert!(value >= 0.001 && value <= 20000.0, "a constant length");
        Self(value)
    }
}

impl WidthMm {
    /// A constant that stands in the code.
    pub const fn constant(value: f64) -> Self {
        assert!(value >= 0.0 && value <= 100.0, "a constant width");
        Self(value)
    }
}

impl Default for WidthMm {
    /// Zero: none.
    fn default() -> Self {
        Self(0.0)
    }
}

impl Default for DelaySeconds {
    /// Zero: at once.
    fn default() -> Self {
        Self(0.0)
    }
}

impl Default for NonNegative {
    /// Zero: none.
    fn default() -> Self {
        Self(0.0)
    }
}

impl Default for Share {
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
        for absurd in [1e-300, 2_f64.powi(-70), 1e30, 1e308] {
            assert!(Positive::try_from(absurd).is_err() && Mm::try_from(absurd).is_err(), "{absurd}");
        }
        assert_eq!(WidthMm::try_from(1e308).unwrap_err(), "must be at most 100, got 1e308");
        assert_eq!(PlaceMm::try_from(-1e9).unwrap_err(), "must be at least -20000, got -1000000000");
        assert_eq!(PlaceMm::try_from(f64::NAN).unwrap_err(), "must be a place in mm, got NaN");
        assert_eq!(Positive::try_from(-3.0).unwrap_err(), "must be a finite number > 0, got -3");
    }

    #[test]
    fn a_time_difference_is_half_a_flight_path() {
        assert!((mm_along_line(385.0) - 57.71).abs() < 0.01);
    }
}
