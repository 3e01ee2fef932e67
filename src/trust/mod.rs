//! How far an image can be trusted: does it hold what the data hold, and nothing that they refute?

mod calibration;
mod certificate;
mod confidence;
mod correlation;
mod lesion;
mod places;
mod score;
mod threshold;

pub use calibration::{Calibration, CalibrationError, FoundScale, Kind, LEVELS, Stratum, json};
pub use certificate::{Evidence, Suspect, evidence};
pub use confidence::{
    Others, SCALES, Tissue, conformal_scale, covered, covered_at, scale, sparsification_error, spread,
};
pub use lesion::{LesionEstimate, LesionFigure, LesionSize, lesion_estimates};
pub use places::{Place, Verdict, extremes, missing, places, share_around};
pub use score::{Forgiven, ScoreMap, score_maps};
pub use threshold::{FALSE_ALARMS, FoundThreshold, Judged, NoiseClass, Thresholds, exceeded_by_chance};
