//! Hyperbolic total variation, R(x) = Σⱼ (√(‖(∇x)ⱼ‖² + ε²) − ε): total variation, smooth below ε per voxel
//! (Charbonnier et al. 1997, IEEE Trans. Image Process. 6, 298). ∇ as in `gradient.rs`.
//!
//! R and ε have the unit of the image; β is per R. With a direction field (parallel level sets,
//! `parallel_level_sets.rs`) ‖∇x‖² becomes ⟨∇x, D ∇x⟩, D = I − ξ ξᵀ.
//!
//! Surrogate: √ is concave, so R lies below its quadratic with the present norms n; with D ≤ I and (h₁ − h₂)² ≤ 2 (h₁²
//! + h₂²) its Hessian lies below diag(2 Σₐ sₐ² (1/nⱼ + 1/n₍ⱼ₋ₐ₎)).

use super::gradient::{Gradient, thirds, thirds_mut};
use super::table::{Common, IMAGE, PriorEntry, PriorFootprint, PriorInputs, PriorTable};
use super::{Beta, Capability, Prior, PriorError, Smooth};
use crate::image::{ImageGrid, ImageUnit};
use crate::units::Positive;
use coincide_kernels::Level;
use coincide_kernels::differences::{Differences, inverse_norms, normalise, remove_along};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::array;
use std::sync::Arc;

/// Hyperbolic total variation on a grid; `epsilon` > 0 in the unit of the image.
pub fn hyperbolic_total_variation(grid: &ImageGrid, epsilon: f32) -> Arc<dyn Smooth> {
    Arc::new(Hyperbolic::new(Gradient::new(grid), epsilon))
}

/// Σⱼ (√(⟨∇x, D ∇x⟩ + ε²) − ε)
pub(super) struct Hyperbolic {
    gradient: Gradient,
    epsilon: f32,
}

/// What one voxel has of R.
struct Local {
    /// sₐ where j + a is inside, else 0.
    scale: [f32; 3],
    /// ξ
    direction: [f32; 3],
    /// D ∇x
    across: [f32; 3],
    /// √(⟨∇x, D ∇x⟩ + ε²)
    norm: f32,
}

impl Hyperbolic {
    pub fn new(gradient: Gradient, epsilon: f32) -> Self {
        assert!(epsilon > 0.0, "epsilon {epsilon}");
        Self { gradient, epsilon }
    }

    /// ∇x and D ∇x of plane `i`.
    fn gradients(&self, x: &[f32], i: usize, plain: &mut [f32], across: &mut [f32]) {
        let level = Level::best();
        self.gradient.plain_plane(level, x, i, thirds_mut(plain));
        across.copy_from_slice(plain);
        if let Some(direction) = self.gradient.direction_of(i) {
            remove_along(level, direction, thirds_mut(across));
        }
    }

    /// D ∇x / √(⟨∇x, D ∇x⟩ + ε²) of plane `i`.
    fn flux(&self, x: &[f32], i: usize, plain: &mut [f32], flux: &mut [f32]) {
        self.gradients(x, i, plain, flux);
        normalise(Level::best(), self.epsilon, thirds(plain), thirds_mut(flux));
    }

    /// Computes fields of planes in order and hands those of a plane and the one before it to `add`.
    fn planes(
        &self,
        out: &mut [f32],
        length: usize,
        field: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
        add: impl Fn(Option<&[f32]>, &[f32], bool, &mut [f32]) + Sync,
    ) {
        let [nx, ny, nz] = self.gradient.shape();
        let (plane, slab) = (ny * nz, nx.div_ceil(4 * rayon::current_num_threads()).max(1));
        out.par_chunks_mut(slab * plane).enumerate().for_each(|(s, planes)| {
            let (mut scratch, mut here, mut before) = (vec![0.0; 6 * plane], vec![0.0; length], vec![0.0; length]);
            if s > 0 {
                field(s * slab - 1, &mut scratch, &mut before);
            }
            for (i, out) in (s * slab..).zip(planes.chunks_mut(plane)) {
                field(i, &mut scratch, &mut here);
                add((i > 0).then_some(&before[..plane]), &here, i + 1 == nx, out);
                std::mem::swap(&mut here, &mut before);
            }
        });
    }

    fn at(&self, x: &[f32], voxel: [usize; 3]) -> Local {
        let shape = self.gradient.shape();
        let steps = [shape[1] * shape[2], shape[2], 1];
        let j: usize = (0..3).map(|axis| voxel[axis] * steps[axis]).sum();
        let scale: [f32; 3] =
            array::from_fn(|axis| if voxel[axis] + 1 < shape[axis] { self.gradient.scale()[axis] } else { 0.0 });
        let plain: [f32; 3] = array::from_fn(|axis| match scale[axis] {
            0.0 => 0.0,
            scale => scale * (x[j + steps[axis]] - x[j]),
        });
        let direction = self.gradient.direction_at(j);
        let along = dot(direction, plain);
        let across = array::from_fn(|axis| plain[axis] - direction[axis] * along);
        let norm = (dot(plain, across).max(0.0) + self.epsilon * self.epsilon).sqrt();
        Local { scale, direction, across, norm }
    }

    /// out[j] += weight · f(own part, the parts of the voxels before j along x, y, z)
    fn add(&self, weight: f32, x: &[f32], out: &mut [f32], f: impl Fn(Local, [Option<Local>; 3]) -> f32 + Sync) {
        let [_, ny, nz] = self.gradient.shape();
        out.par_chunks_mut(nz).enumerate().for_each(|(row, out)| {
            for (k, out) in out.iter_mut().enumerate() {
                let voxel = [row / ny, row % ny, k];
                let before = array::from_fn(|axis| {
                    let mut before = voxel;
                    before[axis] = before[axis].checked_sub(1)?;
                    Some(self.at(x, before))
                });
                *out += weight * f(self.at(x, voxel), before);
            }
        });
    }
}

impl Smooth for Hyperbolic {
    fn value(&self, x: &[f32]) -> f64 {
        let [nx, ny, nz] = self.gradient.shape();
        let epsilon = f64::from(self.epsilon);
        let planes = (0..nx).into_par_iter().map(|i| {
            let (mut plain, mut flux) = (vec![0.0; 3 * ny * nz], vec![0.0; 3 * ny * nz]);
            self.flux(x, i, &mut plain, &mut flux);
            // ⟨∇x, flux⟩ = square / norm, from which √(square + ε²) − ε = ½ (t + √(t² + 4ε²)) − ε with t = ⟨∇x, flux⟩.
            let ([px, py, pz], [fx, fy, fz]) = (thirds(&plain), thirds(&flux));
            let terms = (0..ny * nz).map(|j| {
                let t = f64::from(px[j] * fx[j] + py[j] * fy[j] + pz[j] * fz[j]).max(0.0);
                0.5 * (t + (t * t + 4.0 * epsilon * epsilon).sqrt()) - epsilon
            });
            terms.sum::<f64>()
        });
        planes.collect::<Vec<_>>().into_iter().sum()
    }

    fn add_gradient(&self, weight: f32, x: &[f32], gradient: &mut [f32]) {
        let differences = self.gradient.differences();
        self.planes(
            gradient,
            3 * differences.plane[0] * differences.plane[1],
            |i, scratch, flux| self.flux(x, i, &mut scratch[..flux.len()], flux),
            |before, flux, last, out| {
                differences.add_transpose(Level::best(), weight, before, thirds(flux), last, out);
            },
        );
    }

    fn add_curvature(&self, weight: f32, x: &[f32], diagonal: &mut [f32]) {
        self.add(weight, x, diagonal, |own, before| {
            // Moving xⱼ moves its own ∇x by −s, and the one before it along a by sₐ.
            let own = second_derivative(&own, own.scale.map(|scale| -scale));
            let others = before.iter().enumerate().filter_map(|(axis, before)| {
                let before = before.as_ref()?;
                let mut moved = [0.0; 3];
                moved[axis] = before.scale[axis];
                Some(second_derivative(before, moved))
            });
            own + others.sum::<f32>()
        });
    }

    fn add_surrogate(&self, weight: f32, x: &[f32], diagonal: &mut [f32]) {
        let plain = self.gradient.differences();
        let squares = Differences { scale: plain.scale.map(|scale| scale * scale), ..*plain };
        self.planes(
            diagonal,
            plain.plane[0] * plain.plane[1],
            |i, scratch, inverse| {
                let (plain, across) = scratch.split_at_mut(3 * inverse.len());
                self.gradients(x, i, plain, across);
                inverse_norms(Level::best(), self.epsilon, thirds(plain), thirds(across), inverse);
            },
            |before, inverse, last, out| {
                squares.add_to_both_ends(Level::best(), 2.0 * weight, before, [inverse; 3], last, out);
            },
        );
    }
}

/// d²/dt² √(⟨g + t u, D (g + t u)⟩ + ε²) at t = 0.
fn second_derivative(local: &Local, u: [f32; 3]) -> f32 {
    let along = dot(local.direction, u);
    let square = dot(u, u) - along * along;
    let slope = dot(u, local.across) / local.norm;
    (square - slope * slope) / local.norm
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// `[prior.hyperbolic-total-variation]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HyperbolicTotalVariationConfig {
    /// Weight, per unit of the image; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `epsilon` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Smoothing at zero, in image units; by default 1/1000 of the maximum of the start image.
    #[serde(default)]
    pub epsilon: Option<Positive>,
}

impl PriorTable for HyperbolicTotalVariationConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "hyperbolic-total-variation",
            summary: "Total variation, smoothed at zero (Charbonnier et al. 1997).",
            capability: Capability::Smooth,
            learned: false,
            formula: "R = Σⱼ (√(‖∇x‖² + ε²) − ε)",
            unit: IMAGE,
            citation: "Charbonnier et al. 1997, IEEE Trans. Image Process. 6:298",
            examples: &["beta = 1.0\nepsilon = 0.5"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit)
    }

    fn footprint(&self, _: &ImageGrid) -> PriorFootprint {
        PriorFootprint::default()
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        Ok(Prior::Smooth(hyperbolic_total_variation(inputs.grid, inputs.epsilon(self.epsilon)?)))
    }
}
