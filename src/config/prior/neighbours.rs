//! `neighbours = 6`, 18 or 26.

use crate::prior::Neighbours;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How many neighbours a voxel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct NeighboursConfig(Neighbours);

impl NeighboursConfig {
    /// The neighbourhood.
    pub fn get(self) -> Neighbours {
        self.0
    }
}

impl Default for NeighboursConfig {
    /// 26.
    fn default() -> Self {
        Self(Neighbours::TwentySix)
    }
}

impl TryFrom<u8> for NeighboursConfig {
    type Error = String;
    fn try_from(count: u8) -> Result<Self, String> {
        match count {
            6 => Ok(Self(Neighbours::Six)),
            18 => Ok(Self(Neighbours::Eighteen)),
            26 => Ok(Self(Neighbours::TwentySix)),
            _ => Err(format!("a voxel has 6, 18 or 26 neighbours, not {count}")),
        }
    }
}

impl From<NeighboursConfig> for u8 {
    fn from(neighbours: NeighboursConfig) -> u8 {
        match neighbours.0 {
            Neighbours::Six => 6,
            Neighbours::Eighteen => 18,
            Neighbours::TwentySix => 26,
        }
    }
}

impl JsonSchema for NeighboursConfig {
    fn schema_name() -> Cow<'static, str> {
        "Neighbours".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [6, 18, 26] })
    }
}
