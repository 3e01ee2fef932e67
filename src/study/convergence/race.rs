//! One algorithm on one case: updates until it has passed, scored after every one.

use super::contenders::Contender;
use super::result::{Progress, Sample};
use super::score::Regions;
use crate::algorithm::Objective;
use crate::likelihood::Model;
use crate::operator::GaussianFilter;
use crate::prior::Prior;
use std::time::Instant;

/// Evaluations in a row that must pass, as in PETRIC.
const HELD: usize = 10;

/// What a race runs on.
pub(super) struct Track<'a> {
    pub model: &'a Model,
    pub prior: &'a Prior,
    pub beta: f64,
    pub start: &'a [f32],
    pub reference: &'a [f32],
    pub regions: &'a Regions,
    /// Passes after which a race is given up.
    pub most_passes: f64,
}

/// How an algorithm came on.
#[derive(Default)]
pub(super) struct Course {
    /// `passes` and `score` after every update; a score of 1 or less passes.
    pub samples: Vec<Sample>,
    /// Passes and seconds of the first of the evaluations that passed in a row.
    pub passed: Option<(f64, f64)>,
    /// The metric that was farthest from its threshold last.
    pub last_metric: String,
}

/// Runs a contender. Its time is that of set-up and updates, without the scores'.
pub(super) fn race(
    track: &Track,
    contender: &Contender,
    stopped: &dyn Fn() -> bool,
) -> Result<Course, super::RunError> {
    let iterations = contender.algorithm.iterations().map_or(1, |iterations| iterations.subsets);
    let model = track.model.with_subsets(iterations)?;
    let filter = contender.filter_mm.map(|mm| GaussianFilter::new(&model.grid(), [mm; 3]));
    let begun = Instant::now();
    let prior = if contender.filter_mm.is_some() { &Prior::None } else { track.prior };
    let objective = Objective::new(&model, prior, track.beta);
    let mut course = Course::default();
    let mut algorithm = contender.algorithm.build(&objective, Some(track.start.to_vec()))?;
    let mut seconds = begun.elapsed().as_secs_f64();
    let mut filtered = vec![0.0; track.start.len()];
    let mut in_a_row = 0;
    while in_a_row < HELD && !stopped() {
        let begun = Instant::now();
        let step = algorithm.update();
        let image = match &filter {
            Some(filter) => {
                filter.apply(algorithm.image(), &mut filtered);
                &filtered
            }
            None => algorithm.image(),
        };
        seconds += begun.elapsed().as_secs_f64();
        let (score, metric) = track.regions.score(image, track.reference);
        course.last_metric = metric.to_owned();
        let figures = Progress { passes: step.passes, score };
        course.samples.push(Sample { iteration: step.iteration, seconds, figures });
        if score <= 1.0 {
            if in_a_row == 0 {
                course.passed = Some((step.passes, seconds));
            }
            in_a_row += 1;
        } else {
            (in_a_row, course.passed) = (0, None);
        }
        if step.passes > track.most_passes + HELD as f64 || (in_a_row == 0 && step.passes > track.most_passes) {
            break;
        }
    }
    if in_a_row < HELD {
        course.passed = None;
    }
    Ok(course)
}
