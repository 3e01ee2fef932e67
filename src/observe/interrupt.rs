//! Stops when the user presses Ctrl-C, so that the last image can be saved.

use crate::algorithm::{Observer, Step};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The reason that [`Interrupt`] gives.
pub const INTERRUPTED: &str = "interrupted";

/// Stops a run as soon as a flag is raised.
pub struct Interrupt {
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Watches `raised`.
    pub fn new(raised: Arc<AtomicBool>) -> Self {
        Self { raised }
    }
}

impl Observer for Interrupt {
    fn observe(&mut self, _step: &Step, _image: &[f32]) -> ControlFlow<String> {
        match self.raised.load(Ordering::Relaxed) {
            true => ControlFlow::Break(INTERRUPTED.into()),
            false => ControlFlow::Continue(()),
        }
    }
}
