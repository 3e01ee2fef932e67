//! Images of the same scan that a network sees beside the one that it works on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Made once per reconstruction, in the unit of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Companion {
    /// The weakly regularised image, `weak` of the model card: it has noise, and what is small.
    Weak,
    /// Two iterations of OSEM in six subsets from a uniform image: nothing but the counts.
    Osem,
    /// [`Companion::Weak`], averaged over the voxels most alike in the anatomical image; the same as it where there is
    /// none.
    WeakByAnatomy,
    /// [`Companion::Osem`] likewise.
    OsemByAnatomy,
}

impl Companion {
    /// Subsets of [`Companion::Osem`]; the largest number up to this that divides the views is taken.
    pub const OSEM_SUBSETS: usize = 6;
    /// Its full iterations.
    pub const OSEM_ITERATIONS: usize = 2;

    /// Whether it is made of the weakly regularised image; else it is one of OSEM.
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Weak | Self::WeakByAnatomy)
    }

    /// Whether it takes the anatomical image.
    pub fn by_anatomy(self) -> bool {
        matches!(self, Self::WeakByAnatomy | Self::OsemByAnatomy)
    }
}

impl fmt::Display for Companion {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.serialize(f)
    }
}
