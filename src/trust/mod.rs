//! How far an image can be trusted: does it hold what the data hold, and nothing that they refute?

mod calibration;
mod certificate;
mod confidence;
mod lesion;
mod places;
mod score;
mod wide;

pub use calibration::{Calibration, CalibrationError, FoundScale, Kind, LEVELS, Stratum};
pub use certificate::{Evidence, Suspect, evidence};
pub use confidence::{SCALES, Tissue, conformal_scale, covered, covered_at, scale, sparsification_error, spread};
pub use lesion::{LesionEstimate, LesionFigure, LesionSize, lesion_estimates};
pub use places::{Place, Verdict, extremes, missing, places, share_around};
pub use score::{Forgiven, ScoreMap, score_maps};
