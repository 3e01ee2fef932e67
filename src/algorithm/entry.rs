//! What there is to know of an algorithm without its config.

use crate::prior::Capability;

/// An algorithm as the catalogue has it; `coincide algorithms` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmEntry {
    /// Name of the table in a config.
    pub name: &'static str,
    /// What it is, in a line.
    pub summary: &'static str,
    /// Its update.
    pub formula: &'static str,
    /// Where it comes from.
    pub citation: &'static str,
    /// Priors that it can carry.
    pub carries: &'static [Capability],
    /// Whether it makes an image without a prior, too.
    pub alone: bool,
    /// Tables that make sense, as they stand below `[algorithm.NAME]`; every general test runs over all of them.
    pub examples: &'static [&'static str],
}
