//! Normalisations: datasets `crystals`, `geometric`, `interference` and `axial`, and what they belong to as attributes.

use super::array::put_array;
use super::{IoError, Kind, Provenance, Source, field, write};
use crate::data::NormComponents;
use crate::io::values::Rule;
use crate::scanner::AxialCompression;
use std::path::Path;

/// Most crystals per ring, rings, radial bins and planes: ten times those of the largest scanner.
const MOST: i64 = 1 << 20;

/// Writes the components of an own normalisation and where they come from. Dead time and quantification are those of
/// vendors' files, and not kept.
pub fn write_normalisation(
    path: &Path,
    overwrite: bool,
    norm: &NormComponents,
    provenance: &Provenance,
) -> Result<(), IoError> {
    let arrays = arrays(norm);
    for (name, values, shape) in &arrays {
        Rule::NotNegative.check(path, name, values, shape)?;
    }
    write(path, overwrite, Kind::Normalisation, provenance, |file| {
        let (span, difference) = span(norm.axial_compression);
        for (name, value) in
            [("span", span), ("max_ring_difference", difference), ("calibrated", norm.calibrated.into())]
        {
            field::put_integer(file, name, value as i64)?;
        }
        arrays.iter().try_for_each(|(name, values, shape)| put_array(file, name, shape, values).map(|_| ()))
    })
}

/// Name, values and shape of every component.
fn arrays(norm: &NormComponents) -> [(&'static str, &[f32], Vec<usize>); 4] {
    [
        ("crystals", &norm.crystals, vec![norm.rings, norm.crystals_per_ring]),
        ("geometric", &norm.geometric, vec![2 * norm.rings - 1, norm.radial_bins]),
        ("interference", &norm.interference, vec![norm.radial_bins, norm.crystals_per_block]),
        ("axial", &norm.axial, vec![norm.axial.len()]),
    ]
}

fn span(compression: AxialCompression) -> (usize, usize) {
    match compression {
        AxialCompression::Span { span, max_ring_difference } => (span, max_ring_difference),
        other => unreachable!("a normalisation of {other:?}"),
    }
}

/// Reads components and where they come from.
pub fn read_normalisation(path: &Path) -> Result<(NormComponents, Provenance), IoError> {
    let source = Source::open_kind(path, Kind::Normalisation)?;
    let number = |name: &str| match source.integer(&source.file, name)? {
        value @ 0..=MOST => Ok(value as usize),
        other => Err(source.wrong(name, other, format!("a number from 0 to {MOST}"))),
    };
    let (span, max_ring_difference) = (number("span")?, number("max_ring_difference")?);
    let calibrated = match source.integer(&source.file, "calibrated")? {
        0 => false,
        1 => true,
        other => return Err(source.wrong("calibrated", other, "0 or 1")),
    };
    let [rings, crystals_per_ring] = source.two("crystals", "[ring, crystal]")?;
    let [sums, radial_bins] = source.two("geometric", "[ring sum, radial]")?;
    let [_, crystals_per_block] = source.two("interference", "[radial, crystal of a block]")?;
    if rings == 0 || crystals_per_ring == 0 || radial_bins == 0 || crystals_per_block == 0 {
        let found = format!("{rings} rings of {crystals_per_ring} crystals, {radial_bins} radial bins");
        return Err(source.wrong("the shapes of the components", found, "at least one of each"));
    }
    if sums != 2 * rings - 1 {
        let expected = format!("{} ring sums of {rings} rings", 2 * rings - 1);
        return Err(source.wrong("the shape of geometric", format!("{sums} ring sums"), expected));
    }
    let values = |name: &str, shape: &[usize]| {
        let array = source.array(&source.file, name)?;
        source.values(&array, name, shape, Rule::NotNegative)
    };
    let axial = source.array(&source.file, "axial")?;
    let axial = source.values(&axial, "axial", &[axial.shape.iter().product()], Rule::NotNegative)?;
    if let Some(plane) = axial.iter().position(|factor| *factor == 0.0) {
        return Err(source.wrong(format!("axial[{plane}]"), 0, "a number > 0: it divides"));
    }
    if span % 2 == 0 || span > 2 * rings - 1 || max_ring_difference >= rings {
        let expected = format!("an odd span within {rings} rings, and differences below {rings}");
        return Err(source.wrong("span, max_ring_difference", format!("{span}, {max_ring_difference}"), expected));
    }
    let norm = NormComponents {
        rings,
        crystals_per_ring,
        crystals_per_block,
        radial_bins,
        crystals: values("crystals", &[rings, crystals_per_ring])?,
        geometric: values("geometric", &[sums, radial_bins])?,
        interference: values("interference", &[radial_bins, crystals_per_block])?,
        axial,
        axial_compression: AxialCompression::Span { span, max_ring_difference },
        calibrated,
        dead_time: None,
        quantification: None,
        cross_calibration: None,
    };
    Ok((norm, source.provenance()?))
}

impl Source {
    /// The shape of a dataset of two axes.
    fn two(&self, name: &str, axes: &str) -> Result<[usize; 2], IoError> {
        let shape = self.array(&self.file, name)?.shape;
        <[usize; 2]>::try_from(shape.clone())
            .map_err(|_| self.wrong(format!("the shape of {name}"), format!("{shape:?}"), format!("two axes {axes}")))
    }
}
