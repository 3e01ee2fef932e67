//! One stored number: integers of 1 to 8 bytes, floats of 4 and 8.

/// How one voxel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) enum Number {
    U8,
    I8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Number {
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// The number in the first [`bytes`](Self::bytes) bytes.
    pub fn read(self, bytes: &[u8], order: Order) -> f64 {
        match self {
            Self::U8 => f64::from(bytes[0]),
            Self::I8 => f64::from(bytes[0] as i8),
            Self::I16 => f64::from(i16::from_le_bytes(order.take(bytes))),
            Self::U16 => f64::from(u16::from_le_bytes(order.take(bytes))),
            Self::I32 => f64::from(i32::from_le_bytes(order.take(bytes))),
            Self::U32 => f64::from(u32::from_le_bytes(order.take(bytes))),
            Self::I64 => i64::from_le_bytes(order.take(bytes)) as f64,
            Self::U64 => u64::from_le_bytes(order.take(bytes)) as f64,
            Self::F32 => f64::from(f32::from_le_bytes(order.take(bytes))),
            Self::F64 => f64::from_le_bytes(order.take(bytes)),
        }
    }
}

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) enum Order {
    Little,
    Big,
}

impl Order {
    /// The first `N` bytes in little-endian order.
    pub fn take<const N: usize>(self, bytes: &[u8]) -> [u8; N] {
        std::array::from_fn(|i| if self == Self::Little { bytes[i] } else { bytes[N - 1 - i] })
    }
}
