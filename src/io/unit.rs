//! Names of image units in files.

use crate::image::ImageUnit;

/// The unit of a name, as `ImageUnit` displays it.
pub(super) fn unit_named(name: &str) -> Option<ImageUnit> {
    let units =
        [ImageUnit::BecquerelPerMl, ImageUnit::PerCm, ImageUnit::Hounsfield, ImageUnit::CountsPerMm, ImageUnit::Number];
    units.into_iter().find(|unit| unit.to_string() == name)
}

/// All names, for error texts.
pub(super) const UNIT_NAMES: &str = "`Bq/mL`, `1/cm`, `HU` or `counts/mm`";
