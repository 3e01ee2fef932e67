//! Files with more about them: `file = "mu.nii.gz"`, or `file = { path = "mu.nii.gz", shift_mm = [0, 0, 12.5] }`.

use super::FilePath;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// A table that a bare path can stand for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PathOr<T>(pub T);

/// An image that lies somewhere.
pub type ImageFile = PathOr<PlacedFile>;

/// `{ path = …, centred = …, shift_mm = …, nan_is_air = … }`: an image, and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedFile {
    /// The file.
    pub path: FilePath,
    /// Whether its middle lies at the middle of the scanner, wherever the file says that it is.
    #[serde(default)]
    pub centred: bool,
    /// How far it is moved along x, y, z in mm, in the frame of the scanner; after `centred`.
    #[serde(default)]
    pub shift_mm: [f64; 3],
    /// Whether NaN around the object are air; those inside of it, and all of them by default, are an error.
    #[serde(default)]
    pub nan_is_air: bool,
}

impl From<FilePath> for PlacedFile {
    fn from(path: FilePath) -> Self {
        Self { path, centred: false, shift_mm: [0.0; 3], nan_is_air: false }
    }
}

impl<T> Deref for PathOr<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: From<FilePath>> From<&str> for PathOr<T> {
    fn from(path: &str) -> Self {
        Self(FilePath::from(path).into())
    }
}

impl<'de, T: DeserializeOwned + From<FilePath>> Deserialize<'de> for PathOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By the name of a path, which is resolved on the way here; a table resolves its own.
        deserializer.deserialize_newtype_struct("FilePath", Either(PhantomData)).map(Self)
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned + From<FilePath>> Visitor<'de> for Either<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a path, or a table with a `path`")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, path: &str) -> Result<T, E> {
        Ok(FilePath::from(path).into())
    }

    fn visit_map<M: MapAccess<'de>>(self, table: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(table))
    }
}

impl<T: JsonSchema> JsonSchema for PathOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("PathOr{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}
