//! Stops when the image is lost.

use crate::algorithm::{Observer, Step};
use std::ops::ControlFlow;

/// Stops a run whose image has values that are not finite numbers: no further update would mend it.
pub struct Finite;

impl Observer for Finite {
    fn observe(&mut self, _: &Step, image: &[f32]) -> ControlFlow<String> {
        match image.iter().all(|value| value.is_finite()) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break("the image is not finite".into()),
        }
    }
}
