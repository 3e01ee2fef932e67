//! How far an image can be trusted: does it hold what the data hold, and nothing that they refute?

mod calibration;
mod certificate;
mod confidence;
mod places;
mod score;

pub use calibration::{Calibration, CalibrationError, FoundScale, LEVELS, Stratum};
pub use certificate::{Evidence, Suspect, evidence};
pub use confidence::{SCALES, Tissue, conformal_scale, covered, covered_at, scale, sparsification_error, spread};
pub use places::{Place, Verdict, missing, places};
pub use score::{ScoreMap, score_maps};
