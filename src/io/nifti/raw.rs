//! The fields of the two headers where the standards place them: 348 bytes of NIfTI-1 (Cox et al. 2004, "A (sort of)
//! new image data format standard: NIfTI-1", NeuroImage 22), 540 of NIfTI-2 (Data Format Working Group, 2011).

use super::Wrong;
use crate::io::voxels::Order;

/// Lengths of the headers.
pub(super) const NIFTI1: usize = 348;
pub(super) const NIFTI2: usize = 540;

/// The fields that are read, of either version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raw {
    pub order: Order,
    /// Length of the header.
    pub length: usize,
    /// Whether the voxels are in another file, `.img` beside `.hdr`.
    pub pair: bool,
    pub datatype: i16,
    pub bits: i16,
    pub dim: [i64; 8],
    pub pixdim: [f64; 8],
    pub vox_offset: f64,
    pub slope: f64,
    pub intercept: f64,
    pub qform_code: i32,
    pub sform_code: i32,
    pub quaternion: [f64; 3],
    pub offset: [f64; 3],
    pub rows: [[f64; 4]; 3],
    pub units: u8,
    pub intent_name: String,
}

/// Byte order and length of the header that begins with `start` (its first four bytes).
pub(super) fn version(start: [u8; 4]) -> Result<(Order, usize), Wrong> {
    match (i32::from_le_bytes(start), i32::from_be_bytes(start)) {
        (348, _) => Ok((Order::Little, NIFTI1)),
        (_, 348) => Ok((Order::Big, NIFTI1)),
        (540, _) => Ok((Order::Little, NIFTI2)),
        (_, 540) => Ok((Order::Big, NIFTI2)),
        (other, _) => Err(("sizeof_hdr", other.to_string(), "348 (NIfTI-1) or 540 (NIfTI-2)")),
    }
}

/// Reads the fields of a whole header.
pub(super) fn parse(bytes: &[u8]) -> Result<Raw, Wrong> {
    let (order, length) = version(std::array::from_fn(|i| bytes[i]))?;
    match length {
        NIFTI1 => first(Fields { bytes, order }),
        _ => second(Fields { bytes, order }),
    }
}

struct Fields<'a> {
    bytes: &'a [u8],
    order: Order,
}

impl Fields<'_> {
    fn i16(&self, start: usize) -> i16 {
        i16::from_le_bytes(self.order.take(&self.bytes[start..]))
    }

    fn i32(&self, start: usize) -> i32 {
        i32::from_le_bytes(self.order.take(&self.bytes[start..]))
    }

    fn i64(&self, start: usize) -> i64 {
        i64::from_le_bytes(self.order.take(&self.bytes[start..]))
    }

    /// The f64 of the shortest decimal number that gives the stored f32: 2.08626 comes back as 2.08626.
    fn f32(&self, start: usize) -> f64 {
        let stored = f32::from_le_bytes(self.order.take(&self.bytes[start..]));
        stored.to_string().parse().unwrap_or(f64::from(stored))
    }

    fn f64(&self, start: usize) -> f64 {
        f64::from_le_bytes(self.order.take(&self.bytes[start..]))
    }

    fn text(&self, range: std::ops::Range<usize>) -> String {
        let name: Vec<u8> = self.bytes[range].iter().copied().take_while(|&byte| byte != 0).collect();
        String::from_utf8_lossy(&name).into_owned()
    }
}

fn first(fields: Fields) -> Result<Raw, Wrong> {
    let pair = match &fields.bytes[344..348] {
        b"n+1\0" => false,
        b"ni1\0" => true,
        other => return Err(("magic", format!("{other:02x?}"), "n+1 (one file) or ni1 (.hdr and .img)")),
    };
    let floats = |start: usize| std::array::from_fn(|i| fields.f32(start + 4 * i));
    Ok(Raw {
        order: fields.order,
        length: NIFTI1,
        pair,
        datatype: fields.i16(70),
        bits: fields.i16(72),
        dim: std::array::from_fn(|i| fields.i16(40 + 2 * i).into()),
        pixdim: std::array::from_fn(|i| fields.f32(76 + 4 * i)),
        vox_offset: fields.f32(108),
        slope: fields.f32(112),
        intercept: fields.f32(116),
        qform_code: fields.i16(252).into(),
        sform_code: fields.i16(254).into(),
        quaternion: std::array::from_fn(|i| fields.f32(256 + 4 * i)),
        offset: std::array::from_fn(|i| fields.f32(268 + 4 * i)),
        rows: [280, 296, 312].map(floats),
        units: fields.bytes[123],
        intent_name: fields.text(328..344),
    })
}

fn second(fields: Fields) -> Result<Raw, Wrong> {
    // The last four bytes tell a transfer as text.
    let pair = match &fields.bytes[4..12] {
        b"n+2\0\r\n\x1a\n" => false,
        b"ni2\0\r\n\x1a\n" => true,
        other => return Err(("magic", format!("{other:02x?}"), "n+2 (one file) or ni2 (.hdr and .img)")),
    };
    let floats = |start: usize| std::array::from_fn(|i| fields.f64(start + 8 * i));
    Ok(Raw {
        order: fields.order,
        length: NIFTI2,
        pair,
        datatype: fields.i16(12),
        bits: fields.i16(14),
        dim: std::array::from_fn(|i| fields.i64(16 + 8 * i)),
        pixdim: std::array::from_fn(|i| fields.f64(104 + 8 * i)),
        vox_offset: fields.i64(168) as f64,
        slope: fields.f64(176),
        intercept: fields.f64(184),
        qform_code: fields.i32(344),
        sform_code: fields.i32(348),
        quaternion: std::array::from_fn(|i| fields.f64(352 + 8 * i)),
        offset: std::array::from_fn(|i| fields.f64(376 + 8 * i)),
        rows: [400, 432, 464].map(floats),
        units: (fields.i32(500) & 0xff) as u8,
        intent_name: fields.text(508..524),
    })
}
