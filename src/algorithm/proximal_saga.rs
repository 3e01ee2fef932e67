//! SAGA with a proximal step on the prior (Defazio, Bach & Lacoste-Julien 2014, NIPS 27): the data are seen a subset at a time,
//! the prior, which costs no projection, is solved for.
//!
//! A diagonal preconditioner cannot help where the prior is stiff: cold regions, in which the curvature of relative
//! differences is hundreds of times that of the data, move together or not at all. In the proximal step they do.

use super::arithmetic::{add, each, sum};
use super::kkt::mean_inside;
use super::objective::{Objective, Work};
use super::quasi_newton::QuasiNewton;
use super::relaxation::Relaxation;
use super::{Algorithm, Count, Step};
use coincide_kernels::zeros;

/// Steps that the inner solver remembers, also from one proximal step to the next: they see almost the same Hessian.
const MEMORY: usize = 8;

/// What counts as next to 0, over the mean of the image.
const NEAR: f64 = 1e-3;

/// g = K (∇Lₖ(x) − aₖ) + Σ a,   aₖ ← ∇Lₖ(x),
/// x ← argmax over z ≥ 0 of ⟨g, z⟩ − ½ Σⱼ hⱼ (zⱼ − xⱼ)² / λₙ − β R(z).
///
/// h = Bᵀ Gᵀ \[m² y / ȳ² ⊙ (G B 1)\] bounds the curvature of −L at the first image. The maximum is found by a few
/// quasi-Newton steps from x. The table a (K images) is filled by one pass over the data.
pub struct ProximalSaga<'a> {
    objective: &'a Objective<'a>,
    relaxation: Relaxation,
    inner: usize,
    image: Vec<f32>,
    curvature: Vec<f32>,
    gradient: Vec<f32>,
    table: Vec<Vec<f32>>,
    table_sum: Vec<f32>,
    known: QuasiNewton,
    work: Work,
    count: Count,
}

impl<'a> ProximalSaga<'a> {
    /// Starts from `start`, or from a uniform image; `inner` steps solve for the prior.
    pub fn new(objective: &'a Objective<'a>, relaxation: Relaxation, inner: usize, start: Option<Vec<f32>>) -> Self {
        let image = objective.start(start);
        let (mut work, voxels) = (objective.work(), image.len());
        let curvature = objective.model().curvature_row_sums(&image, &mut work.scratch);
        let mut count = Count::new(objective.subsets());
        // Two projections and a back projection.
        count.projected(objective.subsets() + objective.subsets().div_ceil(2));
        Self {
            objective,
            relaxation,
            inner: inner.max(1),
            image,
            curvature,
            gradient: zeros(voxels),
            table: Vec::new(),
            table_sum: zeros(voxels),
            known: QuasiNewton::new(MEMORY),
            work,
            count,
        }
    }

    /// The table at the first image; the gradient is then the whole one.
    fn fill_table(&mut self) {
        for k in 0..self.objective.subsets() {
            let mut gradient = zeros(self.image.len());
            self.objective.data_gradient(k, &self.image, &mut self.work, &mut gradient);
            add(&mut self.table_sum, 1.0, &gradient);
            self.table.push(gradient);
        }
        self.count.projected(self.objective.subsets());
        self.gradient.copy_from_slice(&self.table_sum);
    }

    /// The gradient as a subset sees it, which then takes its place in the table.
    fn see_subset(&mut self, k: usize) {
        self.objective.data_gradient(k, &self.image, &mut self.work, &mut self.gradient);
        self.count.projected(1);
        let subsets = self.objective.subsets() as f32;
        let known = &mut self.table[k];
        // known ← the difference, then the new gradient; g ← K · difference + Σ a.
        each(known, [&self.gradient], |known, [fresh]| fresh - known);
        let (difference, fresh) = (&*known, self.gradient.clone());
        each(&mut self.gradient, [difference, &self.table_sum], |_, [difference, sum]| subsets * difference + sum);
        add(&mut self.table_sum, 1.0, difference);
        known.copy_from_slice(&fresh);
    }

    /// The proximal step along the gradient.
    fn step(&mut self, lambda: f32) {
        let (objective, x, g, h) = (self.objective, self.image.clone(), &self.gradient, &self.curvature);
        let s = objective.sensitivity();
        let slope = |z: &[f32], out: &mut [f32]| {
            each(out, [z, &x, g, h], |_, [z, x, g, h]| g - h * (z - x) / lambda);
            objective.subtract_prior_gradient(z, out);
        };
        let mut d = zeros(x.len());
        objective.prior_curvature(&x, &mut d);
        each(&mut d, [h, s], |r, [h, s]| if s > 0.0 && h > 0.0 { 1.0 / (h / lambda + 2.0 * r) } else { 0.0 });
        let near = (NEAR * mean_inside(&x, s)) as f32;
        maximise(&mut self.known, &mut self.image, &d, near, self.inner, slope);
    }
}

/// A few quasi-Newton steps up a concave function that is known by its slope.
fn maximise(
    known: &mut QuasiNewton,
    x: &mut Vec<f32>,
    d: &[f32],
    near: f32,
    steps: usize,
    slope: impl Fn(&[f32], &mut [f32]),
) {
    let mut at_x = zeros(x.len());
    slope(x, &mut at_x);
    for _ in 0..steps {
        let direction = known.direction(x, &at_x, d, near);
        let (mut next, mut at_next) = (direction, zeros(x.len()));
        each(&mut next, [x], |direction, [x]| (x + direction).max(0.0));
        slope(&next, &mut at_next);
        let along =
            |g: &[f32], next: &[f32]| sum([g, next, x], |[g, z, x]| f64::from(g) * (f64::from(z) - f64::from(x)));
        let (begin, end) = (along(&at_x, &next), along(&at_next, &next));
        if end < -0.5 * begin.abs() {
            // Too far: back to where the slope along the step would be 0 if it fell evenly.
            let share = (begin.max(0.0) / (begin.max(0.0) - end)) as f32;
            each(&mut next, [x], |next, [x]| x + share * (next - x));
            slope(&next, &mut at_next);
        }
        std::mem::swap(x, &mut next);
        std::mem::swap(&mut at_x, &mut at_next);
        let (mut step, mut change) = (next, at_next);
        each(&mut step, [x], |before, [after]| after - before);
        each(&mut change, [&at_x], |before, [after]| before - after);
        known.learn(step, change);
    }
}

impl Algorithm for ProximalSaga<'_> {
    fn update(&mut self) -> Step {
        if self.table.is_empty() {
            self.fill_table();
        } else {
            self.see_subset(self.count.subset());
        }
        self.step(self.relaxation.at(self.count.iterations()));
        self.count.done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
