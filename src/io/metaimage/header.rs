//! The header of a MetaImage: `Key = Value`, one per line, up to `ElementDataFile`.

use crate::image::ImageUnit;
use crate::io::IoError;
use crate::io::unit::unit_named;
use crate::io::voxels::{Affine, Number, Order};
use std::path::{Path, PathBuf};

/// Headers are a few hundred bytes; what is longer is another kind of file.
pub(super) const MAX_HEADER_BYTES: u64 = 1 << 16;
/// The key under which Coincide writes the unit; others pass it over.
pub(super) const UNIT_KEY: &str = "ImageUnit";

/// Where the voxels are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    /// Behind the header, from this byte on.
    Local(u64),
    /// In a file of their own.
    File(PathBuf),
}

/// What the reader needs of a header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub shape: [usize; 3],
    pub number: Number,
    pub order: Order,
    pub affine: Affine,
    pub compressed: bool,
    /// Bytes before the voxels in their file; `None`: the voxels are its end.
    pub skip: Option<u64>,
    pub data: Data,
    pub unit: Option<ImageUnit>,
}

/// Keys that say nothing of values or places, or that other keys say better: `AnatomicalOrientation` repeats
/// `TransformMatrix` in words that programs read in two ways, `CenterOfRotation` and `TransformType` belong to objects
/// that are turned, colours to viewers.
const HARMLESS: [&str; 13] = [
    "ObjectType",
    "ObjectSubType",
    "Comment",
    "Name",
    "ID",
    "ParentID",
    "CompressedDataSize",
    "AnatomicalOrientation",
    "CenterOfRotation",
    "TransformType",
    "Color",
    "Modality",
    "ElementNBits",
];
/// Words of keys that change values or places: a key that nobody here knows is refused if it holds one.
const SUSPECT: [&str; 9] =
    ["slope", "scale", "scaling", "intercept", "offset", "factor", "calibration", "unit", "intensity"];

/// The keys of a header, in the order of the file.
pub(super) struct Keys<'a> {
    path: &'a Path,
    keys: Vec<(String, String)>,
    /// Bytes up to the end of the line of `ElementDataFile`.
    length: u64,
}

/// Whether a line begins as the first of a MetaImage does.
pub(super) fn begins(start: &[u8]) -> bool {
    let line: Vec<u8> = start.iter().copied().take_while(|byte| !b"\r\n".contains(byte)).take(200).collect();
    let Ok(line) = String::from_utf8(line) else { return false };
    line.split_once('=')
        .is_some_and(|(key, _)| ["ObjectType", "NDims", "ObjectSubType", "Comment"].contains(&key.trim()))
}

impl<'a> Keys<'a> {
    /// Splits the beginning of a file.
    pub fn parse(path: &'a Path, bytes: &[u8]) -> Result<Self, IoError> {
        let text = |text: String| IoError::Format { path: path.into(), text };
        let (mut keys, mut rest, mut number) = (Vec::<(String, String)>::new(), bytes, 0);
        while !rest.is_empty() {
            number += 1;
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
            let line = String::from_utf8_lossy(&rest[..end.min(4096)]).trim().to_owned();
            rest = &rest[end..];
            if line.is_empty() {
                continue;
            }
            let pair = line.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
            let short: String = line.chars().take(60).collect();
            let (key, value) = pair.ok_or_else(|| text(format!("line {number} is no `Key = Value`: `{short}`")))?;
            if keys.iter().any(|(known, found)| *known == key && *found != value) {
                return Err(text(format!("`{key}` is there twice, with different values")));
            }
            let last = key == "ElementDataFile";
            keys.push((key, value));
            if last {
                return Ok(Self { path, keys, length: (bytes.len() - rest.len()) as u64 });
            }
        }
        Err(text("holds no MetaImage header: `ElementDataFile` is missing, which ends it".into()))
    }

    fn wrong(&self, key: &str, found: impl ToString, expected: &str) -> IoError {
        let (path, field) = (self.path.into(), format!("`{key}`"));
        IoError::Field { path, field, found: found.to_string(), expected: expected.into() }
    }

    fn missing(&self, key: &str, expected: &str) -> IoError {
        IoError::Missing { path: self.path.into(), field: format!("`{key}`"), expected: expected.into() }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The value of a key of several names, which must not contradict each other.
    fn one_of(&self, names: &[&str]) -> Result<Option<&str>, IoError> {
        let mut said = names.iter().filter_map(|name| Some((name, self.text(name)?)));
        let Some((first, value)) = said.next() else { return Ok(None) };
        match said.find(|(_, other)| *other != value) {
            Some((name, other)) => Err(self.wrong(name, other, &format!("`{value}`, as `{first}` says"))),
            None => Ok(Some(value)),
        }
    }

    fn flag(&self, names: &[&str]) -> Result<Option<bool>, IoError> {
        match self.one_of(names)?.map(str::to_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "t" | "1") => Ok(Some(true)),
            Some("false" | "f" | "0") => Ok(Some(false)),
            Some(other) => Err(self.wrong(names[0], other, "True or False")),
        }
    }

    /// Numbers, of which there must be so many.
    fn numbers(&self, names: &[&str], count: usize) -> Result<Option<Vec<f64>>, IoError> {
        let Some(text) = self.one_of(names)? else { return Ok(None) };
        let numbers: Option<Vec<f64>> =
            text.split_whitespace().map(|word| word.parse().ok().filter(|number: &f64| number.is_finite())).collect();
        match numbers {
            Some(numbers) if numbers.len() == count => Ok(Some(numbers)),
            _ => Err(self.wrong(names[0], format!("`{text}`"), &format!("{count} finite numbers"))),
        }
    }

    fn refuse_unknown(&self) -> Result<(), IoError> {
        const KNOWN: [&str; 20] = [
            "NDims",
            "BinaryData",
            "BinaryDataByteOrderMSB",
            "ElementByteOrderMSB",
            "CompressedData",
            "TransformMatrix",
            "Rotation",
            "Orientation",
            "Offset",
            "Position",
            "Origin",
            "ElementSpacing",
            "ElementSize",
            "DimSize",
            "HeaderSize",
            "ElementNumberOfChannels",
            "ElementType",
            "ElementDataFile",
            "DistanceUnits",
            UNIT_KEY,
        ];
        for (key, value) in &self.keys {
            let lower = key.to_lowercase();
            let known = KNOWN.contains(&key.as_str()) || HARMLESS.contains(&key.as_str());
            if known || lower == "elementmin" || lower == "elementmax" {
                continue;
            }
            let added = lower.contains("offset") || lower.contains("intercept");
            let idle = value.parse::<f64>().is_ok_and(|number| number == if added { 0.0 } else { 1.0 });
            if SUSPECT.iter().any(|word| lower.contains(word)) && !idle {
                let expected = "a key that is known: it seems to change values or places, and programs differ in \
                                whether they follow it; apply it and take it out";
                return Err(self.wrong(key, value, expected));
            }
        }
        Ok(())
    }

    /// What the keys say.
    pub fn judge(&self) -> Result<Header, IoError> {
        if let Some(kind) = self.text("ObjectType").filter(|kind| *kind != "Image") {
            return Err(self.wrong("ObjectType", kind, "Image"));
        }
        self.refuse_unknown()?;
        if self.flag(&["BinaryData"])? == Some(false) {
            return Err(self.wrong("BinaryData", "False", "True: numbers written as text are not read"));
        }
        if let Some(channels) = self.text("ElementNumberOfChannels").filter(|channels| *channels != "1") {
            return Err(self.wrong("ElementNumberOfChannels", channels, "1"));
        }
        if let Some(unit) = self.text("DistanceUnits").filter(|unit| !["mm", "?", ""].contains(unit)) {
            return Err(self.wrong("DistanceUnits", unit, "mm"));
        }
        let (shape, axes) = self.shape()?;
        let big = self.flag(&["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])?;
        Ok(Header {
            shape,
            number: self.number()?,
            order: if big == Some(true) { Order::Big } else { Order::Little },
            affine: self.affine(axes)?,
            compressed: self.flag(&["CompressedData"])? == Some(true),
            skip: self.skip()?,
            data: self.data()?,
            unit: self.unit()?,
        })
    }

    /// Shape and number of axes; axes beyond the third have one voxel.
    fn shape(&self) -> Result<([usize; 3], usize), IoError> {
        let axes = self.text("NDims").ok_or_else(|| self.missing("NDims", "3"))?;
        let expected = "3, or more where those beyond the third are one voxel long";
        let count = axes.parse().ok().filter(|axes| (3..=10).contains(axes));
        let count: usize = count.ok_or_else(|| self.wrong("NDims", axes, expected))?;
        let sizes = self.numbers(&["DimSize"], count)?.ok_or_else(|| self.missing("DimSize", "three sizes"))?;
        let possible = |size: &f64| size.fract() == 0.0 && (1.0..=(1 << 20) as f64).contains(size);
        if !sizes.iter().all(possible) || sizes[3..].iter().any(|&size| size != 1.0) {
            return Err(self.wrong(
                "DimSize",
                format!("{sizes:?}"),
                "three sizes of at least one voxel, and one frame",
            ));
        }
        Ok(([sizes[0] as usize, sizes[1] as usize, sizes[2] as usize], count))
    }

    fn number(&self) -> Result<Number, IoError> {
        let name = self.text("ElementType").ok_or_else(|| self.missing("ElementType", "MET_FLOAT"))?;
        Ok(match name {
            "MET_CHAR" | "MET_ASCII_CHAR" => Number::I8,
            "MET_UCHAR" => Number::U8,
            "MET_SHORT" => Number::I16,
            "MET_USHORT" => Number::U16,
            // A long of this format has four bytes, whatever the machine.
            "MET_INT" | "MET_LONG" => Number::I32,
            "MET_UINT" | "MET_ULONG" => Number::U32,
            "MET_LONG_LONG" => Number::I64,
            "MET_ULONG_LONG" => Number::U64,
            "MET_FLOAT" => Number::F32,
            "MET_DOUBLE" => Number::F64,
            other => return Err(self.wrong("ElementType", other, "one real number: MET_UCHAR to MET_DOUBLE")),
        })
    }

    /// Row i of `TransformMatrix` is the direction of voxel axis i.
    fn affine(&self, axes: usize) -> Result<Affine, IoError> {
        let spacing = self.numbers(&["ElementSpacing"], axes)?;
        let spacing = match spacing {
            Some(spacing) => spacing,
            None => {
                self.numbers(&["ElementSize"], axes)?.ok_or_else(|| self.missing("ElementSpacing", "sizes in mm"))?
            }
        };
        if spacing[..3].iter().any(|&size| size <= 0.0) {
            return Err(self.wrong("ElementSpacing", format!("{spacing:?}"), "voxel sizes > 0 mm"));
        }
        let offset = self.numbers(&["Offset", "Position", "Origin"], axes)?;
        let offset = offset.ok_or_else(|| self.missing("Offset", "the place of the first voxel in mm"))?;
        let matrix = self.numbers(&["TransformMatrix", "Rotation", "Orientation"], axes * axes)?;
        let at = |row: usize, column: usize| match &matrix {
            Some(matrix) => matrix[row * axes + column],
            None => f64::from(u8::from(row == column)),
        };
        for axis in 0..3 {
            let length = (0..3).map(|row| at(axis, row).powi(2)).sum::<f64>().sqrt();
            if (length - 1.0).abs() > 1e-3 {
                return Err(self.wrong("TransformMatrix", format!("a row of length {length}"), "rows of length 1"));
            }
        }
        Ok(Affine(std::array::from_fn(|row| {
            let step = |axis: usize| spacing[axis] * at(axis, row);
            [step(0), step(1), step(2), offset[row]]
        })))
    }

    fn skip(&self) -> Result<Option<u64>, IoError> {
        match self.text("HeaderSize").map(|text| (text, text.parse::<i64>())) {
            None => Ok(Some(0)),
            Some((_, Ok(-1))) => Ok(None),
            Some((_, Ok(size))) if size >= 0 => Ok(Some(size as u64)),
            Some((text, _)) => Err(self.wrong("HeaderSize", text, "a number of bytes, or -1 for the end of the file")),
        }
    }

    fn data(&self) -> Result<Data, IoError> {
        let name = self.text("ElementDataFile").unwrap_or_default();
        let one = "LOCAL or the name of one file: give one file per image";
        match name {
            "" => Err(self.missing("ElementDataFile", one)),
            _ if name.eq_ignore_ascii_case("local") => Ok(Data::Local(self.length)),
            _ if name.to_lowercase().starts_with("list") && !name.contains('.') => {
                Err(self.wrong("ElementDataFile", "a list of files", one))
            }
            _ if name.contains('%') => {
                Err(self.wrong("ElementDataFile", format!("`{name}`, a pattern for many files"), one))
            }
            _ => Ok(Data::File(self.path.parent().unwrap_or(Path::new("")).join(name))),
        }
    }

    fn unit(&self) -> Result<Option<ImageUnit>, IoError> {
        let named =
            |name: &str| unit_named(name).ok_or_else(|| self.wrong(UNIT_KEY, name, crate::io::unit::UNIT_NAMES));
        self.text(UNIT_KEY).map(named).transpose()
    }
}
