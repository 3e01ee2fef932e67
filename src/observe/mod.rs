//! What watches a run: progress, objective, figures of merit, snapshots, and the reasons to stop.

mod change;
mod finite;
mod history;
mod interrupt;
mod progress;
mod snapshots;
mod time_limit;
mod tolerance;

pub use change::RelativeChange;
pub use finite::Finite;
pub use history::{History, Sample};
pub use interrupt::{INTERRUPTED, Interrupt};
pub use progress::{Console, Progress, UpdateProgress};
pub use snapshots::Snapshots;
pub use time_limit::TimeLimit;
pub use tolerance::Tolerance;
