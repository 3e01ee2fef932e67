//! Stops after a given reconstruction time.

use crate::algorithm::{Observer, Step};
use std::ops::ControlFlow;

/// Stops a run whose updates have taken longer than a limit; the time of observers is not counted.
pub struct TimeLimit {
    seconds: f64,
}

impl TimeLimit {
    /// A limit in s.
    pub fn seconds(seconds: f64) -> Self {
        Self { seconds }
    }
}

impl Observer for TimeLimit {
    fn observe(&mut self, step: &Step, _image: &[f32]) -> ControlFlow<String> {
        if step.seconds < self.seconds {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(format!("the time limit of {} s is reached", self.seconds))
    }
}
