//! `[algorithm.…]`, whichever it is.

use super::table::{Footprint, Iterations, Method};
use super::{Algorithm, AlgorithmConfig, Objective, Unfit};
use crate::choice::Conflict;
use crate::prior::Capability;
use std::sync::Arc;

impl AlgorithmConfig {
    /// How the algorithm makes its image.
    pub fn method(&self) -> Method<'_> {
        self.table().method()
    }

    /// Subsets, iterations and start of an iterative algorithm; `None` for analytic ones.
    pub fn iterations(&self) -> Option<Iterations<'_>> {
        match self.method() {
            Method::Iterative(iterations) => Some(iterations),
            Method::Analytic(_) => None,
        }
    }

    /// Whether the algorithm comes to the maximum of Φ, where there is one: with several subsets, EM and its relatives
    /// end in a cycle around it.
    pub fn converges(&self) -> bool {
        self.table().converges()
    }

    /// Whether the algorithm makes no image without a prior.
    pub fn needs_prior(&self) -> bool {
        !self.entry().alone
    }

    /// What it has against a kind of prior, `None` for none.
    pub fn unfit(&self, prior: Option<Capability>) -> Option<Unfit> {
        Unfit::of(&self.entry(), prior)
    }

    /// Names of all algorithms that can carry a kind of prior.
    pub fn carriers(prior: Capability) -> Vec<&'static str> {
        Self::all().iter().filter(|entry| entry.carries.contains(&prior)).map(|entry| entry.name).collect()
    }

    /// What it takes of the machine with a kind of prior.
    pub(crate) fn footprint(&self, carried: Option<Capability>) -> Footprint {
        self.table().footprint(carried)
    }

    /// The algorithm, before its first update.
    pub fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        self.table().build(objective, start)
    }

    /// What its own keys have against each other.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let none = self.iterations().filter(|iterations| iterations.count == 0);
        let none = none
            .map(|_| Conflict::at("iterations", "0 iterations make no image").cure("1 is one pass over all counts"));
        none.into_iter().chain(self.table().conflicts()).collect()
    }
}
