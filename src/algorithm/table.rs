//! What the table of every algorithm in a config gives.

use super::entry::AlgorithmEntry;
use super::fbp::FbpConfig;
use super::{Algorithm, Objective, StartConfig, Unfit};
use crate::choice::Conflict;
use crate::prior::Capability;
use std::sync::Arc;

/// The two ways to an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method<'a> {
    /// Updates of an image.
    Iterative(Iterations<'a>),
    /// One formula.
    Analytic(&'a FbpConfig),
}

impl<'a> Method<'a> {
    /// Full iterations over subsets from a start.
    pub(super) fn updates(subsets: usize, count: usize, start: &'a StartConfig) -> Self {
        Self::Iterative(Iterations { subsets, count, start })
    }
}

/// What iterative algorithms have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iterations<'a> {
    /// Subsets that an iteration passes over.
    pub subsets: usize,
    /// Full iterations.
    pub count: usize,
    /// The first image.
    pub start: &'a StartConfig,
}

/// What an algorithm takes of the machine besides the measurement, its image and its start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Footprint {
    /// Images that it keeps.
    pub images: usize,
    /// Sinograms of all subsets together that it keeps, in four bytes a bin.
    pub sinograms: usize,
    /// Which sensitivities of subsets are among what it needs.
    pub sensitivities: Sensitivities,
    /// Passes over the data in the whole run: a projection and a back projection of all of them.
    pub passes: f64,
    /// Evaluations of the prior in the whole run: gradients, or what stands for them.
    pub evaluations: f64,
    /// Convolutions of an image by Fourier transforms in the whole run.
    pub convolutions: f64,
}

/// Sensitivities of subsets that an algorithm keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sensitivities {
    /// None, only their sum.
    #[default]
    None,
    /// As many as there is room for.
    AsRoomIs,
    /// All.
    All,
}

/// A table `[algorithm.NAME]`.
pub(crate) trait AlgorithmTable {
    /// What there is to know of it.
    fn entry() -> AlgorithmEntry
    where
        Self: Sized;
    /// How it makes its image.
    fn method(&self) -> Method<'_>;
    /// Whether it comes to the maximum of Φ, where there is one: with several subsets, EM and its relatives end in a
    /// cycle around it.
    fn converges(&self) -> bool;
    /// What it takes of the machine with a prior.
    fn footprint(&self, carried: Option<Capability>) -> Footprint;
    /// The algorithm, before its first update.
    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit>;
    /// What its own keys have against each other.
    fn conflicts(&self) -> Vec<Conflict> {
        Vec::new()
    }
}

pub(super) fn one() -> usize {
    1
}

pub(super) fn two() -> usize {
    2
}
