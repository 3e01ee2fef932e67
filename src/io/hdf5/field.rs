//! Single fields: numbers and short labels as attributes, long texts as small datasets.

use super::{IoError, Provenance, Source};
use ::hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor as Type};
use ::hdf5::{Container, Group, Location, Result as Hdf5Result};

/// Bytes of a label, and of one piece of a text.
const LABEL: usize = 64;
const PIECE: usize = 4096;

pub(super) fn put_integer(place: &Location, name: &str, value: i64) -> Hdf5Result<()> {
    place.new_attr::<i64>().create(name)?.write_scalar(&value)
}

pub(super) fn put_number(place: &Location, name: &str, value: f64) -> Hdf5Result<()> {
    place.new_attr::<f64>().create(name)?.write_scalar(&value)
}

pub(super) fn put_numbers(place: &Location, name: &str, values: &[f64]) -> Hdf5Result<()> {
    place.new_attr_builder().with_data(values).create(name).map(drop)
}

pub(super) fn put_label(place: &Location, name: &str, label: &str) -> Hdf5Result<()> {
    let label: FixedUnicode<LABEL> = label.parse().map_err(|error| format!("{name}: {error}"))?;
    place.new_attr::<FixedUnicode<LABEL>>().create(name)?.write_scalar(&label)
}

/// A text of any length as a list of strings of up to [`PIECE`] bytes, to be joined.
pub(super) fn put_text(group: &Group, name: &str, text: &str) -> Hdf5Result<()> {
    if text.contains('\0') {
        return Err(format!("{name}: the text holds a zero byte").into());
    }
    let pieces = pieces(text)
        .map(|piece| piece.parse::<FixedUnicode<PIECE>>().map_err(|error| format!("{name}: {error}")))
        .collect::<Result<Vec<_>, _>>()?;
    let builder = group.new_dataset_builder().chunk(pieces.len()).deflate(4).fletcher32();
    builder.with_data(&pieces).create(name).map(drop)
}

pub(super) fn put_provenance(file: &Group, provenance: &Provenance) -> Hdf5Result<()> {
    let group = file.create_group("provenance")?;
    for (key, text) in &provenance.0 {
        if key.is_empty() || key.contains('/') || key.starts_with('.') {
            return Err(format!("provenance key `{key}` is empty, holds a `/` or starts with a dot").into());
        }
        put_text(&group, key, text)?;
    }
    Ok(())
}

/// Cuts between characters; an empty text is one empty piece.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut end = text.len().min(PIECE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, tail) = text.split_at(end);
        rest = (!tail.is_empty()).then_some(tail);
        Some(piece)
    })
}

impl Source {
    pub(super) fn has(&self, place: &Location, name: &str) -> Result<bool, IoError> {
        Ok(self.checked(place.attr_names())?.iter().any(|other| other == name))
    }

    pub(super) fn integer(&self, place: &Location, name: &str) -> Result<i64, IoError> {
        let attribute = self.attribute(place, name, "an integer")?;
        match self.checked(attribute.dtype().and_then(|kind| kind.to_descriptor()))? {
            Type::Integer(_) | Type::Unsigned(_) if attribute.is_scalar() => self.checked(attribute.read_scalar()),
            other => Err(self.wrong(name, describe(&attribute, &other), "one integer")),
        }
    }

    /// A size: an integer from 1 to 2³¹.
    pub(super) fn size(&self, place: &Location, name: &str) -> Result<usize, IoError> {
        let found = self.integer(place, name)?;
        usize::try_from(found)
            .ok()
            .filter(|&size| (1..1 << 31).contains(&size))
            .ok_or_else(|| self.wrong(name, found, "a size from 1 to 2147483647"))
    }

    /// Finite numbers, as many as asked for.
    pub(super) fn numbers<const N: usize>(&self, place: &Location, name: &str) -> Result<[f64; N], IoError> {
        let expected = format!("{N} finite number{}", if N == 1 { "" } else { "s" });
        let attribute = self.attribute(place, name, &expected)?;
        let kind = self.checked(attribute.dtype().and_then(|kind| kind.to_descriptor()))?;
        let numeric = matches!(kind, Type::Integer(_) | Type::Unsigned(_) | Type::Float(_));
        if !numeric || attribute.shape().iter().try_fold(1, |size: usize, &n| size.checked_mul(n)) != Some(N) {
            return Err(self.wrong(name, describe(&attribute, &kind), expected));
        }
        let values: Vec<f64> = self.checked(attribute.read_raw())?;
        match <[f64; N]>::try_from(values) {
            Ok(numbers) if numbers.iter().all(|number| number.is_finite()) => Ok(numbers),
            Ok(numbers) => Err(self.wrong(name, format!("{numbers:?}"), expected)),
            Err(other) => Err(self.wrong(name, format!("{other:?}"), expected)),
        }
    }

    pub(super) fn label(&self, place: &Location, name: &str) -> Result<String, IoError> {
        let attribute = self.attribute(place, name, "a fixed-length string")?;
        let kind = self.checked(attribute.dtype().and_then(|kind| kind.to_descriptor()))?;
        let bytes = match kind {
            Type::FixedAscii(1..=LABEL) if attribute.is_scalar() => {
                self.checked(attribute.read_scalar::<FixedAscii<LABEL>>())?.as_bytes().to_vec()
            }
            Type::FixedUnicode(1..=LABEL) if attribute.is_scalar() => {
                self.checked(attribute.read_scalar::<FixedUnicode<LABEL>>())?.as_bytes().to_vec()
            }
            other => {
                let expected = format!("one fixed-length string of up to {LABEL} bytes (h5py: np.bytes_(text))");
                return Err(self.wrong(name, describe(&attribute, &other), expected));
            }
        };
        String::from_utf8(bytes).map_err(|error| self.wrong(name, error, "UTF-8"))
    }

    pub(super) fn text(&self, group: &Group, name: &str) -> Result<String, IoError> {
        let array = self.array(group, name)?;
        let bytes = match array.kind {
            Type::FixedAscii(1..=PIECE) => {
                join(&self.checked(array.dataset.read_raw::<FixedAscii<PIECE>>())?, |s| s.as_bytes())
            }
            Type::FixedUnicode(1..=PIECE) => {
                join(&self.checked(array.dataset.read_raw::<FixedUnicode<PIECE>>())?, |s| s.as_bytes())
            }
            other => {
                let expected = format!("fixed-length strings of up to {PIECE} bytes (h5py: np.bytes_(text))");
                return Err(self.wrong(name, describe(&array.dataset, &other), expected));
            }
        };
        String::from_utf8(bytes).map_err(|error| self.wrong(name, error, "UTF-8"))
    }

    fn attribute(&self, place: &Location, name: &str, expected: &str) -> Result<::hdf5::Attribute, IoError> {
        if !self.has(place, name)? {
            return Err(self.missing(name, expected));
        }
        self.checked(place.attr(name))
    }
}

fn join<T>(pieces: &[T], bytes: impl Fn(&T) -> &[u8]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| bytes(piece).iter().copied()).collect()
}

pub(super) fn describe(container: &Container, kind: &Type) -> String {
    format!("{kind} of shape {:?}", container.shape())
}
