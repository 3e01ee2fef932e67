//! The table `[suv]`: standardised uptake values beside activities.

use crate::units::{NonNegative, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// Figures of a region in Bq/mL (total: Bq), and what they are called as SUV; a millilitre weighs a gram.
const NAMES: [(&str, &str); 4] = [("max", "suv_max"), ("peak", "suv_peak"), ("mean", "suv_mean"), ("total", "tlg")];

impl SuvConfig {
    /// SUV of 1 Bq/mL.
    fn factor(&self) -> f64 {
        let left = 0.5_f64.powf(self.uptake_min.get() / self.half_life_min.get());
        1e3 * self.weight_kg.get() / (1e6 * self.injected_mbq.get() * left)
    }

    /// The same figures as SUV; the volume above 41 % of the maximum is the metabolic tumour volume.
    pub fn figures(&self, of_activity: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
        let factor = self.factor();
        let mut figures = BTreeMap::new();
        for (name, value) in of_activity {
            let Some((region, figure)) = name.rsplit_once('.') else { continue };
            let known = NAMES.iter().find(|(own, _)| *own == figure);
            figures.extend(known.map(|(_, suv)| (format!("{region}.{suv}"), factor * value)));
            if figure == "volume_ml" {
                figures.insert(format!("{region}.mtv_ml"), *value);
            }
        }
        figures
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
        let of = |name: &str, value: f64| (name.to_owned(), value);
        let found = config.figures(&BTreeMap::from([
            of("liver.mean", 2500.0),
            of("lesion.max", 10_000.0),
            of("lesion.volume_ml", 4.0),
            of("lesion.total", 30_000.0),
            of("nrmse", 0.1),
        ]));
        let expected = [("lesion.mtv_ml", 4.0), ("lesion.suv_max", 4.0), ("lesion.tlg", 12.0), ("liver.suv_mean", 1.0)];
        assert!(
            found.len() == 4 && expected.iter().all(|(name, value)| (found[*name] - value).abs() < 1e-12),
            "{found:?}"
        );
    }
}
