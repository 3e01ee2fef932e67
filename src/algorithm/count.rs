//! Counts updates, iterations and passes over the data.

use super::Step;

/// Where a run over subsets stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    subsets: usize,
    updates: usize,
    /// Subset projections and back projections so far.
    projections: f64,
}

impl Count {
    pub fn new(subsets: usize) -> Self {
        Self { subsets, updates: 0, projections: 0.0 }
    }

    /// Position of the next update's subset.
    pub fn subset(&self) -> usize {
        self.updates % self.subsets
    }

    /// Full iterations done.
    pub fn iterations(&self) -> usize {
        self.updates / self.subsets
    }

    /// The data of `subsets` subsets were projected and back projected.
    pub fn projected(&mut self, subsets: usize) {
        self.projections += subsets as f64;
    }

    /// As many passes over all data were made.
    pub fn passed(&mut self, passes: f64) {
        self.projections += passes * self.subsets as f64;
    }

    /// The update is done; what it cost was counted before.
    pub fn done(&mut self) -> Step {
        let subset = self.subset();
        self.updates += 1;
        Step {
            update: self.updates,
            iteration: self.updates.div_ceil(self.subsets),
            subset,
            subsets: self.subsets,
            passes: self.projections / self.subsets as f64,
            seconds: 0.0,
        }
    }

    /// The update is done; it projected and back projected its subset.
    pub fn subset_done(&mut self) -> Step {
        self.projected(1);
        self.done()
    }
}
