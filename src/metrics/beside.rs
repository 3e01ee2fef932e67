//! A method beside the yardstick of its study, on the same realisations: noise that both share cancels.

use super::{Better, Family, Figure, Scope, Unit, Use};

/// Found in studies with a yardstick.
pub(super) static BESIDE: Family = Family { figures: &[&NRMSE_RATIO], score: None };
/// The same, of added lesions.
pub(super) static BESIDE_LESIONS: Family = Family { figures: &[&TRANSMISSION_RATIO], score: None };

/// NRMSE over the yardstick's.
pub static NRMSE_RATIO: Figure = Figure {
    id: "nrmse_ratio",
    title: "NRMSE over the yardstick's",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Beside,
    definition: "`nrmse` over that of the study's yardstick at its best setting, ratio of the means over the same scans; paired interval",
    source: "Cochran 1977",
    uses: &[Use::Column("", "NRMSE / yardstick's")],
};

/// Transmission over the yardstick's.
pub static TRANSMISSION_RATIO: Figure = Figure {
    id: "lesion.*.transmission_ratio",
    title: "comes through, over the yardstick's",
    unit: Unit::One,
    better: Better::Higher,
    scope: Scope::Lesions,
    definition: "`.transmission` over that of the study's yardstick, ratio of the means over the same scans; paired interval",
    source: "Cochran 1977",
    uses: &[Use::Column("", "/ yardstick's")],
};
