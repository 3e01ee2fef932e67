//! Images: dataset `image` `[x, y, z]` with its unit and grid as attributes.

use super::array::put_array;
use super::{IoError, Kind, Provenance, Source, field, write};
use crate::image::{Image, ImageGrid};
use crate::io::unit::{UNIT_NAMES, unit_named};
use crate::io::values::{Rule, check_grid, check_image};
use std::path::Path;

/// Writes an image and where it comes from.
pub fn write_image(path: &Path, overwrite: bool, image: &Image, provenance: &Provenance) -> Result<(), IoError> {
    check_image(path, "image", image)?;
    write(path, overwrite, Kind::Image, provenance, |file| {
        let dataset = put_array(file, "image", &image.grid.shape, &image.values)?;
        field::put_label(&dataset, "unit", &image.unit.to_string())?;
        field::put_numbers(&dataset, "voxel_mm", &image.grid.voxel_mm)?;
        field::put_numbers(&dataset, "origin_mm", &image.grid.origin_mm)
    })
}

/// Reads an image and where it comes from.
pub fn read_image(path: &Path) -> Result<(Image, Provenance), IoError> {
    let source = Source::open_kind(path, Kind::Image)?;
    let array = source.array(&source.file, "image")?;
    let Ok(shape) = <[usize; 3]>::try_from(array.shape.clone()) else {
        return Err(source.wrong("the shape of image", format!("{:?}", array.shape), "three axes [x, y, z]"));
    };
    let unit = source.label(&array.dataset, "unit")?;
    let unit = unit_named(&unit).ok_or_else(|| source.wrong("unit", format!("`{unit}`"), UNIT_NAMES))?;
    let voxel_mm = source.numbers(&array.dataset, "voxel_mm")?;
    let origin_mm = source.numbers(&array.dataset, "origin_mm")?;
    let grid = ImageGrid { shape, voxel_mm, origin_mm };
    check_grid(path, "image", &grid)?;
    let values = source.values(&array, "image", &shape, Rule::Finite)?;
    Ok((Image { grid, unit, values }, source.provenance()?))
}
