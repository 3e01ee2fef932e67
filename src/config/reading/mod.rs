//! Tables of a parsed TOML text as serde reads them, with the place and the kind of what is wrong.
//!
//! The `toml` crate hands on what serde finds as an English sentence. Here an unknown key stays one, with the names
//! that could stand there, so that what the user is told does not hang on somebody else's words.

mod fault;
mod value;

pub(super) use fault::{Fault, Kind};

use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::de::{DeTable, DeValue};
use value::Value;

/// A table as `Config`; `at` is where it stands.
pub(super) fn read<Config: DeserializeOwned>(table: DeTable, at: Range<usize>) -> Result<Config, Fault> {
    Config::deserialize(Value { value: DeValue::Table(table), at })
}
