//! L-BFGS-B-PC: limited-memory BFGS with bounds and a preconditioner (Tsai, Bousse, Ehrhardt, Stearns, Ahn, Hutton,
//! Arridge & Thielemans 2018, IEEE TMI 37(4), 1000–1010). All data at once; converges to the maximum of Φ.

use super::ascent::Ascent;
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::kkt::{mean_inside, residual};
use super::objective::Objective;
use super::preconditioner::harmonic;
use super::quasi_newton::QuasiNewton;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Count, StartConfig, Step, Unfit};
use crate::prior::Capability;
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// x ← P₊(x + α H ∇Φ(x)), H the inverse Hessian as the last steps know it.
pub struct Lbfgs {
    objective: Arc<Objective>,
    ascent: Ascent,
    d: Vec<f32>,
    count: Count,
}

impl Lbfgs {
    /// Starts from `start`, or from a uniform image, and remembers `memory` steps (two images each). The objective's
    /// subsets only keep its work space small.
    pub fn new(objective: &Arc<Objective>, memory: usize, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&LbfgsConfig::entry())?;
        let image = objective.start(start)?;
        let (d, mut count) = (zeros(image.len()), Count::new(1));
        let mut evaluate = |x: &[f32], gradient: &mut [f32]| {
            count.projected(1);
            objective.gradient(x, gradient)
        };
        let mut ascent = Ascent::new(image, QuasiNewton::new(memory), &mut evaluate);
        if ascent.value() == f64::NEG_INFINITY {
            ascent = Ascent::new(objective.lifted(ascent.image), ascent.known, &mut evaluate);
        }
        Ok(Self { objective: objective.clone(), ascent, d, count })
    }

    /// The Karush-Kuhn-Tucker residual of the image, which costs nothing here.
    pub fn distance(&self) -> f64 {
        residual(&self.objective, &self.ascent.image, &self.ascent.gradient)
    }
}

impl Algorithm for Lbfgs {
    fn update(&mut self) -> Step {
        let distance = self.distance();
        let (objective, count) = (&self.objective, &mut self.count);
        harmonic(objective, &self.ascent.image, &mut self.d);
        let mean = mean_inside(&self.ascent.image, objective.sensitivity());
        self.ascent.step(&self.d, distance, mean, &mut |x, gradient| {
            count.projected(1);
            objective.gradient(x, gradient)
        });
        self.count.done()
    }

    holds_image!(ascent.image);
}

/// `[algorithm.lbfgs]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LbfgsConfig {
    /// Updates; each takes all data once, or more often where a step has to be shortened.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Steps that are remembered, two images each.
    #[serde(default = "seven", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub memory: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for LbfgsConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "lbfgs",
            summary: "Preconditioned L-BFGS with bounds (Tsai et al. 2018).",
            formula: "x ← P₊(x + α H ∇Φ(x)), H the inverse Hessian as the last steps know it",
            citation: "Tsai et al. 2018, IEEE Trans. Med. Imaging 37:1000",
            carries: &[Capability::Smooth],
            alone: true,
            examples: &["iterations = 3"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(1, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        true
    }

    fn footprint(&self, _: Option<Capability>) -> Footprint {
        let iterations = self.iterations as f64;
        Footprint {
            images: 2 * self.memory.min(self.iterations) + 5,
            passes: iterations + 1.0,
            evaluations: 3.0 * iterations,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Lbfgs::new(objective, self.memory, start)?))
    }
}

fn seven() -> usize {
    7
}
