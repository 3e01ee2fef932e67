//! Stops when the image is as near to the maximum as was asked for.

use crate::algorithm::{Observer, Step};
use std::ops::ControlFlow;

/// The distance of an image from the maximum.
type Distance<'a> = dyn FnMut(&[f32]) -> f64 + 'a;

/// Stops a run when the Karush-Kuhn-Tucker residual falls below a tolerance. It is found after every full iteration, by
/// one pass over the data whose time is not counted.
pub struct Tolerance<'a> {
    tolerance: f64,
    distance: Box<Distance<'a>>,
}

impl<'a> Tolerance<'a> {
    /// Stops when `distance(image)` is below `tolerance`.
    pub fn below(tolerance: f64, distance: impl FnMut(&[f32]) -> f64 + 'a) -> Self {
        Self { tolerance, distance: Box::new(distance) }
    }
}

impl Observer for Tolerance<'_> {
    fn observe(&mut self, step: &Step, image: &[f32]) -> ControlFlow<String> {
        if !step.ends_iteration() {
            return ControlFlow::Continue(());
        }
        let distance = (self.distance)(image);
        match distance < self.tolerance {
            true => ControlFlow::Break(format!("the distance from the maximum is {distance:.1e}")),
            false => ControlFlow::Continue(()),
        }
    }
}
