//! `coincide schema`: the JSON Schema of the config files, for editors that complete and check TOML.

use crate::config::{NormaliseConfig, PsfConfig, ReconConfig, RidgeTraining, SimulateConfig, StudyConfig, TrainConfig};
use schemars::{Schema, schema_for};

/// Which config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaOf {
    /// `coincide recon`, `check`, `verify`.
    #[default]
    Recon,
    /// `coincide simulate`.
    Simulate,
    /// `coincide normalise`.
    Normalise,
    /// `coincide psf`.
    Psf,
    /// `coincide evaluate`; the tables of its methods are those of a reconstruction.
    Study,
    /// `coincide train` of a network.
    Train,
    /// `coincide train` of a ridge regulariser.
    TrainRidge,
}

/// The schema of one kind of config file.
pub fn schema(of: SchemaOf) -> Schema {
    match of {
        SchemaOf::Recon => schema_for!(ReconConfig),
        SchemaOf::Simulate => schema_for!(SimulateConfig),
        SchemaOf::Normalise => schema_for!(NormaliseConfig),
        SchemaOf::Psf => schema_for!(PsfConfig),
        SchemaOf::Study => schema_for!(StudyConfig),
        SchemaOf::Train => schema_for!(TrainConfig),
        SchemaOf::TrainRidge => schema_for!(RidgeTraining),
    }
}
