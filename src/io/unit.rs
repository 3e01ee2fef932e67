//! Names of image units in files.

use crate::image::ImageUnit;

/// The unit of a name, as `ImageUnit` displays it or as other programs spell it: `BQML`, `bq/cc`, `cm-1`, `per cm`.
///
/// Spellings only: what would need a factor (`kBq/mL`, `1/mm`) is not among them.
pub(super) fn unit_named(name: &str) -> Option<ImageUnit> {
    let plain = |c: &char| !c.is_whitespace() && !"^()[]".contains(*c);
    let name: String = name.to_lowercase().replace("⁻¹", "-1").chars().filter(plain).collect();
    Some(match name.as_str() {
        "bq/ml" | "bqml" | "bq/cc" | "bq/cm3" | "bq/cm³" | "becquerel/ml" | "becquerels/ml" => {
            ImageUnit::BecquerelPerMl
        }
        "1/cm" | "/cm" | "cm-1" | "percm" => ImageUnit::PerCm,
        "hu" | "hounsfield" | "hounsfieldunit" | "hounsfieldunits" => ImageUnit::Hounsfield,
        "counts/mm" => ImageUnit::CountsPerMm,
        "1" => ImageUnit::Number,
        _ => return None,
    })
}

/// All names, for error texts.
pub(super) const UNIT_NAMES: &str = "`Bq/mL`, `1/cm`, `HU` or `counts/mm`";

/// Whether a text sounds like a unit: one that is not known must not be taken for the default.
pub(super) fn sounds_like_unit(text: &str) -> bool {
    let text = text.to_lowercase();
    ["bq", "/cm", "cm-1", "/mm", "/ml", "suv", "hounsfield"].iter().any(|unit| text.contains(unit)) || text == "hu"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_known_and_factors_are_not() {
        for (unit, names) in [
            (ImageUnit::BecquerelPerMl, ["Bq/mL", "BQML", "bq/cc"]),
            (ImageUnit::PerCm, ["1/cm", "cm^-1", "1 / cm"]),
            (ImageUnit::Hounsfield, ["HU", "Hounsfield units", "hu"]),
        ] {
            for name in names.iter().copied().chain([unit.to_string().as_str()]) {
                assert_eq!(unit_named(name), Some(unit), "{name}");
            }
        }
        for name in ["kBq/mL", "1/mm", "SUV", "MBq/ml", "mu"] {
            assert_eq!(unit_named(name), None, "{name}");
        }
        assert!(sounds_like_unit("kBq/mL") && sounds_like_unit("cm-1") && !sounds_like_unit("some intent"));
    }
}
