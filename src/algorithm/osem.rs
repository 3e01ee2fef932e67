//! OSEM (Hudson & Larkin 1994, IEEE TMI 13(4), 601–609); one subset is MLEM (Shepp & Vardi 1982, IEEE TMI 1(2),
//! 113–122).

use super::arithmetic::each;
use super::drive::holds_image;
use super::em::EmStep;
use super::entry::AlgorithmEntry;
use super::sensitivity::{SubsetSensitivities, sensitivities};
use super::start::{start_on, uniform_start};
use super::table::{AlgorithmTable, Footprint, Method, Sensitivities};
use super::waiting::Waiting;
use super::{Algorithm, Count, DenoiseEvery, KernelEm, Objective, PnpMm, StartConfig, Step, Unfit, UnrolledEm};
use crate::likelihood::Model;
use crate::prior::{Capability, Prior};
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// x ← x / sₖ ⊙ Bᵀ Gₖᵀ \[m ⊙ y / (m ⊙ Gₖ B x + b)\], subset after subset; what a subset hardly sees, it hardly moves
/// (`em`).
pub struct Osem {
    model: Model,
    image: Vec<f32>,
    back: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    count: Count,
}

impl Osem {
    /// Starts from `start`, or from a uniform image with the counts of the measurement.
    pub fn new(model: &Model, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        let waiting = Waiting::new(model.grid().shape, start.is_none());
        let start = start_on(model, start)?;
        let (start, sensitivities) = sensitivities(model, |total| start.unwrap_or_else(|| uniform_start(model, total)));
        let voxels = model.grid().voxels();
        let mut image = zeros(voxels);
        image.copy_from_slice(&start);
        let (model, count) = (model.clone(), Count::new(model.subsets()));
        Ok(Self { model, image, back: zeros(voxels), sensitivities, waiting, count })
    }

    /// How many subsets have their sensitivity kept in memory in full, and how many in 16 bits. The others' is worked
    /// out again for every update.
    pub fn sensitivities_kept(&self) -> (usize, usize) {
        self.sensitivities.kept()
    }
}

impl Algorithm for Osem {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.model.subsets());
        let k = self.count.subset();
        self.model.back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, &self.model);
        each(&mut self.image, [&self.back, s, least], |x, [back, s, least]| em.at(x, back, s, least).0);
        self.waiting.follow(&mut self.image, [s, least]);
        self.count.subset_done()
    }

    holds_image!(image);
}

/// `[algorithm.mlem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MlemConfig {
    /// Full iterations.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

impl AlgorithmTable for MlemConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "mlem",
            summary: "Maximum likelihood (Shepp & Vardi 1982): OSEM with one subset.",
            formula: "x ← x / s ⊙ Aᵀ(y / ȳ)",
            citation: "Shepp & Vardi 1982, IEEE Trans. Med. Imaging 1:113",
            carries: &[Capability::Denoiser, Capability::Kernel, Capability::Unrolled],
            alone: true,
            examples: &["iterations = 4"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(1, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        true
    }

    fn footprint(&self, carried: Option<Capability>) -> Footprint {
        em_footprint(1, self.iterations, carried)
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        carried_by_em(objective, start)
    }
}

/// `[algorithm.osem]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OsemConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: passes over all subsets.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// The first image.
    #[serde(default)]
    pub start: StartConfig,
}

impl AlgorithmTable for OsemConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "osem",
            summary: "Ordered subsets (Hudson & Larkin 1994).",
            formula: "x ← x / sₖ ⊙ Aₖᵀ(yₖ / ȳₖ), subset after subset",
            citation: "Hudson & Larkin 1994, IEEE Trans. Med. Imaging 13:601",
            carries: &[Capability::Denoiser, Capability::Kernel, Capability::Unrolled],
            alone: true,
            examples: &["subsets = 4\niterations = 2"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(self.subsets, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        self.subsets == 1
    }

    fn footprint(&self, carried: Option<Capability>) -> Footprint {
        em_footprint(self.subsets, self.iterations, carried)
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        carried_by_em(objective, start)
    }
}

/// EM with whatever the prior makes of it.
fn carried_by_em(objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
    objective.fits(&OsemConfig::entry())?;
    Ok(match objective.prior() {
        Prior::Kernel(kernel) => Box::new(KernelEm::new(objective, kernel, start)?),
        Prior::Denoiser(_) => Box::new(PnpMm::new(objective, 1.0, DenoiseEvery::Iteration, start)?),
        Prior::Unrolled(network) => Box::new(UnrolledEm::new(objective, network, start)?),
        _ => Box::new(Osem::new(objective.model(), start)?),
    })
}

/// What that takes.
fn em_footprint(subsets: usize, iterations: usize, carried: Option<Capability>) -> Footprint {
    let (passes, updates) = (iterations as f64, (iterations * subsets) as f64);
    let of = |images, sensitivities, evaluations| Footprint {
        images,
        sensitivities,
        passes,
        evaluations,
        ..Footprint::default()
    };
    match carried {
        Some(Capability::Kernel) => of(4, Sensitivities::All, updates),
        Some(Capability::Denoiser) => of(2, Sensitivities::AsRoomIs, passes),
        Some(Capability::Unrolled) => of(0, Sensitivities::AsRoomIs, passes),
        _ => of(0, Sensitivities::AsRoomIs, 0.0),
    }
}
