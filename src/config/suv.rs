//! The table `[suv]`: standardised uptake values beside activities.

use crate::data::{Isotope, Moment};
use crate::units::{NonNegative, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[suv]`: SUV = C w / A, C and A at one moment, of which the figures of small regions are told, too.
///
/// C is what the image holds: the activity at the moment of `[decay]`, or the mean rate of positrons over the scan
/// where decay is not corrected. The injected activity decays from the injection to that moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuvConfig {
    /// Body weight w in kg.
    pub weight_kg: Positive,
    /// Injected activity A in MBq, at the injection.
    pub injected_mbq: Positive,
    /// Time from the injection to the start of the acquisition in minutes; by default what the measurement says, else
    /// 0: the activity is that at the start.
    #[serde(default)]
    pub uptake_min: Option<NonNegative>,
    /// Moment of the injection in local time, `2026-03-31T09:30:00`, where the measurement says when it starts.
    #[serde(default)]
    pub injected_at: Option<Moment>,
    /// What was injected; by default what `[decay]` or the measurement says.
    #[serde(default)]
    pub isotope: Option<Isotope>,
}
