//! How far an image can be trusted: does it hold what the data hold, and nothing that they refute?

mod places;
mod score;

pub use places::{Place, Verdict, places};
pub use score::{ScoreMap, score_maps};
