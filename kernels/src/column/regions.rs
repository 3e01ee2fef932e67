//! Where the sums of runs are kept.

use super::Run;
use super::widths::Widths;
use crate::Level;

/// Where the planes of each run lie in an array that keeps room for whole vectors on both sides of them.
#[derive(Clone, Debug)]
pub(super) struct Regions {
    planes: Vec<usize>,
    /// Floats of a line.
    pub(super) length: usize,
}

impl Regions {
    pub(super) fn new(runs: &[Run], level: Level) -> Self {
        let Widths { lanes, .. } = Widths::of(level);
        let (mut planes, mut at) = (Vec::new(), 0);
        for run in runs {
            // A window starts less than a vector before plane 0 and ends less than two behind the last.
            at = (at + lanes).next_multiple_of(16) + 16;
            planes.push(at);
            at += run.count + 2 * lanes;
        }
        let at = at.next_multiple_of(16);
        Self { planes, length: at }
    }

    /// Position of plane 0 of a line's run.
    #[inline(always)]
    pub(super) fn planes(&self, line: usize, run: usize) -> usize {
        line * self.length + self.planes[run]
    }
}
