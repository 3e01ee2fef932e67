//! Figures collected along a run: objective value, figures of merit.
//!
//! A figure may cost a projection, so that it has its own cadence; its time does not count as reconstruction time.

use crate::algorithm::{Observer, Step};
use crate::metrics::Scores;
use serde::Serialize;
use std::ops::ControlFlow;

/// Figures of one image on the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Full iteration.
    pub iteration: usize,
    /// Reconstruction time so far in s.
    pub seconds: f64,
    /// Its figures.
    pub figures: Scores,
}

/// Figures of an image.
type Evaluate<'a> = dyn FnMut(&[f32]) -> Scores + 'a;

/// Evaluates an image every so many full iterations and keeps the figures.
pub struct History<'a> {
    every: usize,
    evaluate: Box<Evaluate<'a>>,
    /// What was found so far.
    pub samples: Vec<Sample>,
}

impl<'a> History<'a> {
    /// Evaluates after every `every` full iterations (never where 0).
    pub fn every(every: usize, evaluate: impl FnMut(&[f32]) -> Scores + 'a) -> Self {
        Self { every, evaluate: Box::new(evaluate), samples: Vec::new() }
    }
}

impl Observer for History<'_> {
    fn observe(&mut self, step: &Step, image: &[f32]) -> ControlFlow<String> {
        if self.every > 0 && step.ends_iteration() && step.iteration.is_multiple_of(self.every) {
            let figures = (self.evaluate)(image);
            self.samples.push(Sample { iteration: step.iteration, seconds: step.seconds, figures });
        }
        ControlFlow::Continue(())
    }
}
