//! The weight of a prior: a number, or found from the data.

use crate::units::Positive;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// `beta = 0.002` or `beta = "auto"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beta {
    /// The weight, per unit of R.
    Value(Positive),
    /// The weight whose image predicts held-out counts best.
    Auto,
}

impl Serialize for Beta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Auto => serializer.serialize_str("auto"),
        }
    }
}

impl<'de> Deserialize<'de> for Beta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BetaVisitor)
    }
}

struct BetaVisitor;

impl BetaVisitor {
    fn number<E: Error>(value: f64) -> Result<Beta, E> {
        Positive::try_from(value).map(Beta::Value).map_err(|text| E::custom(format!("{text}, or \"auto\"")))
    }
}

impl Visitor<'_> for BetaVisitor {
    type Value = Beta;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a finite number > 0, or \"auto\"")
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Beta, E> {
        Self::number(value)
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Beta, E> {
        Self::number(value as f64)
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Beta, E> {
        Self::number(value as f64)
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Beta, E> {
        match value {
            "auto" => Ok(Beta::Auto),
            _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
        }
    }
}

impl JsonSchema for Beta {
    fn schema_name() -> Cow<'static, str> {
        "Beta".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "number", "exclusiveMinimum": 0.0 }, { "const": "auto" }] })
    }
}
