//! The commands of the program, each readable from top to bottom.

mod anatomy;
mod assembled;
mod attenuation;
mod blended;
mod bootstrap;
mod catalogue;
mod check;
mod climb;
mod confidence;
mod convert;
mod corrections;
mod demo;
mod error;
mod fallback;
mod field;
mod figures;
mod files;
mod finished;
mod fit;
mod held_out;
mod impossible;
mod info;
mod inputs;
mod iterate;
mod listmode;
mod measurement;
mod memory;
mod model_card;
mod model_output;
mod named;
mod normalise;
mod options;
mod page;
mod phantoms;
mod place;
mod prepare;
mod prior;
mod prior_cost;
mod psf;
mod recon;
mod registration;
mod rehearsal;
mod replay;
mod ridge_training;
mod scan;
mod scanners;
mod scene;
mod schema;
mod seconds;
mod sentinel;
mod simulate;
mod start;
mod train;
mod train_result;
#[cfg(feature = "torch")]
mod training;
mod unseen;
mod uptake;
mod verify;

pub use anatomy::anatomical_image;
pub use catalogue::{
    AlgorithmList, AlgorithmSheet, PriorList, PriorSheet, describe_algorithm, describe_prior, list_algorithms,
    list_priors,
};
pub use convert::{ConvertResult, convert};
pub use demo::{DemoResult, demo};
pub use error::RunError;
pub use info::{ImageSheet, Info, MeasurementSheet, PhantomSheet, TableSheet, TablesSheet, info};
pub use normalise::{NormaliseResult, normalise};
pub use options::{Interruption, Options, Warnings};
pub use phantoms::{PhantomList, list_phantoms};
pub use psf::{PsfResult, psf};
pub use recon::{Reconstruction, recon, reconstruct};
pub use replay::replay;
pub use ridge_training::RidgeTrainResult;
pub use scan::Scan;
pub use scanners::{ScannerList, ScannerSheet, describe_scanner, list_scanners};
pub use schema::{SchemaOf, schema};
pub use simulate::{SimulateResult, SimulatedFile, simulate};
pub use train::{TrainPart, Trained, train};
pub use train_result::TrainResult;
pub use verify::verify;

// What studies are made of.
pub(crate) use check::{check, told};
pub(crate) use confidence::Confidence;
pub(crate) use field::expected_field;
pub(crate) use figures::reference_of;
pub(crate) use measurement::{acquire, simulated_outline};
pub(crate) use memory::predicted_bytes;
pub(crate) use named::NamedImages;
pub(crate) use page::provenance_section;
pub(crate) use prior::WeightedPrior;
pub(crate) use recon::reconstruct_scan;
pub(crate) use scene::Scene;
pub(crate) use sentinel::{flagged_missing, held_out};
pub(crate) use verify::proof;

use crate::config::snapshot_path;
pub(crate) use error::first;
pub(crate) use files::{write_outputs, write_picture};
