//! The numbers of a data file: integers of 1, 2, 4 bytes, floats of 4, 8 bytes, either byte order.

use super::header::{Header, standard};
use crate::io::IoError;
use std::path::Path;

/// How one number is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// Unsigned integer of 1 byte.
    U8,
    /// Signed integer of 1 byte.
    I8,
    /// Unsigned integer of 2 bytes.
    U16,
    /// Signed integer of 2 bytes.
    I16,
    /// Unsigned integer of 4 bytes.
    U32,
    /// Signed integer of 4 bytes.
    I32,
    /// Float of 4 bytes.
    #[default]
    F32,
    /// Float of 8 bytes.
    F64,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// The least significant byte.
    #[default]
    Little,
    /// The most significant byte.
    Big,
}

/// How the numbers of a file are stored; the default is what STIR writes on common machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Format of one number.
    pub format: NumberFormat,
    /// Byte order.
    pub order: ByteOrder,
}

/// What is done to every stored number: number = stored × slope + offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::io) struct Scale {
    pub slope: f64,
    pub offset: f64,
}

impl Scale {
    /// Numbers as they are stored.
    pub const NONE: Self = Self { slope: 1.0, offset: 0.0 };

    fn of(self, stored: f64) -> f32 {
        (stored * self.slope + self.offset) as f32
    }
}

impl NumberFormat {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Interfile's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::U8 | Self::U16 | Self::U32 => "unsigned integer",
            Self::I8 | Self::I16 | Self::I32 => "signed integer",
            Self::F32 | Self::F64 => "float",
        }
    }

    /// Smallest and largest integer; `None` for floats.
    fn limits(self) -> Option<[f64; 2]> {
        match self {
            Self::U8 => Some([0.0, u8::MAX.into()]),
            Self::I8 => Some([i8::MIN.into(), i8::MAX.into()]),
            Self::U16 => Some([0.0, u16::MAX.into()]),
            Self::I16 => Some([i16::MIN.into(), i16::MAX.into()]),
            Self::U32 => Some([0.0, u32::MAX.into()]),
            Self::I32 => Some([i32::MIN.into(), i32::MAX.into()]),
            Self::F32 | Self::F64 => None,
        }
    }
}

impl Encoding {
    /// What a header says; Interfile's defaults are unsigned integers, most significant byte first.
    pub(in crate::io) fn of_header(header: &Header) -> Result<Self, IoError> {
        let name = standard(header.text("number format").unwrap_or("unsigned integer"));
        let bytes = header.number::<usize>("number of bytes per pixel")?;
        let bytes = bytes.ok_or_else(|| header.missing("number of bytes per pixel", "1, 2, 4 or 8"))?;
        let format = match (name.as_str(), bytes) {
            ("unsigned integer", 1) => NumberFormat::U8,
            ("unsigned integer", 2) => NumberFormat::U16,
            ("unsigned integer", 4) => NumberFormat::U32,
            ("signed integer", 1) => NumberFormat::I8,
            ("signed integer", 2) => NumberFormat::I16,
            ("signed integer", 4) => NumberFormat::I32,
            ("float" | "short float", 4) => NumberFormat::F32,
            ("float" | "long float", 8) => NumberFormat::F64,
            _ => {
                let found = format!("`{name}` of {bytes} bytes");
                return Err(header.wrong("number format", found, "an integer of 1, 2 or 4 or a float of 4 or 8 bytes"));
            }
        };
        // STIR writes `imagedata`, Siemens `image data`.
        let [stir, siemens] = ["imagedata byte order", "image data byte order"].map(|key| byte_order(header, key));
        let order = match (stir?, siemens?) {
            (Some(stir), Some(siemens)) if stir != siemens => {
                let found = "not what `image data byte order` says";
                return Err(header.wrong("imagedata byte order", found, "the same in both keys"));
            }
            (stir, siemens) => stir.or(siemens).unwrap_or(ByteOrder::Big),
        };
        Ok(Self { format, order })
    }

    /// Decodes numbers and scales them.
    pub(in crate::io) fn decode(self, bytes: &[u8], scale: Scale, values: &mut [f32]) {
        let of = |stored: f64| scale.of(stored);
        match self.format {
            NumberFormat::U8 => self.decode_as(bytes, values, |[b]: [u8; 1]| of(b.into())),
            NumberFormat::I8 => self.decode_as(bytes, values, |b| of(i8::from_le_bytes(b).into())),
            NumberFormat::U16 => self.decode_as(bytes, values, |b| of(u16::from_le_bytes(b).into())),
            NumberFormat::I16 => self.decode_as(bytes, values, |b| of(i16::from_le_bytes(b).into())),
            NumberFormat::U32 => self.decode_as(bytes, values, |b| of(u32::from_le_bytes(b).into())),
            NumberFormat::I32 => self.decode_as(bytes, values, |b| of(i32::from_le_bytes(b).into())),
            NumberFormat::F32 if scale == Scale::NONE => self.decode_as(bytes, values, f32::from_le_bytes),
            NumberFormat::F32 => self.decode_as(bytes, values, |b| of(f32::from_le_bytes(b).into())),
            NumberFormat::F64 => self.decode_as(bytes, values, |b| of(f64::from_le_bytes(b))),
        }
    }

    fn decode_as<const N: usize>(self, bytes: &[u8], values: &mut [f32], number: impl Fn([u8; N]) -> f32) {
        assert_eq!(bytes.len(), N * values.len(), "bytes and values differ");
        let (chunks, _) = bytes.as_chunks::<N>();
        for (value, &chunk) in values.iter_mut().zip(chunks) {
            let mut chunk = chunk;
            if self.order == ByteOrder::Big {
                chunk.reverse();
            }
            *value = number(chunk);
        }
    }

    /// The factor to store with integers so that `values` fit: 1 where all are whole numbers in range already.
    pub(super) fn scale_for(self, values: &[f32]) -> f64 {
        let Some([low, high]) = self.format.limits() else { return 1.0 };
        let fits = |v: f64| v.fract() == 0.0 && (low..=high).contains(&v);
        if values.iter().all(|&v| fits(v.into())) {
            return 1.0;
        }
        let largest = values.iter().fold(0.0_f64, |largest, &v| largest.max(v.abs().into()));
        if largest > 0.0 { largest / high } else { 1.0 }
    }

    /// Appends value / `scale` to `bytes`.
    pub(super) fn encode(self, value: f32, scale: f64, bytes: &mut Vec<u8>) {
        let number = value as f64 / scale;
        match self.format {
            NumberFormat::U8 => self.push(bytes, (number.round() as u8).to_le_bytes()),
            NumberFormat::I8 => self.push(bytes, (number.round() as i8).to_le_bytes()),
            NumberFormat::U16 => self.push(bytes, (number.round() as u16).to_le_bytes()),
            NumberFormat::I16 => self.push(bytes, (number.round() as i16).to_le_bytes()),
            NumberFormat::U32 => self.push(bytes, (number.round() as u32).to_le_bytes()),
            NumberFormat::I32 => self.push(bytes, (number.round() as i32).to_le_bytes()),
            NumberFormat::F32 => self.push(bytes, (number as f32).to_le_bytes()),
            NumberFormat::F64 => self.push(bytes, number.to_le_bytes()),
        }
    }

    fn push<const N: usize>(self, bytes: &mut Vec<u8>, mut number: [u8; N]) {
        if self.order == ByteOrder::Big {
            number.reverse();
        }
        bytes.extend_from_slice(&number);
    }

    /// The header's line of the byte order.
    pub(super) fn order_line(self) -> String {
        let order = if self.order == ByteOrder::Little { "LITTLEENDIAN" } else { "BIGENDIAN" };
        format!("imagedata byte order := {order}\n")
    }

    /// The header's lines of the number format.
    pub(super) fn format_lines(self) -> String {
        let (name, bytes) = (self.format.name(), self.format.bytes());
        format!("!number format := {name}\n!number of bytes per pixel := {bytes}\n")
    }
}

fn byte_order(header: &Header, key: &str) -> Result<Option<ByteOrder>, IoError> {
    match header.text(key).map(standard).as_deref() {
        None => Ok(None),
        Some("littleendian") => Ok(Some(ByteOrder::Little)),
        Some("bigendian") => Ok(Some(ByteOrder::Big)),
        Some(other) => Err(header.wrong(key, other, "LITTLEENDIAN or BIGENDIAN")),
    }
}

/// Refuses to write what could not be read back.
pub(super) fn check_values(path: &Path, encoding: Encoding, values: &[f32]) -> Result<(), IoError> {
    let signed = encoding.format.limits().is_none_or(|[low, _]| low < 0.0);
    match values.iter().position(|v| !v.is_finite() || (!signed && *v < 0.0)) {
        None => Ok(()),
        Some(at) => Err(IoError::Field {
            path: path.into(),
            field: format!("value {at} of the data to write"),
            found: values[at].to_string(),
            expected: if signed { "a finite number" } else { "a finite number >= 0, for unsigned integers" }.into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [NumberFormat; 8] = {
        use NumberFormat::*;
        [U8, I8, U16, I16, U32, I32, F32, F64]
    };

    fn round_trip(encoding: Encoding, values: &[f32]) -> Vec<f32> {
        let scale = encoding.scale_for(values);
        let mut bytes = Vec::new();
        values.iter().for_each(|&value| encoding.encode(value, scale, &mut bytes));
        let mut back = vec![f32::NAN; values.len()];
        encoding.decode(&bytes, Scale { slope: scale, offset: 0.0 }, &mut back);
        back
    }

    #[test]
    fn whole_numbers_come_back_in_every_format() {
        for format in FORMATS {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let values = [0.0, 1.0, 2.0, 127.0];
                assert_eq!(round_trip(Encoding { format, order }, &values), values, "{format:?} {order:?}");
            }
        }
    }

    #[test]
    fn integers_are_scaled_to_hold_fractions() {
        for format in FORMATS {
            let encoding = Encoding { format, order: ByteOrder::Big };
            let values = [0.0, 0.125, 3.7];
            for (a, b) in round_trip(encoding, &values).iter().zip(values) {
                let step = format.limits().map_or(1e-6, |[_, high]| 3.7 / high as f32);
                assert!((a - b).abs() <= 0.51 * step + 1e-6, "{format:?}: {a} for {b}");
            }
        }
    }

    #[test]
    fn bytes_are_as_the_machine_has_them() {
        let encoding = Encoding { format: NumberFormat::I16, order: ByteOrder::Big };
        let mut value = [0.0];
        encoding.decode(&[0xff, 0xfe], Scale { slope: 0.5, offset: 3.0 }, &mut value);
        assert_eq!(value, [2.0]);
    }
}
