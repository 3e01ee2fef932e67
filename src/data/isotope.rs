//! Positron emitters: half-lives and the share of decays that emit a positron (evaluated nuclear data: DDEP and ENSDF).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const ISOTOPES: [Isotope; 9] = {
    use Isotope::*;
    [Carbon11, Nitrogen13, Oxygen15, Fluorine18, Copper64, Gallium68, Rubidium82, Zirconium89, Iodine124]
};

/// A positron emitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Isotope {
    /// 20.36 min, 99.8 % positrons.
    #[serde(rename = "C-11")]
    Carbon11,
    /// 9.967 min, 99.8 %.
    #[serde(rename = "N-13")]
    Nitrogen13,
    /// 2.041 min, 99.9 %.
    #[serde(rename = "O-15")]
    Oxygen15,
    /// 109.77 min, 96.9 %.
    #[serde(rename = "F-18")]
    Fluorine18,
    /// 12.70 h, 17.5 %.
    #[serde(rename = "Cu-64")]
    Copper64,
    /// 67.71 min, 88.9 %.
    #[serde(rename = "Ga-68")]
    Gallium68,
    /// 1.258 min, 95.5 %.
    #[serde(rename = "Rb-82")]
    Rubidium82,
    /// 78.41 h, 22.7 %.
    #[serde(rename = "Zr-89")]
    Zirconium89,
    /// 100.2 h, 22.7 %.
    #[serde(rename = "I-124")]
    Iodine124,
}

impl std::fmt::Display for Isotope {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.serialize(f)
    }
}

impl Isotope {
    /// Half-life in s.
    pub fn half_life_s(self) -> f64 {
        match self {
            Self::Carbon11 => 1221.6,
            Self::Nitrogen13 => 598.0,
            Self::Oxygen15 => 122.5,
            Self::Fluorine18 => 6586.2,
            Self::Copper64 => 45_720.0,
            Self::Gallium68 => 4062.6,
            Self::Rubidium82 => 75.5,
            Self::Zirconium89 => 282_276.0,
            Self::Iodine124 => 360_800.0,
        }
    }

    /// Positrons per decay.
    pub fn branching(self) -> f64 {
        match self {
            Self::Carbon11 => 0.9977,
            Self::Nitrogen13 => 0.9982,
            Self::Oxygen15 => 0.9989,
            Self::Fluorine18 => 0.9686,
            Self::Copper64 => 0.1752,
            Self::Gallium68 => 0.8891,
            Self::Rubidium82 => 0.9545,
            Self::Zirconium89 => 0.2274,
            Self::Iodine124 => 0.227,
        }
    }

    /// ∫ 2^(−k t / T) dt in s over a scan that starts `start_s` after the moment of the stated activity: what a
    /// quantity that goes with the k-th power of the activity adds up to.
    pub fn seconds(self, power: f64, start_s: f64, duration_s: f64) -> f64 {
        let rate = power * std::f64::consts::LN_2 / self.half_life_s();
        (-rate * start_s).exp() * -(-rate * duration_s).exp_m1() / rate
    }

    /// The mean square of the activity over the square of its mean, (λT/2) coth(λT/2): how many more randoms a scan has
    /// than one of constant activity.
    pub fn square_over_mean(self, duration_s: f64) -> f64 {
        let mean = self.seconds(1.0, 0.0, duration_s) / duration_s;
        self.seconds(2.0, 0.0, duration_s) / duration_s / (mean * mean)
    }

    /// All names, for messages.
    pub fn names() -> String {
        ISOTOPES.map(|isotope| isotope.to_string()).join(", ")
    }

    /// The isotope of a name, as the configs spell it.
    pub fn named(name: &str) -> Option<Self> {
        ISOTOPES.into_iter().find(|isotope| isotope.to_string() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_life_leaves_half() {
        let isotope = Isotope::Fluorine18;
        let life = isotope.half_life_s();
        let whole = isotope.seconds(1.0, 0.0, 1e3 * life);
        assert!((whole * std::f64::consts::LN_2 / life - 1.0).abs() < 1e-12, "{whole}");
        assert!((isotope.seconds(1.0, 0.0, life) / whole - 0.5).abs() < 1e-12);
        assert!((isotope.seconds(1.0, life, 1.0) / isotope.seconds(1.0, 0.0, 1.0) - 0.5).abs() < 1e-12);
        assert!((isotope.seconds(2.0, life, 1.0) / isotope.seconds(2.0, 0.0, 1.0) - 0.25).abs() < 1e-12);
        assert!((isotope.seconds(1.0, 0.0, 1e-3) - 1e-3).abs() < 1e-9);
    }

    #[test]
    fn squares_of_a_decaying_rate_are_more_than_the_square_of_its_mean() {
        for (isotope, duration) in [(Isotope::Rubidium82, 300.0), (Isotope::Oxygen15, 60.0), (Isotope::Fluorine18, 1e4)]
        {
            let half = 0.5 * std::f64::consts::LN_2 * duration / isotope.half_life_s();
            let found = isotope.square_over_mean(duration);
            assert!((found / (half / half.tanh()) - 1.0).abs() < 1e-12, "{isotope}: {found}");
        }
        assert!((Isotope::Rubidium82.square_over_mean(300.0) - 1.564).abs() < 1e-3);
        assert!((Isotope::Fluorine18.square_over_mean(1e-2) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn names_are_those_of_the_configs() {
        for isotope in ISOTOPES {
            assert_eq!(Isotope::named(&isotope.to_string()), Some(isotope));
        }
        assert_eq!(Isotope::Rubidium82.to_string(), "Rb-82");
        assert_eq!(Isotope::named("none"), None);
    }
}
