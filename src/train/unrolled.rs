//! An unrolled reconstruction, forwards and backwards.
//!
//! For each iteration k, at image x:  z = N_θ(x, guides) (once, or before every update), and for each subset b
//!
//!   e = EM_b(x),   x ← fuse(e, z, γₖ ν̄ s̄_b, s_b)
//!
//! (Mehranian & Reader 2021, IEEE TRPMS 5(1), 54–64). s̄_b is the subset's mean sensitivity, so that γ has no
//! unit; ν is the relative noise of the scan ([`crate::prior::RelativeNoise`]). Images
//! are in units of the mean activity in the body: see [`super::case`]. The reverse sweep carries v = ∂loss/∂x from the
//! last update to the first:
//!
//!   v_e, v_z, v_γ = fusionᵀ v,   v ← EMᵀ v_e,   and v ← v + Nᵀ Σ v_z where z was worked out.
//!
//! A network that is applied after all updates is a filter; its sweep back ends with Nᵀ v. Without EMᵀ it is the
//! truncated gradient of that paper's published code: it sees the network and the fusion, not the scanner.

use super::em::{EmRecord, Seen, em};
use super::layer::Layer;
use super::prepared::NoiseOfSlices;
use crate::algorithm::{field_of_view, least_sensitivity};
use crate::likelihood::Model;
use crate::prior::network::Applied;
use coincide_kernels::fusion::{fuse, fuse_slopes};
use coincide_kernels::zeros;
use rayon::prelude::*;
use std::sync::Arc;

/// How a reconstruction is unrolled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unrolling {
    /// Full iterations.
    pub iterations: usize,
    /// How often z is worked out.
    pub applied: Applied,
    /// Whether the gradient stops at the EM step.
    pub detached: bool,
}

/// The chain of one measurement.
pub struct Unrolled<'a> {
    model: &'a Model,
    unrolling: Unrolling,
    /// s_b
    seen: Vec<Seen>,
    /// ν̄ s̄_b of every slice, `[subset][z]`
    means: Vec<Vec<f32>>,
    /// What the network sees beside the image.
    guides: Vec<&'a [f32]>,
}

/// What a forward sweep leaves behind.
pub struct Tape {
    /// The image after the last update.
    pub image: Vec<f32>,
    updates: Vec<EmRecord>,
    /// One z per evaluation of the network.
    targets: Vec<Vec<f32>>,
    /// What a network that is applied after all updates has filtered.
    unfiltered: Option<Vec<f32>>,
}

impl Tape {
    /// Evaluations of the network.
    pub fn evaluations(&self) -> usize {
        self.targets.len()
    }
}

/// ∂loss/∂θ and ∂loss/∂γ.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// Of the network's parameters.
    pub network: Vec<f32>,
    /// Of γ, one per stage.
    pub gamma: Vec<f64>,
}

impl<'a> Unrolled<'a> {
    /// The chain on the subsets of a model, whose scans have the relative noise ν̄ in every slice, with the guides of
    /// its network. `slices_apart`: the slices are scans of their own, each with its own s̄.
    pub fn new(
        model: &'a Model,
        unrolling: Unrolling,
        slices_apart: bool,
        noise: &NoiseOfSlices,
        guides: Vec<&'a [f32]>,
    ) -> Self {
        let one = |subset| {
            let mut s = zeros(model.grid().voxels());
            model.sensitivity(subset, &mut s);
            s
        };
        let sensitivities: Vec<Vec<f32>> = (0..model.subsets()).map(one).collect();
        let inside = field_of_view(model);
        let mut total = zeros(model.grid().voxels());
        sensitivities.iter().for_each(|one| total.iter_mut().zip(one).for_each(|(total, one)| *total += one));
        let least = Arc::new(least_sensitivity(total, model.subsets(), &inside));
        let weighted = |s: &Vec<f32>| -> Vec<f32> {
            let means = mean_of_slices(s, &inside, model.grid().shape[2], slices_apart);
            means.iter().zip(&noise.means).map(|(mean, noise)| mean * noise).collect()
        };
        let means = sensitivities.iter().map(weighted).collect();
        let one = |one| Seen::new(one, least.clone(), model.subsets());
        let seen = sensitivities.into_iter().map(one).collect();
        Self { model, unrolling, seen, means, guides }
    }

    /// Reconstructs from `start` with a network and one γ per stage.
    pub fn forward(&self, start: Vec<f32>, network: &mut dyn Layer, gamma: &[f64]) -> Tape {
        if self.unrolling.applied == Applied::After {
            return self.filtered(start, network, gamma.len() - 1);
        }
        let mut tape = Tape { image: start, updates: Vec::new(), targets: Vec::new(), unfiltered: None };
        for update in 0..self.unrolling.iterations * self.model.subsets() {
            let (iteration, subset) = self.place(update);
            let stage = iteration.min(gamma.len() - 1);
            if self.evaluates(subset) {
                tape.targets.push(network.apply(stage, self.model.grid().shape, &tape.image, &self.guides));
            }
            let z = &tape.targets[tape.targets.len() - 1];
            let record = em(self.model, subset, &self.seen[subset], tape.image);
            tape.image = self.fused(&record.image(), z, subset, gamma[stage]);
            tape.updates.push(record);
        }
        tape
    }

    /// The gradient of a loss whose slope at the last image is `v`, and at each z, the last one first, what `by_target`
    /// makes of it. The tape is used up on the way.
    pub fn backward(
        &self,
        mut tape: Tape,
        mut v: Vec<f32>,
        by_target: &mut dyn FnMut(&[f32]) -> Option<Vec<f32>>,
        network: &mut dyn Layer,
        gamma: &[f64],
    ) -> Gradient {
        let mut gradient = Gradient { network: zeros(network.parameters()), gamma: vec![0.0; gamma.len()] };
        if let Some(x) = &tape.unfiltered {
            let (shape, stage) = (self.model.grid().shape, gamma.len() - 1);
            network.pull_back(stage, shape, (x, &self.guides), &v, &mut gradient.network);
            return gradient;
        }
        let mut v_z = zeros(v.len());
        let mut after = tape.image;
        while let Some(record) = tape.updates.pop() {
            let (iteration, subset) = self.place(tape.updates.len());
            let stage = iteration.min(gamma.len() - 1);
            let z = &tape.targets[tape.targets.len() - 1];
            gradient.gamma[stage] += self.pull_back_fusion(&record, &after, z, subset, gamma[stage], &mut v, &mut v_z);
            match self.unrolling.detached {
                true => v.fill(0.0),
                false => v = record.pull_back(self.model, subset, &self.seen[subset], &v),
            }
            if self.evaluates(subset) {
                let own = by_target(z);
                v_z.iter_mut().zip(own.iter().flatten()).for_each(|(v_z, own)| *v_z += own);
                let (shape, images) = (self.model.grid().shape, (&record.x[..], &self.guides[..]));
                let through = network.pull_back(stage, shape, images, &v_z, &mut gradient.network);
                v.iter_mut().zip(through).for_each(|(v, through)| *v += through);
                v_z.fill(0.0);
                tape.targets.pop();
            }
            after = record.x;
        }
        gradient
    }

    /// Plain EM, and the network's image of its last one.
    fn filtered(&self, mut image: Vec<f32>, network: &mut dyn Layer, stage: usize) -> Tape {
        for update in 0..self.unrolling.iterations * self.model.subsets() {
            let (_, subset) = self.place(update);
            image = em(self.model, subset, &self.seen[subset], image).image();
        }
        let filtered = network.apply(stage, self.model.grid().shape, &image, &self.guides);
        Tape { image: filtered, updates: Vec::new(), targets: Vec::new(), unfiltered: Some(image) }
    }

    /// Iteration and subset of an update.
    fn place(&self, update: usize) -> (usize, usize) {
        (update / self.model.subsets(), update % self.model.subsets())
    }

    fn evaluates(&self, subset: usize) -> bool {
        match self.unrolling.applied {
            Applied::Iteration => subset == 0,
            Applied::Update => true,
            Applied::After => false,
        }
    }

    fn fused(&self, e: &[f32], z: &[f32], subset: usize, gamma: f64) -> Vec<f32> {
        let (d, mean, slices) = (&self.seen[subset].d, &self.means[subset], self.model.grid().shape[2]);
        let gamma = gamma as f32;
        let voxel = |voxel: usize| match d[voxel] {
            d if d > 0.0 => fuse(e[voxel], z[voxel], gamma * mean[voxel % slices], d),
            _ => 0.0,
        };
        (0..e.len()).into_par_iter().with_min_len(4096).map(voxel).collect()
    }

    /// v becomes v_e, v_z is added to what is there; returns v_γ.
    #[expect(clippy::too_many_arguments, reason = "one array per symbol of the formula")]
    fn pull_back_fusion(
        &self,
        record: &EmRecord,
        after: &[f32],
        z: &[f32],
        subset: usize,
        gamma: f64,
        v: &mut [f32],
        v_z: &mut [f32],
    ) -> f64 {
        let (d, mean, slices) = (&self.seen[subset].d, &self.means[subset], self.model.grid().shape[2]);
        let gamma = gamma as f32;
        // Rows, summed in their order: the same bits on any number of threads.
        let rows = v.par_chunks_mut(slices).zip(v_z.par_chunks_mut(slices)).enumerate().with_min_len(64);
        let sums: Vec<f64> = rows
            .map(|(row, (v, v_z))| {
                let mut sum = 0.0;
                for (slice, (v, v_z)) in v.iter_mut().zip(v_z).enumerate() {
                    let voxel = row * slices + slice;
                    let (d, mean) = (d[voxel], mean[slice]);
                    if d > 0.0 {
                        let e = record.x[voxel] * record.ratio[voxel];
                        let [by_e, by_z, by_gamma] = fuse_slopes(after[voxel], e, z[voxel], gamma * mean, d);
                        sum += f64::from(*v * by_gamma * mean);
                        *v_z += *v * by_z;
                        *v *= by_e;
                    } else {
                        *v = 0.0;
                    }
                }
                sum
            })
            .collect();
        sums.iter().sum()
    }
}

/// Mean of an image inside the field of view: of every slice, or of all of them together.
fn mean_of_slices(image: &[f32], inside: &[bool], slices: usize, apart: bool) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0.0; slices], vec![0.0; slices]);
    for (voxel, (&value, _)) in image.iter().zip(inside).enumerate().filter(|(_, (_, inside))| **inside) {
        sums[voxel % slices] += f64::from(value);
        counts[voxel % slices] += 1.0;
    }
    let (all, count): (f64, f64) = (sums.iter().sum(), counts.iter().sum());
    let mean = |slice: usize| if apart { sums[slice] / f64::max(counts[slice], 1.0) } else { all / count.max(1.0) };
    (0..slices).map(|slice| mean(slice) as f32).collect()
}
