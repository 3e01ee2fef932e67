//! Quasi-Newton ascent on the bounded set x ≥ 0 by gradient projection (Bertsekas 1982, SIAM J. Control Optim. 20(2),
//! 221–246; Kim, Sra & Dhillon 2010, SIAM J. Sci. Comput. 32(6), 3548–3563): the two-loop recursion runs on the voxels
//! that are free, with the preconditioner as its first guess of the inverse Hessian, and the path along it is bent at
//! 0.

use super::arithmetic::{each, sum};
use super::quasi_newton::QuasiNewton;
use coincide_kernels::zeros;

/// Share of the expected gain that a step must bring (Armijo).
const SUFFICIENT: f64 = 1e-4;

/// Values closer than this, relative to themselves, are the same.
const ROUNDING: f64 = 5e-10;

/// Steps of a line search, each a third of the last.
const TRIALS: usize = 12;

/// gradient ← that of the function at x; returns its value.
pub(super) type Evaluate<'a> = dyn FnMut(&[f32], &mut [f32]) -> f64 + 'a;

/// Largest value that counts as next to 0, over the mean of the image.
const NEAR: f64 = 0.02;

/// Where an ascent stands.
pub(super) struct Ascent {
    pub image: Vec<f32>,
    pub gradient: Vec<f32>,
    value: f64,
    /// What the last steps taught.
    pub known: QuasiNewton,
}

impl Ascent {
    /// Starts from an image.
    pub fn new(image: Vec<f32>, known: QuasiNewton, evaluate: &mut Evaluate) -> Self {
        let mut gradient = zeros(image.len());
        let value = evaluate(&image, &mut gradient);
        Self { image, gradient, value, known }
    }

    /// Φ at the image.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// x ← P₊(x + α H ∇Φ(x)) with the preconditioner `d`. Where no step gains, x stays, and what the last steps taught
    /// is forgotten.
    ///
    /// What counts as next to 0 is a part of the mean that shrinks with the distance from the maximum, so that in the
    /// end only the true zeros are left (Bertsekas's ε).
    pub fn step(&mut self, d: &[f32], distance: f64, mean: f64, evaluate: &mut Evaluate) {
        let near = (distance.min(NEAR) * mean) as f32;
        let direction = self.known.direction(&self.image, &self.gradient, d, near);
        let Some((mut x, value, mut gradient)) = self.search(&direction, evaluate) else {
            return self.known.forget();
        };
        std::mem::swap(&mut x, &mut self.image);
        std::mem::swap(&mut gradient, &mut self.gradient);
        self.value = value;
        let (mut step, mut change) = (x, gradient);
        each(&mut step, [&self.image], |before, [after]| after - before);
        each(&mut change, [&self.gradient], |before, [after]| before - after);
        self.known.learn(step, change);
    }

    /// The first of the steps 1, ⅓, ⅑, … along the bent path that gains enough, with its value and gradient.
    fn search(&self, direction: &[f32], evaluate: &mut Evaluate) -> Option<(Vec<f32>, f64, Vec<f32>)> {
        let (mut x, mut gradient) = (zeros(self.image.len()), zeros(self.image.len()));
        let mut alpha = 1.0_f32;
        for _ in 0..TRIALS {
            each(&mut x, [&self.image, direction], |_, [x, d]| (x + alpha * d).max(0.0));
            let value = evaluate(&x, &mut gradient);
            let along =
                |g: &[f32]| sum([g, &x, &self.image], |[g, x, x0]| f64::from(g) * (f64::from(x) - f64::from(x0)));
            let (expected, slope) = (along(&self.gradient), along(&gradient));
            // Near the maximum the values round to the same; the slopes still tell (Hager & Zhang 2005).
            let enough =
                value - self.value >= SUFFICIENT * expected || (keeps(self.value, value) && slope >= -0.8 * expected);
            if expected > 0.0 && enough && value.is_finite() {
                return Some((x, value, gradient));
            }
            alpha /= 3.0;
        }
        None
    }
}

/// Whether a value is not less than the one before, but for rounding.
pub(super) fn keeps(before: f64, after: f64) -> bool {
    after >= before - ROUNDING * before.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// −½ c (x − 3)²: a first step of 30 times Newton's overshoots so far that it loses, and shorter ones gain.
    #[test]
    fn steps_that_lose_are_shortened() {
        let curvature = 2.0_f32;
        let trials = std::cell::Cell::new(0);
        let mut evaluate = |x: &[f32], gradient: &mut [f32]| {
            trials.set(trials.get() + 1);
            each(gradient, [x], |_, [x]| curvature * (3.0 - x));
            sum([x], |[x]| -0.5 * f64::from(curvature) * f64::from(x - 3.0).powi(2))
        };
        let mut ascent = Ascent::new(vec![1.0; 5], QuasiNewton::new(3), &mut evaluate);
        let before = ascent.value;
        ascent.step(&[30.0 / curvature; 5], 1.0, 1.0, &mut evaluate);
        assert!(ascent.value > before && ascent.image != [1.0; 5], "{:?}", ascent.image);
        // 1, ⅓, ⅑ and 1/27 of the step land at 61, 21, 7.7 and 3.2.
        assert_eq!(trials.get(), 5);
        assert!((ascent.image[0] - (1.0 + 60.0 / 27.0)).abs() < 1e-4, "{:?}", ascent.image);
        // What that step taught makes the next one right.
        ascent.step(&[30.0 / curvature; 5], 1.0, 1.0, &mut evaluate);
        assert!(ascent.image.iter().all(|x| (x - 3.0).abs() < 1e-4), "{:?}", ascent.image);
    }
}
