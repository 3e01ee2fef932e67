//! What a training run trains: the name of its `[model.…]` table, on which all others depend.

use super::{RidgeTraining, TrainConfig};
use crate::config::{ConfigError, Source};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A training run.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingRun {
    /// `[model.unrolled]`
    Network(Box<TrainConfig>),
    /// `[model.ridge]`
    Ridge(Box<RidgeTraining>),
}

/// All that tells the kinds of runs apart.
#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    model: BTreeMap<String, toml::Value>,
}

impl TrainingRun {
    /// Reads a config.
    pub fn read(path: &Path) -> Result<(Source, Self), ConfigError> {
        let source = Source::read(path)?;
        let run = Self::of(&source)?;
        Ok((source, run))
    }

    /// The run of a text.
    pub fn of(source: &Source) -> Result<Self, ConfigError> {
        Ok(match source.parse::<Kind>()?.model.contains_key("ridge") {
            true => Self::Ridge(source.parse()?),
            false => Self::Network(source.parse()?),
        })
    }
}
