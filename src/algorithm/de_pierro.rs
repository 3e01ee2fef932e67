//! MAP-EM with separable surrogates (De Pierro 1995, IEEE TMI 14(1), 132–137). With one subset Φ never falls and the
//! image converges; with more it is faster at first and ends in a small cycle around the maximum, as OSEM does.

use super::arithmetic::each;
use super::drive::holds_image;
use super::em::EmStep;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::sensitivity::SubsetSensitivities;
use super::table::{AlgorithmTable, Footprint, Method, Sensitivities, one};
use super::waiting::Waiting;
use super::{Algorithm, Count, StartConfig, Step, Unfit};
use crate::prior::Capability;
use coincide_kernels::{fusion::fuse, zeros};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// z = x − ∇R(x) / c,   x ← fuse(e, z, (β / K) c, d),
///
/// with EM's step e of the subset and its weight d, which is sₖ where the subset sees enough (`em`), and the prior's
/// surrogate R(z) ≤ R(x) + ∇R(x)·(z − x) + ½ Σ cⱼ (zⱼ − xⱼ)². Nothing is filled in outside of the field of view.
pub struct DePierro {
    objective: Arc<Objective>,
    image: Vec<f32>,
    back: Vec<f32>,
    slope: Vec<f32>,
    curvature: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    count: Count,
}

impl DePierro {
    /// Starts from `start`, or from a uniform image.
    pub fn new(objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&DePierroConfig::entry())?;
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let sensitivities = objective.sensitivities();
        let image = objective.start(start)?;
        let images = [(); 3].map(|()| zeros(image.len()));
        let [back, slope, curvature] = images;
        let count = Count::new(objective.subsets());
        Ok(Self { objective: objective.clone(), image, back, slope, curvature, sensitivities, waiting, count })
    }
}

impl Algorithm for DePierro {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.objective.subsets());
        let (k, model) = (self.count.subset(), self.objective.model());
        model.back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, model);
        self.objective.prior_share(&self.image, &mut self.slope);
        self.objective.surrogate_share(&self.image, &mut self.curvature);
        // γ is the share's c, so that the share cancels in z.
        let arrays = [&self.back, s, least, &self.slope, &self.curvature];
        each(&mut self.image, arrays, |x, [back, s, least, slope, gamma]| {
            let z = if gamma > 0.0 { x - slope / gamma } else { x };
            let (e, d) = em.at(x, back, s, least);
            if d > 0.0 { fuse(e, z, gamma, d) } else { 0.0 }
        });
        self.waiting.follow(&mut self.image, [s, least]);
        self.count.subset_done()
    }

    holds_image!(image);
}

/// `[algorithm.de-pierro]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DePierroConfig {
    /// Subsets of interleaved views; must divide the number of views. Only with one does the image converge.
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
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

impl AlgorithmTable for DePierroConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "de-pierro",
            summary: "MAP-EM with separable surrogates (De Pierro 1995).",
            formula: "z = x − ∇R(x) / c, x ← argmax of EM's surrogate − (β / K) c/2 (x − z)²",
            citation: "De Pierro 1995, IEEE Trans. Med. Imaging 14:132",
            carries: &[Capability::Smooth],
            alone: true,
            examples: &["subsets = 2\niterations = 2"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(self.subsets, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        self.subsets == 1
    }

    fn footprint(&self, _: Option<Capability>) -> Footprint {
        let (iterations, updates) = (self.iterations as f64, (self.iterations * self.subsets) as f64);
        Footprint {
            images: 4,
            sensitivities: Sensitivities::AsRoomIs,
            passes: iterations,
            evaluations: 2.0 * updates,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(DePierro::new(objective, start)?))
    }
}
