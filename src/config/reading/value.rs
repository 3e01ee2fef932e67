//! One value of a TOML text, and all that is in it.

use super::{Fault, Kind};
use crate::paths::resolved;
use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

/// A value and its place.
pub(super) struct Value<'de, 'f> {
    pub value: DeValue<'de>,
    pub at: Range<usize>,
    /// Where relative paths start.
    pub folder: &'f Path,
}

type Key<'de> = Spanned<Cow<'de, str>>;

impl<'de, 'f> Value<'de, 'f> {
    fn of(value: Spanned<DeValue<'de>>, folder: &'f Path) -> Self {
        Self { at: value.span(), value: value.into_inner(), folder }
    }

    /// What a type makes of the value; types that check themselves say what is wrong without a place.
    fn read<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        let at = self.at.clone();
        seed.deserialize(self).map_err(|fault| fault.or_at(&at))
    }

    /// A list, or what stands in its place.
    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let number = match &self.value {
            DeValue::Integer(value) => value.as_str().parse().ok().map(Unexpected::Signed),
            DeValue::Float(value) => value.as_str().parse().ok().map(Unexpected::Float),
            _ => None,
        };
        match number {
            Some(number) => {
                let text = Fault::invalid_type(number, &visitor).to_string();
                Err(Fault::new(Kind::NoList(text)).or_at(&self.at))
            }
            None => self.deserialize_any(visitor),
        }
    }
}

/// What serde makes of an integer: the smallest type that holds it.
fn integer<'de, V: Visitor<'de>>(value: &DeInteger, visitor: V) -> Result<V::Value, Fault> {
    let (text, radix) = (value.as_str(), value.radix());
    match (i64::from_str_radix(text, radix), u64::from_str_radix(text, radix)) {
        (Ok(value), _) => visitor.visit_i64(value),
        (_, Ok(value)) => visitor.visit_u64(value),
        _ => Err(Fault::custom(format_args!("{text} is too large a number"))),
    }
}

fn float<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Fault> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() || text.contains("inf") || text.contains("nan") => visitor.visit_f64(value),
        _ => Err(Fault::custom(format_args!("{text} is too large a number"))),
    }
}

impl<'de> Deserializer<'de> for Value<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let read = match self.value {
            DeValue::String(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            DeValue::String(Cow::Owned(text)) => visitor.visit_string(text),
            DeValue::Integer(value) => integer(&value, visitor),
            DeValue::Float(value) => float(value.as_str(), visitor),
            DeValue::Boolean(value) => visitor.visit_bool(value),
            DeValue::Datetime(value) => Err(Fault::invalid_type(Unexpected::Other(&format!("date {value}")), &visitor)),
            DeValue::Array(values) => visitor.visit_seq(Values { values: values.into_iter(), folder: self.folder }),
            DeValue::Table(table) => {
                visitor.visit_map(Entries { entries: table.into_iter(), value: None, folder: self.folder })
            }
        };
        read.map_err(|fault| fault.or_at(&self.at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        let path = match &self.value {
            DeValue::String(text) => resolved(name, text, self.folder),
            _ => None,
        };
        let value = path.map_or(self.value, |path| DeValue::String(path.into()));
        visitor.visit_newtype_struct(Self { value, ..self })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let read = match self.value {
            DeValue::String(name) => visitor.visit_enum(name.into_owned().into_deserializer()),
            DeValue::Table(table) if table.len() == 1 => match table.into_iter().next() {
                Some((name, value)) => visitor.visit_enum(Choice { name, value: Value::of(value, self.folder) }),
                None => Err(Fault::new(Kind::NotOne)),
            },
            DeValue::Table(_) => Err(Fault::new(Kind::NotOne)),
            _ => Err(Fault::custom("wanted string or table")),
        };
        read.map_err(|fault| fault.or_at(&self.at))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple_struct map struct identifier ignored_any
    }
}

/// The values of a list.
struct Values<'de, 'f> {
    values: std::vec::IntoIter<Spanned<DeValue<'de>>>,
    folder: &'f Path,
}

impl<'de> SeqAccess<'de> for Values<'de, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.values.next().map(|value| Value::of(value, self.folder).read(seed)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// The entries of a table.
struct Entries<'de, 'f, I: Iterator<Item = (Key<'de>, Spanned<DeValue<'de>>)>> {
    entries: I,
    value: Option<Spanned<DeValue<'de>>>,
    folder: &'f Path,
}

impl<'de, I: Iterator<Item = (Key<'de>, Spanned<DeValue<'de>>)>> MapAccess<'de> for Entries<'de, '_, I> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        named(key, seed).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self.value.take() {
            Some(value) => Value::of(value, self.folder).read(seed),
            None => Err(Fault::custom("a value without a key; this is a bug")),
        }
    }
}

/// The one entry of a table that is a choice.
struct Choice<'de, 'f> {
    name: Key<'de>,
    value: Value<'de, 'f>,
}

impl<'de, 'f> EnumAccess<'de> for Choice<'de, 'f> {
    type Error = Fault;
    type Variant = Value<'de, 'f>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Value<'de, 'f>), Fault> {
        Ok((named(self.name, seed)?, self.value))
    }
}

/// A key or the name of a choice; what is wrong with it is wrong at its place.
fn named<'de, S: DeserializeSeed<'de>>(name: Key, seed: S) -> Result<S::Value, Fault> {
    let at = name.span();
    let name: StringDeserializer<Fault> = name.into_inner().into_owned().into_deserializer();
    seed.deserialize(name).map_err(|fault| fault.or_at(&at))
}

impl<'de> VariantAccess<'de> for Value<'de, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match &self.value {
            DeValue::Table(table) if table.is_empty() => Ok(()),
            DeValue::Table(_) => Err(Fault::custom("expected empty table").or_at(&self.at)),
            value => Err(Fault::custom(format_args!("expected table, found {}", value.type_str())).or_at(&self.at)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.read(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }
}
