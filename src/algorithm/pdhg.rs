//! PDHG (Chambolle & Pock 2011, J. Math. Imaging Vis. 40, 120–145) and its stochastic form SPDHG (Chambolle, Ehrhardt,
//! Richtárik & Schönlieb 2018, SIAM J. Optim. 28(4), 2783–2808; for PET: Ehrhardt, Markiewicz & Schönlieb 2019, Phys.
//! Med. Biol. 64, 225019), with diagonal steps (Pock & Chambolle 2011, ICCV, 1762–1769).
//!
//! For R = F ∘ K it solves  min over x ≥ 0 of max over u, w of  Σᵢ ⟨Aᵢ x, uᵢ⟩ − Lᵢ*(uᵢ) + ⟨K x, w⟩ − (βF)*(w)  with Aᵢ
//! = m ⊙ Gᵢ B. One block of the dual, a subset of the data or the prior, is updated at a time, chosen at random with
//! probability p:
//!
//!   uᵢ ← prox of σᵢ Lᵢ* at uᵢ + σᵢ Aᵢ x,   z ← z + ΔAᵢᵀ uᵢ,   x ← P₊(x − τ (z + ΔAᵢᵀ uᵢ / pᵢ)).
//!
//! With one subset both blocks are updated every time, and nothing is random.

use super::arithmetic::{add, dot, each, sum};
use super::drive::holds_image;
use super::entry::AlgorithmEntry;
use super::objective::Objective;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Count, StartConfig, Step, Unfit, relaxation};
use crate::prior::{Capability, Dual, Prior};
use crate::units::Positive;
use coincide_kernels::zeros;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// ‖√σ A √τ‖², which must be below p.
const SAFETY: f32 = 0.98;

/// Largest τ over its median: voxels that are hardly seen must not set the prior's steps.
const LARGEST_TAU: f32 = 8.0;

/// PDHG (one subset) and SPDHG (several).
pub struct Pdhg {
    objective: Arc<Objective>,
    dual: Option<Arc<dyn Dual>>,
    /// Probability of one subset's block; what is left is the prior's.
    probability: f32,
    image: Vec<f32>,
    tau: Vec<f32>,
    /// γ ρ, the dual step of a bin before it is divided by A 1.
    step: f32,
    sigma_prior: f32,
    lengths: Vec<Vec<f32>>,
    /// u, one sinogram per subset, and w.
    data: Vec<Vec<f32>>,
    prior: Vec<f32>,
    /// z = Aᵀ u + Kᵀ w, and its last change over p.
    sum: Vec<f32>,
    ahead: Vec<f32>,
    change: Vec<f32>,
    random: Pcg64,
    count: Count,
}

impl Pdhg {
    /// Starts from `start`, or from a uniform image, with the dual variables that belong to it. `balance` moves the
    /// steps from the image to the dual variables: 1 is a step of about one EM step in the image.
    pub fn new(objective: &Arc<Objective>, balance: f64, seed: u64, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        objective.fits(&PdhgConfig::entry())?;
        let largest = objective.largest_sensitivity();
        let image = objective.start(start)?;
        let (voxels, subsets) = (image.len(), objective.subsets());
        let dual = match objective.prior() {
            Prior::Dual(dual) => Some(dual.clone()),
            _ => None,
        };
        let probability = if dual.is_some() { 0.5 } else { 1.0 } / subsets as f32;
        let rho = SAFETY.sqrt();
        let gamma = balance as f32 / typical(&image);
        let (tau, tau_max) = primal_steps(objective, largest, probability * rho / gamma);
        let model = objective.model();
        let (mut sum, mut part, mut data, mut lengths) = (zeros(voxels), zeros(voxels), Vec::new(), Vec::new());
        for k in 0..subsets {
            let mut u = zeros(model.system().subset_bins());
            model.dual_of(k, &image, &mut u, &mut part);
            add(&mut sum, 1.0, &part);
            data.push(u);
            lengths.push(model.lengths(k));
        }
        let dual_len = dual.as_ref().map_or(0, |dual| dual.dual_len());
        let norm = dual.as_ref().map_or(1.0, |dual| dual.norm()) as f32;
        let mut count = Count::new(subsets);
        count.projected(subsets);
        Ok(Self {
            objective: objective.clone(),
            dual,
            probability,
            image,
            tau,
            step: gamma * rho,
            sigma_prior: SAFETY * 0.5 / (tau_max * norm * norm),
            lengths,
            data,
            prior: zeros(dual_len),
            ahead: sum.clone(),
            sum,
            change: part,
            random: Pcg64::seed_from_u64(seed),
            count,
        })
    }

    /// x ← P₊(x − τ z̄)
    fn primal_step(&mut self) {
        each(&mut self.image, [&self.tau, &self.ahead], |x, [tau, z]| (x - tau * z).max(0.0));
        self.ahead.copy_from_slice(&self.sum);
    }

    /// z ← z + Δ,   z̄ ← z̄ + Δ + Δ / p
    fn changed(&mut self, over: f32) {
        add(&mut self.sum, 1.0, &self.change);
        add(&mut self.ahead, 1.0 + over, &self.change);
    }

    fn data_step(&mut self, k: usize, over: f32) {
        let (u, lengths) = (&mut self.data[k], &self.lengths[k]);
        self.objective.model().dual_step(k, &self.image, self.step, lengths, u, &mut self.change);
        self.count.projected(1);
        self.changed(over);
    }

    fn prior_step(&mut self, dual: &dyn Dual, over: f32) {
        let mut z = zeros(self.prior.len());
        dual.forward(&self.image, &mut z);
        let sigma = self.sigma_prior;
        each(&mut z, [&self.prior], |kx, [w]| w + sigma * kx);
        dual.prox_conjugate(self.objective.beta() as f32, sigma, &mut z);
        each(&mut self.prior, [&z], |w, [next]| next - w);
        self.change.fill(0.0);
        dual.add_adjoint(&self.prior, &mut self.change);
        self.prior = z;
        self.changed(over);
    }
}

/// Mean of x weighted with x itself: the activity that most counts come from.
fn typical(x: &[f32]) -> f32 {
    let (squares, sum) = (dot(x, x), sum([x], |[x]| f64::from(x)));
    if sum > 0.0 { (squares / sum) as f32 } else { 1.0 }
}

/// τⱼ = scale / maxₖ (Aₖᵀ 1)ⱼ of the maxima in `tau`, 0 outside the field of view and at most [`LARGEST_TAU`] medians;
/// and the largest τ.
fn primal_steps(objective: &Objective, mut tau: Vec<f32>, scale: f32) -> (Vec<f32>, f32) {
    each(&mut tau, [objective.sensitivity()], |most, [s]| if s > 0.0 && most > 0.0 { scale / most } else { 0.0 });
    let mut positive: Vec<f32> = tau.iter().copied().filter(|tau| *tau > 0.0).collect();
    positive.sort_unstable_by(f32::total_cmp);
    let median = positive.get(positive.len() / 2).copied().unwrap_or(1.0);
    let largest = positive.last().copied().unwrap_or(1.0).min(LARGEST_TAU * median);
    each(&mut tau, [], |tau, []| tau.min(largest));
    (tau, largest)
}

impl Algorithm for Pdhg {
    fn update(&mut self) -> Step {
        let subsets = self.objective.subsets();
        if subsets == 1 {
            self.primal_step();
            self.data_step(0, 1.0);
            if let Some(dual) = self.dual.clone() {
                self.prior_step(&*dual, 1.0);
            }
            return self.count.done();
        }
        // Prior blocks come in between, until it is a subset's turn.
        loop {
            self.primal_step();
            match self.dual.clone().filter(|_| self.random.random_bool(0.5)) {
                Some(dual) => self.prior_step(&*dual, 2.0),
                None => {
                    let k = self.random.random_range(0..subsets);
                    self.data_step(k, 1.0 / self.probability);
                    return self.count.done();
                }
            }
        }
    }

    holds_image!(image);

    fn prior_subgradient(&self) -> Option<Vec<f32>> {
        let mut subgradient = zeros(self.image.len());
        self.dual.as_ref()?.add_adjoint(&self.prior, &mut subgradient);
        Some(subgradient)
    }
}

/// `[algorithm.pdhg]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PdhgConfig {
    /// Full iterations.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Above 1 moves the steps from the image to the dual variables.
    #[serde(default = "relaxation::unit_step")]
    pub balance: Positive,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for PdhgConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "pdhg",
            summary: "Primal-dual hybrid gradient (Chambolle & Pock 2011).",
            formula: "u ← prox of σ L* at u + σ A x, w ← prox of σ (βF)* at w + σ K x, x ← P₊(x − τ (Aᵀu + Kᵀw))",
            citation: "Chambolle & Pock 2011, J. Math. Imaging Vis. 40:120",
            carries: &[Capability::Dual],
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

    fn footprint(&self, carried: Option<Capability>) -> Footprint {
        let iterations = self.iterations as f64;
        // Dual variables of data and prior, and lengths; they are gone before the second sinogram comes that judges the
        // image.
        Footprint {
            images: dual_images(carried),
            sinograms: 1,
            passes: iterations + 1.0,
            evaluations: iterations,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Pdhg::new(objective, self.balance.get(), 0, start)?))
    }
}

/// Images with the dual variables of the prior, and what is to become of them; those of data are sinograms.
fn dual_images(carried: Option<Capability>) -> usize {
    if carried.is_some() { 9 } else { 3 }
}

/// `[algorithm.spdhg]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpdhgConfig {
    /// Subsets of interleaved views; must divide the number of views.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub subsets: usize,
    /// Full iterations: as many updates as there are subsets, each of one chosen at random.
    #[serde(deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub iterations: usize,
    /// Above 1 moves the steps from the image to the dual variables.
    #[serde(default = "relaxation::unit_step")]
    pub balance: Positive,
    /// Seed of the order of the subsets.
    #[serde(default)]
    pub seed: u64,
    /// The first image.
    #[serde(default = "StartConfig::osem")]
    pub start: StartConfig,
}

impl AlgorithmTable for SpdhgConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "spdhg",
            summary: "Stochastic PDHG (Chambolle et al. 2018, Ehrhardt et al. 2019).",
            formula: "that of pdhg, one block of the dual variables at a time, chosen at random",
            citation: "Chambolle et al. 2018, SIAM J. Optim. 28:2783; Ehrhardt et al. 2019, Phys. Med. Biol. 64:225019",
            carries: &[Capability::Dual],
            alone: true,
            examples: &["subsets = 4\niterations = 2"],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::updates(self.subsets, self.iterations, &self.start)
    }

    fn converges(&self) -> bool {
        true
    }

    fn footprint(&self, carried: Option<Capability>) -> Footprint {
        let (iterations, updates) = (self.iterations as f64, (self.iterations * self.subsets) as f64);
        Footprint {
            images: dual_images(carried),
            sinograms: 2,
            passes: iterations + 1.0,
            evaluations: updates,
            ..Footprint::default()
        }
    }

    fn build(&self, objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Ok(Box::new(Pdhg::new(objective, self.balance.get(), self.seed, start)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::tests::{scan, small_grid};
    use crate::likelihood::Model;
    use crate::prior::total_variation;

    /// Algorithm 1 of Chambolle et al. 2018 as it is written, with sums taken anew: z = Σ Aᵢᵀ yᵢ, and z̄ = z + Δ / p,
    /// where Δ is the change of the block that was drawn and p its probability; without a draw p = 1, and the changes
    /// of both blocks count.
    #[test]
    fn updates_are_those_of_the_paper() {
        let scan = scan();
        let prior = Prior::Dual(total_variation(&small_grid()));
        let Prior::Dual(dual) = &prior else { panic!() };
        for subsets in [1, 4] {
            let model = Model::new(&scan, small_grid(), None, subsets).unwrap();
            let objective = Objective::new(&model, &prior, 5.0);
            let mut pdhg = Pdhg::new(&objective, 2.0, 3, None).unwrap();
            let (tau, sigma, step) = (pdhg.tau.clone(), pdhg.sigma_prior, pdhg.step);
            let mut random = Pcg64::seed_from_u64(3);
            let (mut x, mut u, mut w) = (pdhg.image.clone(), pdhg.data.clone(), zeros(dual.dual_len()));
            let mut z = pdhg.sum.clone();
            let mut ahead = z.clone();
            let mut drawn = [0; 2];
            for update in 0..12 {
                loop {
                    x.iter_mut().zip(&tau).zip(&ahead).for_each(|((x, tau), z)| *x = (*x - tau * z).max(0.0));
                    ahead.copy_from_slice(&z);
                    let of_prior = subsets > 1 && random.random_bool(0.5);
                    if of_prior || subsets == 1 {
                        let (mut next, mut change) = (zeros(w.len()), zeros(x.len()));
                        dual.forward(&x, &mut next);
                        next.iter_mut().zip(&w).for_each(|(kx, w)| *kx = w + sigma * *kx);
                        dual.prox_conjugate(5.0, sigma, &mut next);
                        let difference: Vec<f32> = next.iter().zip(&w).map(|(next, w)| next - w).collect();
                        dual.add_adjoint(&difference, &mut change);
                        w = next;
                        follow(&mut z, &mut ahead, &change, if subsets == 1 { 1.0 } else { 0.5 });
                        drawn[0] += 1;
                    }
                    if !of_prior {
                        let k = if subsets == 1 { 0 } else { random.random_range(0..subsets) };
                        let (lengths, mut change) = (&pdhg.lengths[k], zeros(x.len()));
                        model.dual_step(k, &x, step, lengths, &mut u[k], &mut change);
                        follow(&mut z, &mut ahead, &change, if subsets == 1 { 1.0 } else { 0.5 / subsets as f32 });
                        drawn[1] += 1;
                        break;
                    }
                }
                pdhg.update();
                let off: f64 = x.iter().zip(&pdhg.image).map(|(a, b)| f64::from(a - b).powi(2)).sum();
                assert!(off < 1e-8 * dot(&x, &x), "{subsets} subsets, update {update}: {off:e} of {:e}", dot(&x, &x));
            }
            assert!(drawn[0] >= 5 && drawn[1] == 12, "{drawn:?}");
        }
    }

    /// z ← z + Δ,   z̄ ← z̄ + Δ + Δ / p
    fn follow(z: &mut [f32], ahead: &mut [f32], change: &[f32], p: f32) {
        for ((z, ahead), change) in z.iter_mut().zip(ahead).zip(change) {
            *z += change;
            *ahead += change + change / p;
        }
    }
}
