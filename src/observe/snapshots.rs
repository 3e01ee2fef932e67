//! Images saved on the way.

use crate::algorithm::{Observer, Step};
use std::ops::ControlFlow;

/// Saves the image of an iteration.
type Save<'a> = dyn FnMut(usize, &[f32]) -> Result<(), String> + 'a;

/// Saves the image every so many full iterations; a file that cannot be written stops the run.
pub struct Snapshots<'a> {
    every: usize,
    save: Box<Save<'a>>,
}

impl<'a> Snapshots<'a> {
    /// Calls `save(iteration, image)` after every `every` full iterations.
    pub fn every(every: usize, save: impl FnMut(usize, &[f32]) -> Result<(), String> + 'a) -> Self {
        Self { every, save: Box::new(save) }
    }
}

impl Observer for Snapshots<'_> {
    fn observe(&mut self, step: &Step, image: &[f32]) -> ControlFlow<String> {
        if !step.ends_iteration() || !step.iteration.is_multiple_of(self.every) {
            return ControlFlow::Continue(());
        }
        match (self.save)(step.iteration, image) {
            Ok(()) => ControlFlow::Continue(()),
            Err(why) => ControlFlow::Break(why),
        }
    }
}
