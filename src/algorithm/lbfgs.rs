//! L-BFGS-B-PC: limited-memory BFGS with bounds and a preconditioner (Tsai, Bousse, Ehrhardt, Stearns, Ahn, Hutton,
//! Arridge & Thielemans 2018, IEEE TMI 37(4), 1000–1010). All data at once; converges to the maximum of Φ.

use super::ascent::Ascent;
use super::kkt::{mean_inside, residual};
use super::objective::Objective;
use super::preconditioner::harmonic;
use super::quasi_newton::QuasiNewton;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;
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
    pub fn new(objective: &Arc<Objective>, memory: usize, start: Option<Vec<f32>>) -> Self {
        let image = objective.start(start);
        let (d, mut count) = (zeros(image.len()), Count::new(1));
        let mut evaluate = |x: &[f32], gradient: &mut [f32]| {
            count.projected(1);
            objective.gradient(x, gradient)
        };
        let mut ascent = Ascent::new(image, QuasiNewton::new(memory), &mut evaluate);
        if ascent.value() == f64::NEG_INFINITY {
            ascent = Ascent::new(objective.lifted(ascent.image), ascent.known, &mut evaluate);
        }
        Self { objective: objective.clone(), ascent, d, count }
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

    fn image(&self) -> &[f32] {
        &self.ascent.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.ascent.image
    }
}
