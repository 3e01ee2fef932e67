//! The loop over updates: an algorithm makes them, observers see each one and may stop the run.

use std::ops::ControlFlow;
use std::time::Instant;

/// An iterative algorithm, seen as one update after the other.
pub trait Algorithm {
    /// Makes the next update of the image.
    fn update(&mut self) -> Step;
    /// The current image, `[x, y, z]` with z contiguous.
    fn image(&self) -> &[f32];
    /// The image, when all updates are made.
    fn into_image(self: Box<Self>) -> Vec<f32>;
    /// A subgradient of βR at the image, where the prior has no gradient and the algorithm carries its dual variable.
    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        None
    }
}

/// [`Algorithm::image`] and [`Algorithm::into_image`] of an algorithm that keeps its image in a field.
macro_rules! holds_image {
    ($($field:ident).+) => {
        fn image(&self) -> &[f32] {
            &self.$($field).+
        }

        fn into_image(self: Box<Self>) -> Vec<f32> {
            self.$($field).+
        }
    };
}
pub(super) use holds_image;

/// What an update was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Updates so far, this one included.
    pub update: usize,
    /// Full iteration that this update belongs to, counted from 1.
    pub iteration: usize,
    /// Position of the subset in the iteration, counted from 0.
    pub subset: usize,
    /// Subsets in an iteration.
    pub subsets: usize,
    /// Passes over the data so far; one pass is a projection and a back projection of all of them. What is done before
    /// the first update (sensitivities) is not counted.
    pub passes: f64,
    /// Time spent in updates so far in s; the observers' time is not counted. Set by [`drive`].
    pub seconds: f64,
}

impl Step {
    /// Whether the update ends a full iteration.
    pub fn ends_iteration(&self) -> bool {
        self.subset + 1 == self.subsets
    }
}

/// Sees each update; may stop the run with a reason.
pub trait Observer {
    /// Called after every update with the image as it is then.
    fn observe(&mut self, step: &Step, image: &[f32]) -> ControlFlow<String>;
}

/// An observer that is lent to a run; what it saw is read from it afterwards.
impl<O: Observer + ?Sized> Observer for &mut O {
    fn observe(&mut self, step: &Step, image: &[f32]) -> ControlFlow<String> {
        (**self).observe(step, image)
    }
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All updates were made.
    Finished,
    /// An observer asked for it; its reason.
    Asked(String),
}

/// Makes `updates` updates, or fewer when an observer stops the run. All observers see the last update.
pub fn drive(
    algorithm: &mut dyn Algorithm,
    updates: usize,
    observers: &mut [Box<dyn Observer + '_>],
) -> (Stop, Option<Step>) {
    let (mut seconds, mut last) = (0.0, None);
    for _ in 0..updates {
        let start = Instant::now();
        let mut step = algorithm.update();
        seconds += start.elapsed().as_secs_f64();
        step.seconds = seconds;
        last = Some(step);
        let mut reason = None;
        for observer in observers.iter_mut() {
            if let ControlFlow::Break(why) = observer.observe(&step, algorithm.image()) {
                reason.get_or_insert(why);
            }
        }
        if let Some(why) = reason {
            return (Stop::Asked(why), last);
        }
    }
    (Stop::Finished, last)
}
