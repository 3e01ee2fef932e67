//! The figure that knobs are tuned by.

use crate::metrics::{Figure, NRMSE, Use, figures};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::sync::LazyLock;

/// A figure against the truth that a knob can be tuned by: any that has the use [`Use::Oracle`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oracle {
    /// The figure.
    pub figure: &'static Figure,
    /// Its name in a study.
    name: &'static str,
    /// What the best value is.
    best: &'static str,
}

static ORACLES: LazyLock<Vec<Oracle>> = LazyLock::new(|| {
    let of = |figure: &'static Figure| {
        figure.uses.iter().filter_map(move |one| match one {
            Use::Oracle(name, best) => Some(Oracle { figure, name, best }),
            _ => None,
        })
    };
    figures().flat_map(of).collect()
});

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| ORACLES.iter().map(|oracle| oracle.name).collect());

impl Oracle {
    /// The oracle of a figure; `None` where knobs cannot be tuned by it.
    pub fn of(figure: &Figure) -> Option<Self> {
        ORACLES.iter().find(|oracle| oracle.figure == figure).copied()
    }
}

impl Default for Oracle {
    fn default() -> Self {
        Self::of(&NRMSE).unwrap_or(ORACLES[0])
    }
}

impl Serialize for Oracle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for Oracle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = ORACLES.iter().find(|oracle| oracle.name == name);
        known.copied().ok_or_else(|| D::Error::unknown_variant(&name, &NAMES))
    }
}

impl JsonSchema for Oracle {
    fn schema_name() -> Cow<'static, str> {
        "Oracle".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one =
            |oracle: &Oracle| json_schema!({ "description": oracle.best, "type": "string", "const": oracle.name });
        let all: Vec<Schema> = ORACLES.iter().map(one).collect();
        json_schema!({ "description": "Figures against the truth that a knob can be tuned by.", "oneOf": all })
    }
}
