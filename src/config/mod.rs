//! Config files: TOML text → checked tables, with every mistake underlined in the user's own file.
//!
//! Two stages. First serde reads the tables as the user wrote them; numbers check themselves. Then the cross-field
//! checks run, some of them only when the measurement is known (`6 subsets do not divide 252 views`); they name a
//! dotted path (`algorithm.osem.subsets`), which [`Source`] finds in the text. Choices are tables named by their kind,
//! so that an error always points at the very key. Relative paths start at the folder of the config file.

mod algorithm;
mod collisions;
mod confidence;
mod corrections;
mod error;
mod image;
mod measurement;
mod normalise;
mod output;
mod phantom;
mod prior;
mod psf;
mod reading;
mod recon;
mod reference;
mod scanner;
mod sentinel;
mod simulate;
mod source;
mod study;
mod suv;
mod train;

pub use crate::algorithm::{AlgorithmConfig, Iterations, Method, OsemStart, StartConfig};
pub use crate::prior::{AnatomicalConfig, Beta, PriorConfig, PriorInputs};
pub use confidence::{ConfidenceConfig, MeasuredLesion};
pub use corrections::{DecayConfig, NormalisationConfig, RandomsSource, SinglesRandoms};
pub use error::{ConfigError, Mistake};
pub use image::{AttenuationConfig, CtConfig, FilterConfig, ImageConfig, ResolutionConfig, WholeField, WidthAtRadius};
pub use measurement::{
    BelowZero, InterfileConfig, MeasurementConfig, MeasurementFile, MmrListmodeConfig, NegativePrompts, RandomsConfig,
};
pub use normalise::{ComponentsConfig, NormaliseConfig, NormaliseOutput};
pub(crate) use output::snapshot_path;
pub use output::{ImpossibleCounts, OutputConfig, ReconRunConfig, RunConfig, StopConfig};
pub(crate) use phantom::{phantom, study_phantom};
pub(crate) use prior::prior_mistake;
pub use prior::unit_conflict;
pub use psf::{PointScan, PsfConfig};
pub use recon::ReconConfig;
pub use reference::ReferenceConfig;
pub use scanner::{ScannerConfig, SinogramConfig};
pub use sentinel::{SentinelConfig, SuspectConfig};
pub use simulate::{AcquisitionConfig, SimulateConfig, SimulateOutput, SimulateRunConfig};
pub use source::Source;
pub use study::{
    ErasedConfig, Knob, LesionClass, Oracle, Study, StudyConfig, StudyLesions, StudyMethod, StudyOutput, StudyScanner,
    phantom_name,
};
pub use suv::SuvConfig;
pub use train::{
    LossConfig, OptimiserConfig, PublicDataConfig, RidgeTrainOutput, RidgeTrainTable, RidgeTraining, TrainConfig,
    TrainOutput, TrainedFilterConfig, TrainedModelConfig, TrainingDataConfig, TrainingRun, TrainingScannerConfig,
    UnrolledTrainingConfig, ValidationConfig,
};
