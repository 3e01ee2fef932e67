//! Training of learned priors: unrolled networks, end to end through the projector, and ridge regularisers ([`ridge`]).
//!
//! A case is drawn ([`Source`]): random bodies, a random scan of them, the truth at a stated resolution. The unrolled
//! reconstruction runs forwards and leaves a tape, the loss gives ∂loss/∂x, and the tape is run backwards through
//! fusion, network and EM ([`Unrolled`]): every step but the network has its transposed Jacobian written by hand, with
//! the engine's own projector. Only the network's own gradient is libtorch's ([`Layer`], feature `torch`). Images `[x,
//! y, z]`, z contiguous, in units of each scan's mean activity.

mod adam;
mod anatomy;
mod baseline;
mod case;
mod checkpoint;
mod detection;
mod em;
mod error;
mod filter;
mod geometry;
mod judged;
mod layer;
mod loss;
mod plan;
mod prepared;
mod reconstruction;
pub mod ridge;
mod sample;
mod scan;
mod state;
mod step;
mod store;
#[cfg(feature = "torch")]
mod torch;
mod turn;
mod twins;
mod unrolled;
mod weights;

pub use adam::{Adam, clip, cosine};
pub use anatomy::{
    Anatomy, Ball, Blob, Bodies, Family, Guide, Lesion, Painted, PublicData, PublicDataError, Room, Spot, information,
    informations,
};
pub use baseline::filtered_osem;
pub use case::{Case, Source};
pub use checkpoint::{Checkpoint, Row};
pub use detection::{Observed, Slopes, Template, Term, detection, observer_snr};
pub use error::TrainError;
pub use geometry::{Stack, TrainingScanner};
pub use judged::Judged;
pub use layer::{Layer, Precision};
pub use loss::{Aims, OfBodies, held_out, nrmse_of_scans, observed, of_bodies, supervised};
pub use plan::{DetectionSchedule, FilterSchedule, Loss, Phase, Schedule, Training};
pub use prepared::{NoiseOfSlices, Prepared};
pub use sample::{PreparedTwins, Sample, View};
pub use state::{State, gamma_of, network_of};
pub use step::StepResult;
#[cfg(feature = "torch")]
pub use torch::TorchNetwork;
pub use unrolled::{Gradient, Tape, Unrolled, Unrolling};
pub use weights::{first_weights, layered, widened};
