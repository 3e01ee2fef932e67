//! What a header says, judged: shape, number type, scale, place.

use super::Wrong;
use super::quaternion::affine_of_quaternion;
use super::raw::{NIFTI1, NIFTI2, Raw, parse};
use crate::image::Image;
use crate::io::voxels::{Affine, Number, Order};

/// Where the voxels start in a file without extensions: header, four bytes that announce extensions.
pub(super) const DATA_START: usize = 352;
/// `xyzt_units` for mm, `datatype` of float32, `qform_code`/`sform_code` of scanner coordinates.
const MILLIMETRE: u8 = 2;
const FLOAT32: i16 = 16;
const SCANNER: i16 = 1;
/// More voxels along an axis than any image has.
const LONGEST: i64 = 1 << 20;

/// What the reader needs of a header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) order: Order,
    pub(super) length: usize,
    pub(super) pair: bool,
    pub(super) shape: [usize; 3],
    pub(super) number: Number,
    /// Where the voxels start in their file.
    pub(super) data_start: u64,
    pub(super) slope: f64,
    pub(super) intercept: f64,
    /// In LPS.
    pub(super) affine: Affine,
    pub(super) intent_name: String,
}

impl Header {
    /// Parses all bytes of a header.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Wrong> {
        let raw = parse(bytes)?;
        let (slope, intercept) = scale(&raw)?;
        Ok(Self {
            order: raw.order,
            length: raw.length,
            pair: raw.pair,
            shape: shape(&raw)?,
            number: number(&raw)?,
            data_start: data_start(&raw)?,
            slope,
            intercept,
            affine: affine(&raw)?,
            intent_name: raw.intent_name,
        })
    }

    /// How far sform and qform place the same corner of the image apart, in voxels; `None` where there are not both.
    pub(super) fn places_apart(bytes: &[u8]) -> Result<Option<f64>, Wrong> {
        let raw = parse(bytes)?;
        let shape = shape(&raw)?;
        Ok(match (sform(&raw)?, qform(&raw)) {
            (Some(sform), Some(Ok(qform))) => Some(sform.apart_from(&qform, shape)),
            (Some(_), Some(Err(_))) => Some(f64::INFINITY),
            _ => None,
        })
    }

    pub(super) fn voxels(&self) -> u64 {
        self.shape.iter().map(|&n| n as u64).product()
    }
}

fn number(raw: &Raw) -> Result<Number, Wrong> {
    Ok(match (raw.datatype, raw.bits) {
        (2, 8) => Number::U8,
        (256, 8) => Number::I8,
        (4, 16) => Number::I16,
        (512, 16) => Number::U16,
        (8, 32) => Number::I32,
        (768, 32) => Number::U32,
        (1024, 64) => Number::I64,
        (1280, 64) => Number::U64,
        (FLOAT32, 32) => Number::F32,
        (64, 64) => Number::F64,
        (datatype, bits) => {
            return Err(("datatype/bitpix", format!("{datatype}/{bits}"), "a real number type of 8 to 64 bits"));
        }
    })
}

fn shape(raw: &Raw) -> Result<[usize; 3], Wrong> {
    let (dim, axes) = (&raw.dim, raw.dim[0]);
    let single = |range: std::ops::Range<usize>| dim[range].iter().all(|&n| n == 1);
    let possible = |n: &i64| (1..=LONGEST).contains(n);
    if !(3..=7).contains(&axes) || !dim[1..4].iter().all(possible) || !single(4..axes as usize + 1) {
        return Err(("dim", format!("{dim:?}"), "three axes of at least one voxel, and one frame"));
    }
    Ok([dim[1], dim[2], dim[3]].map(|n| n as usize))
}

/// In one file the voxels follow the header, in a pair they begin wherever it says.
fn data_start(raw: &Raw) -> Result<u64, Wrong> {
    let (least, expected) = match (raw.pair, raw.length) {
        (true, _) => (0, "a whole number of at least 0"),
        (false, NIFTI2) => (NIFTI2 + 4, "a whole number of at least 544"),
        (false, _) => (DATA_START, "a whole number of at least 352"),
    };
    let offset = raw.vox_offset;
    if offset.fract() != 0.0 || !(least as f64..1e9).contains(&offset) {
        return Err(("vox_offset", offset.to_string(), expected));
    }
    Ok(offset as u64)
}

/// Slope and intercept of the stored numbers. A slope of 0 means that they are not scaled, whatever the intercept is.
fn scale(raw: &Raw) -> Result<(f64, f64), Wrong> {
    match (raw.slope, raw.intercept) {
        (0.0, _) => Ok((1.0, 0.0)),
        (slope, intercept) if slope.is_finite() && intercept.is_finite() => Ok((slope, intercept)),
        (slope, intercept) => {
            let expected = "finite numbers, or a slope of 0, which leaves the voxels as they are";
            Err(("scl_slope/scl_inter", format!("{slope}/{intercept}"), expected))
        }
    }
}

/// The sform where there is one, the qform otherwise.
fn affine(raw: &Raw) -> Result<Affine, Wrong> {
    match (sform(raw)?, qform(raw)) {
        (Some(sform), _) => Ok(sform),
        (None, Some(qform)) => qform,
        (None, None) => Err(("qform_code/sform_code", "0/0".into(), "an orientation: at least one code > 0")),
    }
}

fn sform(raw: &Raw) -> Result<Option<Affine>, Wrong> {
    (raw.sform_code > 0).then(|| in_mm(raw, Affine(raw.rows))).transpose()
}

fn qform(raw: &Raw) -> Option<Result<Affine, Wrong>> {
    let [handedness, dx, dy, dz, ..] = raw.pixdim;
    let affine = || affine_of_quaternion(raw.quaternion, handedness, [dx, dy, dz], raw.offset);
    (raw.qform_code > 0).then(|| affine().and_then(|affine| in_mm(raw, affine)))
}

/// From RAS in the unit of the file to LPS in mm.
fn in_mm(raw: &Raw, affine: Affine) -> Result<Affine, Wrong> {
    let mm = match raw.units & 7 {
        0 | MILLIMETRE => 1.0, // files that leave the unit open are in mm
        1 => 1000.0,
        3 => 0.001,
        other => return Err(("xyzt_units", other.to_string(), "m, mm or µm")),
    };
    Ok(Affine(affine.0.map(|row| row.map(|value| value * mm))).turned_about_z())
}

/// Header of a float32 file of an image, with the four bytes that say that there are no extensions.
pub(super) fn header_of(image: &Image) -> Result<[u8; DATA_START], Wrong> {
    let mut bytes = [0; DATA_START];
    let mut put = |start: usize, field: &[u8]| bytes[start..start + field.len()].copy_from_slice(field);
    put(0, &(NIFTI1 as i32).to_le_bytes());
    put(40, &3_i16.to_le_bytes());
    for axis in 0..4 {
        let length = image.grid.shape.get(axis).copied().unwrap_or(1);
        let expected = "1 to 32767 voxels on each axis";
        let length = i16::try_from(length).map_err(|_| ("the shape of the image", length.to_string(), expected))?;
        put(42 + 2 * axis, &length.to_le_bytes());
    }
    for axis in 4..7 {
        put(42 + 2 * axis, &1_i16.to_le_bytes());
    }
    put(70, &FLOAT32.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    put_floats(&mut put, 76, &[1.0]);
    put_floats(&mut put, 80, &image.grid.voxel_mm);
    put_floats(&mut put, 108, &[DATA_START as f64, 1.0]);
    put(123, &[MILLIMETRE]);
    put(148, format!("Coincide PET; values in {}", image.unit).as_bytes());
    put(252, &SCANNER.to_le_bytes());
    put(254, &SCANNER.to_le_bytes());
    // LPS to RAS turns x and y around: half a turn about z, the quaternion (0, 0, 0, 1).
    let affine = Affine::of_grid(&image.grid).turned_about_z();
    put_floats(&mut put, 264, &[1.0]);
    put_floats(&mut put, 268, &affine.0.map(|row| row[3]));
    put_floats(&mut put, 280, affine.0.as_flattened());
    put(328, image.unit.to_string().as_bytes());
    put(344, b"n+1\0");
    Ok(bytes)
}

fn put_floats(put: &mut impl FnMut(usize, &[u8]), start: usize, values: &[f64]) {
    for (index, &value) in values.iter().enumerate() {
        put(start + 4 * index, &(value as f32).to_le_bytes());
    }
}
