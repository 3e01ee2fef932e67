//! What the table of every prior in a config gives, and what a prior is built from.

use super::network::Applied;
use super::{AnatomicalConfig, Beta, Capability, Prior, PriorError, RelativeNoise};
use crate::choice::Conflict;
use crate::image::{ImageGrid, ImageUnit};
use crate::units::{Positive, Share};
use std::path::Path;

/// A prior as the catalogue has it; `coincide priors` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorEntry {
    /// Name of the table in a config.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What an algorithm may ask of it.
    pub capability: Capability,
    /// Whether it was learned from images.
    pub learned: bool,
    /// R, or what stands for it.
    pub formula: &'static str,
    /// Unit of R; β is per that.
    pub unit: &'static str,
    /// Where it comes from.
    pub citation: &'static str,
    /// Tables that make sense, as they stand below `[prior.NAME]`; every general test runs over all of them.
    pub examples: &'static [&'static str],
}

/// The unit of the image, as a unit of R.
pub(super) const IMAGE: &str = "image unit";

/// Its square.
pub(super) const SQUARE: &str = "(image unit)²";

const PAIRS: &str = "R = Σ over pairs of w κⱼ κₖ ψ(xⱼ, xₖ), w = voxel_x / distance; ";

impl PriorEntry {
    /// R in full.
    pub fn full_formula(&self) -> String {
        let pairs = if self.formula.starts_with('ψ') { PAIRS } else { "" };
        format!("{pairs}{}", self.formula)
    }
}

/// What a prior's table says and asks for, of what only some priors have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Common<'a> {
    /// The weight; `None` where the prior has none.
    pub beta: Option<Beta>,
    /// The unit that its constants are meant for.
    pub unit: Option<ImageUnit>,
    /// Whether it asks for κ.
    pub kappa: bool,
    /// The image that guides it.
    pub anatomical: Option<&'a AnatomicalConfig>,
    /// Whether it asks how noisy the scan is.
    pub noise: bool,
    /// Share of a weakly regularised image in what comes out.
    pub blend: Share,
}

impl<'a> Common<'a> {
    pub(super) fn of(beta: Beta, unit: Option<ImageUnit>) -> Self {
        Self { beta: Some(beta), unit, ..Self::default() }
    }
    pub(super) fn kappa(self, kappa: bool) -> Self {
        Self { kappa, ..self }
    }
    pub(super) fn guided_by(self, anatomical: impl Into<Option<&'a AnatomicalConfig>>) -> Self {
        Self { anatomical: anatomical.into(), ..self }
    }
    pub(super) fn blended(self, blend: Share) -> Self {
        Self { blend, ..self }
    }
}

/// What a prior takes of the machine besides the images that it is built from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PriorFootprint {
    /// Bytes from the first update to the last, those of one evaluation included.
    pub kept: f64,
    /// Bytes more, and gone before the first update, while it is built.
    pub building: f64,
    /// Passes over the data that it adds to those of the algorithm.
    pub passes: f64,
    /// When it is evaluated, where the prior itself says so.
    pub applied: Option<Applied>,
}

/// Bytes of images.
pub(super) fn images(count: usize, grid: &ImageGrid) -> f64 {
    (count * grid.voxels() * size_of::<f32>()) as f64
}

/// A table `[prior.NAME]`.
pub(crate) trait PriorTable {
    /// What there is to know of it.
    fn entry() -> PriorEntry
    where
        Self: Sized;
    /// What it has in common with others.
    fn common(&self) -> Common<'_>;
    /// What it takes of the machine on a grid.
    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint;
    /// The prior; its weight β is the algorithm's business.
    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError>;
    /// What else than its name a calibration of its images holds for, in words.
    fn variant(&self) -> Option<String> {
        None
    }
    /// The file of a model of the user's own.
    fn own_model(&self) -> Option<&Path> {
        None
    }
    /// What its own keys have against each other and the machine's files.
    fn conflicts(&self) -> Vec<Conflict> {
        Vec::new()
    }
}

/// What a prior is built from, besides its table. All images are on `grid`.
#[derive(Clone, Copy, Debug)]
pub struct PriorInputs<'a> {
    /// Grid of the images.
    pub grid: &'a ImageGrid,
    /// The image that the algorithm starts from.
    pub start: &'a [f32],
    /// κ = √(−∇²L·1) of the start image, where `Common::kappa` asks for it.
    pub kappa: Option<&'a [f32]>,
    /// How noisy the scan is, where `Common::noise` asks for it.
    pub noise: Option<&'a RelativeNoise>,
    /// The image that guides the prior, where `Common::anatomical` asks for it.
    pub anatomical: Option<&'a [f32]>,
}

/// ε, where the config gives none, as a share of the maximum of the start image: PETRIC's.
const RELATIVE_EPSILON: f32 = 1e-3;

/// δ likewise.
const RELATIVE_DELTA: f32 = 1e-2;

impl<'a> PriorInputs<'a> {
    /// Those of a prior that asks for nothing more than a start image.
    pub fn new(grid: &'a ImageGrid, start: &'a [f32]) -> Self {
        Self { grid, start, kappa: None, noise: None, anatomical: None }
    }

    pub(super) fn check(&self) -> Result<(), PriorError> {
        let images =
            [("start image", Some(self.start)), ("κ image", self.kappa), ("anatomical image", self.anatomical)];
        for (what, image) in images.into_iter().filter_map(|(what, image)| Some((what, image?))) {
            let (found, expected) = (image.len(), self.grid.voxels());
            if found != expected {
                return Err(PriorError::Voxels { what, found, expected });
            }
            if image.iter().any(|value| !value.is_finite()) {
                return Err(PriorError::Values { what, problem: "not finite" });
            }
        }
        match self.kappa.is_some_and(|kappa| kappa.iter().any(|&value| value < 0.0)) {
            true => Err(PriorError::Values { what: "κ image", problem: "below zero" }),
            false => Ok(()),
        }
    }

    /// κ, if the table wants it.
    pub(super) fn kappa_if(&self, wanted: bool) -> Result<Option<&'a [f32]>, PriorError> {
        match (wanted, self.kappa) {
            (false, _) => Ok(None),
            (true, None) => Err(PriorError::Lacks { what: "κ" }),
            (true, kappa) => Ok(kappa),
        }
    }

    /// ν
    pub(super) fn noise(&self) -> Result<&'a RelativeNoise, PriorError> {
        self.noise.ok_or(PriorError::Lacks { what: "noise of the scan" })
    }

    pub(super) fn epsilon(&self, given: Option<Positive>) -> Result<f32, PriorError> {
        self.constant("epsilon", given, RELATIVE_EPSILON)
    }

    pub(super) fn delta(&self, given: Option<Positive>) -> Result<f32, PriorError> {
        self.constant("delta", given, RELATIVE_DELTA)
    }

    /// A constant in image units, or its share of the maximum of the start image.
    fn constant(&self, key: &'static str, given: Option<Positive>, share: f32) -> Result<f32, PriorError> {
        if let Some(given) = given {
            return Ok(given.get() as f32);
        }
        let maximum = largest(self.start);
        if maximum > 0.0 { Ok(share * maximum) } else { Err(PriorError::NoScale { key, maximum }) }
    }

    /// The anatomical image, which shows something.
    pub(super) fn guide(&self, prior: &'static str) -> Result<&'a [f32], PriorError> {
        let anatomical = self.anatomical.ok_or(PriorError::NoAnatomy { prior })?;
        match largest(anatomical) > anatomical.iter().copied().fold(f32::INFINITY, f32::min) {
            true => Ok(anatomical),
            false => Err(PriorError::Values { what: "anatomical image", problem: "all the same: it guides nothing" }),
        }
    }
}

pub(super) fn largest(image: &[f32]) -> f32 {
    image.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}
