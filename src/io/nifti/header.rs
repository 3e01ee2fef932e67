//! The 348-byte header of NIfTI-1 (Cox et al. 2004, "A (sort of) new image data format standard: NIfTI-1", NeuroImage
//! 22).

use super::Wrong;
use super::orientation::Affine;
use crate::image::Image;

/// Length of the header.
pub(super) const LENGTH: usize = 348;
/// Where the voxels start in a file without extensions: header, four bytes that announce extensions.
pub(super) const DATA_START: usize = 352;
/// `xyzt_units` for mm, `datatype` of float32, `qform_code`/`sform_code` of scanner coordinates.
const MILLIMETRE: u8 = 2;
const FLOAT32: i16 = 16;
const SCANNER: i16 = 1;

/// How one voxel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    U8,
    I8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Number {
    fn of(datatype: i16, bits: i16) -> Option<Self> {
        Some(match (datatype, bits) {
            (2, 8) => Self::U8,
            (256, 8) => Self::I8,
            (4, 16) => Self::I16,
            (512, 16) => Self::U16,
            (8, 32) => Self::I32,
            (768, 32) => Self::U32,
            (FLOAT32, 32) => Self::F32,
            (64, 64) => Self::F64,
            _ => return None,
        })
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The number in the first [`bytes`](Self::bytes) bytes.
    pub(super) fn read(self, bytes: &[u8], order: Order) -> f64 {
        match self {
            Self::U8 => f64::from(bytes[0]),
            Self::I8 => f64::from(bytes[0] as i8),
            Self::I16 => f64::from(i16::from_le_bytes(order.take(bytes))),
            Self::U16 => f64::from(u16::from_le_bytes(order.take(bytes))),
            Self::I32 => f64::from(i32::from_le_bytes(order.take(bytes))),
            Self::U32 => f64::from(u32::from_le_bytes(order.take(bytes))),
            Self::F32 => f64::from(f32::from_le_bytes(order.take(bytes))),
            Self::F64 => f64::from_le_bytes(order.take(bytes)),
        }
    }
}

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The first `N` bytes in little-endian order.
    fn take<const N: usize>(self, bytes: &[u8]) -> [u8; N] {
        std::array::from_fn(|i| if self == Self::Little { bytes[i] } else { bytes[N - 1 - i] })
    }
}

/// What the reader needs of a header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) order: Order,
    pub(super) shape: [usize; 3],
    pub(super) number: Number,
    pub(super) data_start: u64,
    pub(super) slope: f64,
    pub(super) intercept: f64,
    pub(super) affine: Affine,
    pub(super) intent_name: String,
}

impl Header {
    pub(super) fn parse(bytes: &[u8; LENGTH]) -> Result<Self, Wrong> {
        let order = order(bytes)?;
        let fields = Fields { bytes, order };
        let (datatype, bits) = (fields.short(70), fields.short(72));
        let number = Number::of(datatype, bits).ok_or((
            "datatype/bitpix",
            format!("{datatype}/{bits}"),
            "a real number type of 8 to 64 bits",
        ))?;
        let (slope, intercept) = fields.scale()?;
        let name: Vec<u8> = bytes[328..344].iter().copied().take_while(|&byte| byte != 0).collect();
        Ok(Self {
            order,
            shape: fields.shape()?,
            number,
            data_start: fields.data_start()?,
            slope,
            intercept,
            affine: fields.affine()?,
            intent_name: String::from_utf8_lossy(&name).into_owned(),
        })
    }

    /// How far sform and qform place the same corner of the image apart, in voxels; `None` where there are not both.
    pub(super) fn places_apart(bytes: &[u8; LENGTH]) -> Result<Option<f64>, Wrong> {
        let fields = Fields { bytes, order: order(bytes)? };
        let shape = fields.shape()?;
        Ok(match (fields.sform()?, fields.qform()) {
            (Some(sform), Some(Ok(qform))) => Some(sform.apart_from(&qform, shape)),
            (Some(_), Some(Err(_))) => Some(f64::INFINITY),
            _ => None,
        })
    }

    pub(super) fn voxels(&self) -> u64 {
        self.shape.iter().map(|&n| n as u64).product()
    }
}

fn order(bytes: &[u8; LENGTH]) -> Result<Order, Wrong> {
    let size = [bytes[0], bytes[1], bytes[2], bytes[3]];
    let order = match (i32::from_le_bytes(size), i32::from_be_bytes(size)) {
        (348, _) => Order::Little,
        (_, 348) => Order::Big,
        (540, _) | (_, 540) => return Err(("sizeof_hdr", "540 (NIfTI-2)".into(), "348 (NIfTI-1)")),
        (other, _) => return Err(("sizeof_hdr", other.to_string(), "348")),
    };
    match &bytes[344..348] {
        b"n+1\0" => Ok(order),
        b"ni1\0" => Err(("magic", "ni1 (header and voxels in two files)".into(), "n+1 (one file)")),
        other => Err(("magic", format!("{other:02x?}"), "n+1")),
    }
}

struct Fields<'a> {
    bytes: &'a [u8; LENGTH],
    order: Order,
}

impl Fields<'_> {
    fn short(&self, start: usize) -> i16 {
        i16::from_le_bytes(self.order.take(&self.bytes[start..]))
    }

    /// The f64 of the shortest decimal number that gives the stored f32: 2.08626 comes back as 2.08626.
    fn float(&self, start: usize) -> f64 {
        let stored = f32::from_le_bytes(self.order.take(&self.bytes[start..]));
        stored.to_string().parse().unwrap_or(f64::from(stored))
    }

    fn shape(&self) -> Result<[usize; 3], Wrong> {
        let dim: Vec<i16> = (0..8).map(|axis| self.short(40 + 2 * axis)).collect();
        let axes = dim[0];
        let single = |range: std::ops::Range<usize>| dim[range].iter().all(|&n| n == 1);
        if !(3..=7).contains(&axes) || dim[1..4].iter().any(|&n| n < 1) || !single(4..axes as usize + 1) {
            return Err(("dim", format!("{dim:?}"), "three axes of at least one voxel, and one frame"));
        }
        Ok([dim[1], dim[2], dim[3]].map(|n| n as usize))
    }

    fn data_start(&self) -> Result<u64, Wrong> {
        let offset = self.float(108);
        if offset.fract() != 0.0 || !(DATA_START as f64..1e9).contains(&offset) {
            return Err(("vox_offset", offset.to_string(), "a whole number of at least 352"));
        }
        Ok(offset as u64)
    }

    /// Slope and intercept of the stored numbers. A slope of 0 means that they are not scaled, whatever the intercept
    /// is.
    fn scale(&self) -> Result<(f64, f64), Wrong> {
        match (self.float(112), self.float(116)) {
            (0.0, _) => Ok((1.0, 0.0)),
            (slope, intercept) if slope.is_finite() && intercept.is_finite() => Ok((slope, intercept)),
            (slope, intercept) => {
                let expected = "finite numbers, or a slope of 0, which leaves the voxels as they are";
                Err(("scl_slope/scl_inter", format!("{slope}/{intercept}"), expected))
            }
        }
    }

    /// The sform where there is one, the qform otherwise, in mm.
    fn affine(&self) -> Result<Affine, Wrong> {
        match (self.sform()?, self.qform()) {
            (Some(sform), _) => Ok(sform),
            (None, Some(qform)) => qform,
            (None, None) => Err(("qform_code/sform_code", "0/0".into(), "an orientation: at least one code > 0")),
        }
    }

    fn floats(&self, start: usize) -> [f64; 4] {
        std::array::from_fn(|i| self.float(start + 4 * i))
    }

    fn sform(&self) -> Result<Option<Affine>, Wrong> {
        let rows = [280, 296, 312].map(|start| self.floats(start));
        (self.short(254) > 0).then(|| self.in_mm(Affine(rows))).transpose()
    }

    fn qform(&self) -> Option<Result<Affine, Wrong>> {
        let ([handedness, dx, dy, dz], [b, c, d, _], [x, y, z, _]) =
            (self.floats(76), self.floats(256), self.floats(268));
        let affine = || Affine::of_quaternion([b, c, d], handedness, [dx, dy, dz], [x, y, z]);
        (self.short(252) > 0).then(|| affine().and_then(|affine| self.in_mm(affine)))
    }

    fn in_mm(&self, affine: Affine) -> Result<Affine, Wrong> {
        let mm = match self.bytes[123] & 7 {
            0 | MILLIMETRE => 1.0, // files that leave the unit open are in mm
            1 => 1000.0,
            3 => 0.001,
            other => return Err(("xyzt_units", other.to_string(), "m, mm or µm")),
        };
        Ok(Affine(affine.0.map(|row| row.map(|value| value * mm))))
    }
}

/// Header of a float32 file of an image, with the four bytes that say that there are no extensions.
pub(super) fn header_of(image: &Image) -> Result<[u8; DATA_START], Wrong> {
    let mut bytes = [0; DATA_START];
    let mut put = |start: usize, field: &[u8]| bytes[start..start + field.len()].copy_from_slice(field);
    put(0, &348_i32.to_le_bytes());
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
    let affine = Affine::of_grid(&image.grid);
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
