//! One clock: what decays, when the scan was made, when the activity was injected.
//!
//! Times are in s. A frame starts `frame_s` after the start of the acquisition; moments of the activity and of the
//! injection are told from the start of the acquisition, so that all frames of one acquisition refer to the same
//! moment. Over the frame a stated activity A at a moment t₀ before the start gives, with T the half-life,
//!
//!   ∫ A 2^(−(t₀ + t)/T) dt over [frame_s, frame_s + duration]
//!
//! decays, of which the share β (branching) emits a positron.

use super::Isotope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// When a measurement was made, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clock {
    /// What decays, where known.
    pub isotope: Option<Isotope>,
    /// Start of the acquisition, in local time, where known.
    pub start: Option<Moment>,
    /// Time from the start of the acquisition to that of this frame.
    pub frame_s: f64,
    /// Duration of the frame, where known.
    pub duration_s: Option<f64>,
    /// Time from the injection to the start of the acquisition, where known.
    pub uptake_s: Option<f64>,
    /// Share of the counts that are kept: less than 1 in a thinned scan.
    pub kept: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { isotope: None, start: None, frame_s: 0.0, duration_s: None, uptake_s: None, kept: 1.0 }
    }
}

impl Clock {
    /// One of which only the duration is known.
    pub fn lasting(duration_s: impl Into<Option<f64>>) -> Self {
        Self { duration_s: duration_s.into(), ..Self::default() }
    }

    /// Positrons per Bq at a moment `before_s` before the start of the acquisition, in s: β ∫ 2^(−t/T) dt.
    pub fn positrons(&self, isotope: Isotope, before_s: f64, duration_s: f64) -> f64 {
        isotope.branching() * isotope.seconds(1.0, before_s + self.frame_s, duration_s)
    }
}

/// A date and a time of day to the second, in local time: `2026-03-31T09:30:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Moment(PrimitiveDateTime);

const WHOLE: &[BorrowedFormatItem] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

impl Moment {
    /// Seconds from another moment to this one.
    pub fn seconds_after(self, other: Self) -> f64 {
        (self.0 - other.0).as_seconds_f64()
    }
}

impl std::str::FromStr for Moment {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("`{text}` is no date and time such as 2026-03-31T09:30:00");
        PrimitiveDateTime::parse(text, WHOLE).map(Self).map_err(wrong)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0.format(WHOLE).map_err(|_| fmt::Error)?)
    }
}

impl TryFrom<String> for Moment {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_and_read() {
        let moment: Moment = "2024-02-28T23:59:30".parse().unwrap();
        let later: Moment = "2024-03-01T00:00:30".parse().unwrap();
        assert_eq!(later.seconds_after(moment), 86_460.0, "2024 has a 29th of February");
        assert_eq!(moment.to_string(), "2024-02-28T23:59:30");
        assert!("2023-02-29T00:00:00".parse::<Moment>().is_err());
        assert!("09:30".parse::<Moment>().unwrap_err().contains("no date and time"));
    }

    /// Two halves of a scan see as much as the whole.
    #[test]
    fn frames_add_up() {
        let isotope = Isotope::Carbon11;
        let of =
            |frame_s: f64, duration: f64| Clock { frame_s, ..Clock::default() }.positrons(isotope, 300.0, duration);
        let whole = of(0.0, 1200.0);
        assert!((of(0.0, 500.0) + of(500.0, 700.0) - whole).abs() < 1e-9 * whole);
        assert!((of(0.0, 1e-3) / 1e-3 - 0.9977 * 0.5_f64.powf(300.0 / 1221.6)).abs() < 1e-6);
    }
}
