//! Why an algorithm cannot be built on an objective.

use super::entry::AlgorithmEntry;
use crate::prior::Capability;

/// What does not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// A prior that the algorithm cannot carry.
    #[error("the algorithm `{algorithm}` cannot carry {prior}, only {}", kinds(able))]
    Prior {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// What it was given.
        prior: Capability,
        /// What it can carry.
        able: &'static [Capability],
    },
    /// No prior, where the algorithm needs one.
    #[error("this algorithm needs a prior that is {}", kinds(able))]
    Alone {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// What it can carry.
        able: &'static [Capability],
    },
    /// A start image of another grid.
    #[error("the start image has {found} voxels, the image grid {expected}")]
    Start {
        /// Its voxels.
        found: usize,
        /// Voxels of the grid.
        expected: usize,
    },
    /// An algorithm that is one formula.
    #[error("the algorithm `{algorithm}` makes no updates")]
    Analytic {
        /// Its name.
        algorithm: &'static str,
    },
}

fn kinds(able: &[Capability]) -> String {
    match able {
        [] => "none".into(),
        _ => able.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

impl Unfit {
    /// What an algorithm has against a kind of prior, `None` for R = 0.
    pub fn of(algorithm: &AlgorithmEntry, prior: Option<Capability>) -> Option<Self> {
        let &AlgorithmEntry { name, carries: able, alone, .. } = algorithm;
        match prior {
            None if alone => None,
            None => Some(Self::Alone { algorithm: name, able }),
            Some(prior) if able.contains(&prior) => None,
            Some(prior) => Some(Self::Prior { algorithm: name, prior, able }),
        }
    }
}
