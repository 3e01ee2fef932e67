//! Images, STIR's `.hv` + `.v` and CASToR's `.hdr` + `.img`, to and from `[x, y, z]` with z contiguous. In the file x
//! is fastest and z slowest.
//!
//! The file's planes run from **head to feet**, ours from feet to head: plane k of n is our n − 1 − k, and z = −z of
//! the file; x and y are the same. Place of voxel (i, j, k), counted from 0, on voxels v of an image of n voxels, in
//! STIR's gantry frame:
//!
//! * x = o + (i − ⌊n/2⌋)·v, and y alike. The origin o follows from `first pixel offset (mm)`, which is the x of voxel
//!   0; without it o is 0, so that voxel ⌊n/2⌋ sits at 0: an image of **even size lies half a voxel off centre** in x
//!   and y.
//! * z = o + (k − (n − 1)/2)·v, towards the feet. STIR's own z starts at 0 in plane 0 (plus o, which is then the first
//!   pixel offset), and its projectors put the middle of the image (o = 0) at the middle of the scanner.
//!
//! CASToR's frame is left-handed like STIR's, and its planes run the same way; but its `first pixel offset (mm)` is
//! that of the middle of the image from the middle of the scanner, 0 for a centred image of any size. A header is
//! CASToR's where `version of keys` or a key of its own says so.
//!
//! STIR's matched projector refuses an image whose |o| in x or y exceeds 0.05 mm; write odd sizes, or even ones half a
//! voxel off centre, where STIR has to project them.

use super::data_file::{self, DataFile};
use super::geometry::size;
use super::header::{Header, standard};
use super::image_text::{self, turned_z};
use super::keys::{Reader, check};
use super::numbers::{Encoding, check_values};
use crate::image::{Image, ImageGrid, ImageUnit};
use crate::io::voxels::check_finite;
use crate::io::{ImageOptions, IoError, ReadImage};
use std::io::Write;
use std::path::Path;

/// Reads an image, refusing NaN. `unit` is for files that do not state theirs as Siemens's do,
/// `quantification units := Bq/ml`.
pub fn read_image(path: &Path, unit: ImageUnit) -> Result<Image, IoError> {
    Ok(read_image_with(path, &ImageOptions { unit: Some(unit), ..ImageOptions::default() })?.image)
}

/// Reads an image, as the options have it; it cannot be tilted.
pub fn read_image_with(path: &Path, options: &ImageOptions) -> Result<ReadImage, IoError> {
    let header = Header::read(path)?;
    check_kind(&header)?;
    check(&header, Reader::Image)?;
    let unit = data_file::unit(&header).or(options.unit).ok_or_else(|| {
        header.missing("quantification units", "the unit, or state the unit of the image where you name the file")
    })?;
    let grid = read_grid(&header)?;
    let [nx, ny, nz] = grid.shape;
    let mut file = DataFile::open(&header, &grid.shape)?;
    let scales = data_file::scale_per_plane(&header, nz)?;
    let mut values = vec![0.0; grid.voxels()];
    let mut plane = vec![0.0; nx * ny];
    for (plane_number, &scale) in scales.iter().enumerate() {
        let z = nz - 1 - plane_number;
        file.read(scale, &mut plane)?;
        for (at, &value) in plane.iter().enumerate() {
            values[grid.index([at % nx, at / nx, z])] = value;
        }
    }
    let notes = options.nan.apply(&mut values, [nz, ny, nx], unit).into_iter().collect();
    let image = Image { grid, unit, values };
    check_finite(file.path(), &image)?;
    Ok(ReadImage { image, notes })
}

fn check_kind(header: &Header) -> Result<(), IoError> {
    if let Some(kind) = header.text("pet data type").map(standard)
        && kind != "image"
    {
        return Err(header.wrong("PET data type", kind, "Image"));
    }
    let third = header.text_at("matrix size", 3).is_some() && header.text_at("matrix size", 4).is_none();
    match header.number::<usize>("number of dimensions")? {
        Some(3) => {}
        Some(other) => return Err(header.wrong("number of dimensions", other, "3")),
        None if third => {}
        None => return Err(header.missing("number of dimensions", "3")),
    }
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let label = header.text_at("matrix axis label", axis + 1).map(standard);
        if let Some(label) = label.filter(|label| label != name) {
            return Err(header.wrong(&format!("matrix axis label [{}]", axis + 1), label, name));
        }
    }
    Ok(())
}

/// Whose rules say where an image lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Stir,
    Castor,
}

fn dialect(header: &Header) -> Dialect {
    let version = header.text("version of keys").map(standard).unwrap_or_default();
    match version.starts_with("castor") || header.text("castor version").is_some() {
        true => Dialect::Castor,
        false => Dialect::Stir,
    }
}

fn read_grid(header: &Header) -> Result<ImageGrid, IoError> {
    let mut grid = ImageGrid { shape: [0; 3], voxel_mm: [0.0; 3], origin_mm: [0.0; 3] };
    for axis in 0..3 {
        let shape = size(header, axis + 1)?;
        let voxel = voxel_mm(header, axis + 1)?;
        let offset = header.number_at::<f64>("first pixel offset (mm)", axis + 1)?;
        grid.origin_mm[axis] = match dialect(header) {
            Dialect::Stir => {
                let default = if axis == 2 { 0.0 } else { -((shape / 2) as f64) * voxel };
                let offset = offset.unwrap_or(default);
                if axis == 2 { turned_z(offset, shape, voxel) } else { offset }
            }
            Dialect::Castor => {
                let middle = offset.unwrap_or(0.0);
                let middle = if axis == 2 { -middle } else { middle };
                middle - 0.5 * (shape as f64 - 1.0) * voxel
            }
        };
        (grid.shape[axis], grid.voxel_mm[axis]) = (shape, voxel);
    }
    Ok(grid)
}

/// Voxel size along an axis of the file. Siemens writes `scale factor`.
fn voxel_mm(header: &Header, axis: usize) -> Result<f64, IoError> {
    const KEYS: [&str; 2] = ["scaling factor (mm/pixel)", "scale factor (mm/pixel)"];
    let [name, _] = KEYS.map(|key| format!("{key} [{axis}]"));
    let [stir, siemens] = KEYS.map(|key| header.number_at::<f64>(key, axis));
    match (stir?, siemens?) {
        (Some(stir), Some(siemens)) if stir != siemens => {
            Err(header.wrong(&name, stir, format!("{siemens}, as `{}` says", KEYS[1])))
        }
        (None, None) => Err(header.missing(&name, "a voxel size in mm")),
        (Some(voxel), _) | (None, Some(voxel)) if voxel > 0.0 => Ok(voxel),
        (Some(voxel), _) | (None, Some(voxel)) => Err(header.wrong(&name, voxel, "a voxel size > 0")),
    }
}

/// Writes an image: `path` (`.hv`) and the data beside it (`.v`), both whole or neither. The unit is not kept.
pub fn write_image(path: &Path, image: &Image, encoding: Encoding, overwrite: bool) -> Result<(), IoError> {
    write(path, image, encoding, overwrite, Dialect::Stir)
}

/// Writes an image for CASToR: `path` (`.hdr`) and the data beside it (`.img`), both whole or neither. The unit is not
/// kept.
pub fn write_castor(path: &Path, image: &Image, encoding: Encoding, overwrite: bool) -> Result<(), IoError> {
    write(path, image, encoding, overwrite, Dialect::Castor)
}

fn write(path: &Path, image: &Image, encoding: Encoding, overwrite: bool, dialect: Dialect) -> Result<(), IoError> {
    let Image { grid, values, .. } = image;
    assert_eq!(values.len(), grid.voxels(), "values of an image {:?}", grid.shape);
    check_values(path, encoding, values)?;
    let scale = encoding.scale_for(values);
    let ending = if dialect == Dialect::Stir { "v" } else { "img" };
    let header = |name: &str| match dialect {
        Dialect::Stir => image_text::stir(grid, (encoding, scale), name),
        Dialect::Castor => image_text::castor(grid, (encoding, scale), name),
    };
    data_file::write_pair(path, overwrite, ending, header, |file| {
        let [nx, ny, nz] = grid.shape;
        let mut bytes = Vec::new();
        for z in (0..nz).rev() {
            bytes.clear();
            for at in 0..nx * ny {
                encoding.encode(values[grid.index([at % nx, at / nx, z])], scale, &mut bytes);
            }
            file.write_all(&bytes)?;
        }
        Ok(())
    })
}
