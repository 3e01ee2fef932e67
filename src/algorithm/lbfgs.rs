//! L-BFGS-B-PC: limited-memory BFGS with bounds and a preconditioner (Tsai, Bousse, Ehrhardt, Stearns, Ahn, Hutton, Arridge
//! & Thielemans 2018, IEEE TMI 37(4), 1000–1010). All data at once; converges to the maximum of Φ.
//!
//! Here the bound x ≥ 0 is kept by gradient projection (Bertsekas 1982, SIAM J. Control Optim. 20(2), 221–246; Kim, Sra &
//! Dhillon 2010, SIAM J. Sci. Comput. 32(6), 3548–3563): the two-loop recursion runs on the voxels that are free, with the
//! preconditioner as its first guess of the inverse Hessian, and the path along it is bent at 0.

use super::arithmetic::{each, sum};
use super::kkt::{mean_inside, residual};
use super::objective::{Objective, Work};
use super::preconditioner::harmonic;
use super::quasi_newton::QuasiNewton;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;

/// Share of the expected gain that a step must bring (Armijo).
const SUFFICIENT: f64 = 1e-4;

/// Values closer than this, relative to themselves, are the same.
const ROUNDING: f64 = 5e-10;

/// Largest value that counts as next to 0, over the mean of the image.
const NEAR: f64 = 0.02;

/// Steps of a line search, each a third of the last.
const TRIALS: usize = 12;

/// x ← P₊(x + α H ∇Φ(x)), H the inverse Hessian as the last steps know it.
pub struct Lbfgs<'a> {
    objective: &'a Objective<'a>,
    image: Vec<f32>,
    gradient: Vec<f32>,
    value: f64,
    d: Vec<f32>,
    known: QuasiNewton,
    work: Work,
    count: Count,
}

impl<'a> Lbfgs<'a> {
    /// Starts from `start`, or from a uniform image, and remembers `memory` steps (two images each). The objective's subsets
    /// only keep its work space small.
    pub fn new(objective: &'a Objective<'a>, memory: usize, start: Option<Vec<f32>>) -> Self {
        let image = objective.start(start);
        let (gradient, d, work) = (zeros(image.len()), zeros(image.len()), objective.work());
        let (known, count) = (QuasiNewton::new(memory), Count::new(1));
        Self { objective, image, gradient, value: f64::NAN, d, known, work, count }
    }

    /// The Karush-Kuhn-Tucker residual of the image, which costs nothing here.
    pub fn distance(&self) -> f64 {
        residual(&self.image, &self.gradient, self.objective.sensitivity())
    }

    /// What counts as next to 0: a part of the mean that shrinks with the distance from the maximum, so that in the end only
    /// the true zeros are left (Bertsekas's ε).
    fn nearness(&self) -> f32 {
        (self.distance().min(NEAR) * mean_inside(&self.image, self.objective.sensitivity())) as f32
    }

    /// The first of the steps 1, ⅓, ⅑, … along the bent path that gains enough, with its value and gradient.
    fn search(&mut self, direction: &[f32]) -> Option<(Vec<f32>, f64, Vec<f32>)> {
        let (mut x, mut gradient) = (zeros(self.image.len()), zeros(self.image.len()));
        let mut alpha = 1.0_f32;
        for _ in 0..TRIALS {
            each(&mut x, [&self.image, direction], |_, [x, d]| (x + alpha * d).max(0.0));
            let value = self.objective.gradient(&x, &mut self.work, &mut gradient);
            self.count.projected(1);
            let along =
                |g: &[f32]| sum([g, &x, &self.image], |[g, x, x0]| f64::from(g) * (f64::from(x) - f64::from(x0)));
            let (expected, slope) = (along(&self.gradient), along(&gradient));
            // Near the maximum the values round to the same; the slopes still tell (Hager & Zhang 2005).
            let (gain, same) = (value - self.value, ROUNDING * self.value.abs());
            let enough = gain >= SUFFICIENT * expected || (gain >= -same && slope >= -0.8 * expected);
            if expected > 0.0 && enough && value.is_finite() {
                return Some((x, value, gradient));
            }
            alpha /= 3.0;
        }
        None
    }
}

impl Algorithm for Lbfgs<'_> {
    fn update(&mut self) -> Step {
        harmonic(self.objective, &self.image, &mut self.d);
        if self.value.is_nan() {
            self.value = self.objective.gradient(&self.image, &mut self.work, &mut self.gradient);
            self.count.projected(1);
        }
        let direction = self.known.direction(&self.image, &self.gradient, &self.d, self.nearness());
        match self.search(&direction) {
            Some((mut x, value, mut gradient)) => {
                std::mem::swap(&mut x, &mut self.image);
                std::mem::swap(&mut gradient, &mut self.gradient);
                self.value = value;
                let (mut step, mut change) = (x, gradient);
                each(&mut step, [&self.image], |before, [after]| after - before);
                each(&mut change, [&self.gradient], |before, [after]| before - after);
                self.known.learn(step, change);
            }
            // What the last steps knew is wrong here: back to the preconditioner.
            None => self.known.forget(),
        }
        self.count.done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
