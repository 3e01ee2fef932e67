//! The table `[suv]`: standardised uptake values beside activities.

use crate::units::{NonNegative, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[suv]`: SUV = C w / (A 2^(−t/T)), of which the figures of small regions are told, too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuvConfig {
    /// Body weight w in kg.
    pub weight_kg: Positive,
    /// Injected activity A in MBq.
    pub injected_mbq: Positive,
    /// Time t from injection to the start of the scan in minutes.
    #[serde(default)]
    pub uptake_min: NonNegative,
    /// Half-life T in minutes; by default that of ¹⁸F.
    #[serde(default = "fluorine")]
    pub half_life_min: Positive,
}

fn fluorine() -> Positive {
    Positive::constant(109.77)
}

impl SuvConfig {
    /// SUV of 1 Bq/mL.
    pub fn factor(&self) -> f64 {
        let left = 0.5_f64.powf(self.uptake_min.get() / self.half_life_min.get());
        1e3 * self.weight_kg.get() / (1e6 * self.injected_mbq.get() * left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // 70 kg, 350 MBq, one half-life: SUV 1 is 2500 Bq/mL.
        let config = SuvConfig {
            weight_kg: Positive::constant(70.0),
            injected_mbq: Positive::constant(350.0),
            uptake_min: NonNegative::constant(109.77),
            half_life_min: fluorine(),
        };
        assert!((config.factor() - 1.0 / 2500.0).abs() < 1e-18);
    }
}
