//! Proximal Newton (Lee, Sun & Saunders 2014, SIAM J. Optim. 24(3), 1420–1443). All data at once; converges to the
//! maximum of Φ.
//!
//! Of the two parts of Φ the prior is cheap and bends sharply, and the likelihood is dear and smooth. So every update
//! replaces the likelihood by its second-order model and maximises the rest as it is, with the bound x ≥ 0, without a
//! projection:
//!
//!   x ← argmax over z ≥ 0 of ∇L(x)·(z − x) − ½ (z − x)ᵀ A (z − x) − β R(z).
//!
//! A starts as a shift-invariant response and learns from every pass over the data (BFGS), also from one whose image
//! loses.

use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::local_model::Curvature;
use super::newton_step::{Point, first_point, gaining_step};
use super::objective::Objective;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Count, StartConfig, Step, Unfit};
use crate::prior::Capability;
use coincide_kernels::zeros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// x ← the maximum of the model around x, or part of the way to it where Φ would fall. Besides A, which grows to 24
/// images, an update takes about 20.
pub struct ProximalNewton {
    objective: Arc<Objective>,
    /// The image, with ∇L and Φ there.
    point: Point,
    curvature: Curvature,
    count: Count,
}

impl ProximalNewton {
    /// Starts from `start`, or from a uniform image. The objective's subsets only keep its work space small.
    pub fn new(objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&ProximalNewtonConfig::entry())?;
        let (image, mut count) = (objective.start(start)?, Count::new(1));
        let point = first_point(objective, image, &mut |image| {
            count.passed(1.0);
            point_at(objective, image)
        });
        let (curvature, passes) = Curvature::new(objective, &point.image);
        count.passed(passes);
        Ok(Self { objective: objective.clone(), point, curvature, count })
    }

    /// Takes A anew at the present image.
    fn forget(&mut self) {
        let (curvature, passes) = Curvature::new(&self.objective, &self.point.image);
        self.count.passed(passes);
        self.curvature = curvature;
    }
}

impl Algorithm for ProximalNewton {
    fn update(&mut self) -> Step {
        if self.curvature.full() {
            self.forget();
        }
        let (objective, count) = (&self.objective, &mut self.count);
        let step = gaining_step(objective, &mut self.curvature, &self.point, &mut |image| {
            count.passed(1.0);
            point_at(objective, image)
        });
        match step {
            Some(point) => self.point = point,
            None => self.forget(),
        }
        self.count.done()
    }

    holds_image!(point.image);
}

fn point_at(objective: &Objective, image: Vec<f32>) -> Point {
    let mut gradient = zeros(image.len());
    let value = objective.value_and_data_gradient(&image, &mut gradient);
    Point { image, value, gradient, parts: Vec::new() }
}

/// `[algorithm.proximal-newton]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProximalNewtonConfig {
    /// Updates; each takes all data once, or more often where a step has to be shortened.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for ProximalNewtonConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "proximal-newton",
            summary: "Proximal Newton with a shift-invariant model of the data's Hessian (Lee et al. 2014, Fessler & Booth 1999).",
            formula: "x ← argmax of ∇L(x)·(z − x) − ½ (z − x)ᵀ A (z − x) − β R(z) over z ≥ 0",
            citation: "Lee, Sun & Saunders 2014, SIAM J. Optim. 24:1420; Fessler & Booth 1999, IEEE Trans. Image Process. 8:688",
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
            images: 25,
            passes: iterations + 2.0,
            evaluations: 30.0 * iterations,
            // The model's maximum takes up to 20 steps; what they learn from each other costs as much again.
            convolutions: 50.0 * iterations,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(ProximalNewton::new(objective, start)?))
    }
}
