//! Priors that are sums over pairs of neighbours,
//!
//!   R(x) = Σ over unordered pairs {j, k} of w₍ⱼₖ₎ κⱼ κₖ ψ(xⱼ, xₖ),        ψ symmetric,
//!
//! with w from [`Neighbourhood`] and κ = 1 unless given. The unit of R is that of ψ.

use super::padded::{PaddedImage, Window, padded_rows};
use super::pair_table::PairTable;
use super::table::PriorFootprint;
use super::{Neighbourhood, Neighbours, Smooth};
use crate::image::ImageGrid;
use coincide_kernels::Level;
use coincide_kernels::pairs::{Gather, Neighbour, PairWeights};
use rayon::prelude::*;

/// ψ(a, b) of a pair, with derivatives with respect to the first voxel. `#[inline(always)]`, so that whole rows of
/// pairs become vectors.
pub(super) trait Potential: Copy + Send + Sync + 'static {
    /// ψ
    fn value(self, a: f32, b: f32) -> f32;
    /// ∂ψ/∂a
    fn slope(self, a: f32, b: f32) -> f32;
    /// ∂²ψ/∂a²
    fn curvature(self, a: f32, b: f32) -> f32;
    /// c with ψ(a', b') ≤ ψ(a, b) + ∇ψ(a, b)·h + ½ c (h_a² + h_b²) for all a', b' ≥ 0, h = (a' − a, b' − b).
    ///
    /// For ψ of the difference with ω(t) = ψ'(t)/t falling in |t|, ψ(t') ≤ ψ(t) + ½ ω(t) (t'² − t²) (Huber 1981), and
    /// (h_a − h_b)² ≤ 2 (h_a² + h_b²) gives De Pierro's (1995) c = 2 ω.
    fn surrogate(self, a: f32, b: f32) -> f32;
}

/// Pairs, with what makes them unequal.
pub struct Pairs {
    pub(super) neighbourhood: Neighbourhood,
    /// κ, zero in the pads.
    kappa: PaddedImage<f32>,
    weights: Option<PairTable>,
}

impl Pairs {
    /// The pairs of 6, 18 or 26 neighbours, weighted with `kappa` at both ends.
    pub fn new(grid: &ImageGrid, neighbours: Neighbours, kappa: Option<&[f32]>) -> Self {
        Self::of(Neighbourhood::new(grid, neighbours), kappa)
    }

    /// What they take of the machine: κ, or one plane that stands for all of it.
    pub(super) fn footprint(grid: &ImageGrid, neighbours: Neighbours, kappa: bool) -> PriorFootprint {
        Self::footprint_of(&Neighbourhood::new(grid, neighbours), kappa)
    }

    /// The same of any neighbourhood.
    pub(super) fn footprint_of(neighbourhood: &Neighbourhood, kappa: bool) -> PriorFootprint {
        let planes = if kappa { neighbourhood.shape[0] } else { 1 };
        let kept = (planes * padded_rows(neighbourhood).len() * size_of::<f32>()) as f64;
        PriorFootprint { kept, ..PriorFootprint::default() }
    }

    /// The pairs of any neighbourhood.
    pub(super) fn of(neighbourhood: Neighbourhood, kappa: Option<&[f32]>) -> Self {
        let rows = padded_rows(&neighbourhood);
        let kappa = match kappa {
            Some(kappa) => PaddedImage::new(rows, kappa),
            None => PaddedImage::constant(rows, 1.0),
        };
        Self { neighbourhood, kappa, weights: None }
    }

    /// Gives each pair a weight of its own, too.
    pub(super) fn weighted(self, weights: PairTable) -> Self {
        assert_eq!(weights.displacements(), self.neighbourhood.half(), "weights of half the displacements");
        Self { weights: Some(weights), ..self }
    }

    /// The neighbours of plane `i` at the first `count` displacements.
    fn around<'a>(&'a self, window: &'a Window, i: usize, count: usize) -> Vec<Neighbour<'a>> {
        let (half, nx) = (self.neighbourhood.half(), self.neighbourhood.shape[0]);
        let displacements = self.neighbourhood.displacements[..count].iter().enumerate();
        let inside = displacements.filter_map(|(n, displacement)| {
            let [x, y, z] = displacement.voxels;
            let plane = i.checked_add_signed(x).filter(|&plane| plane < nx)?;
            let pairs = self.weights.as_ref().map(|table| match n < half {
                true => PairWeights { plane: table.plane(n, i), shift: [0, 0] },
                false => PairWeights { plane: table.plane(n - half, plane), shift: [y, z] },
            });
            let weight = displacement.weight * self.weights.as_ref().map_or(1.0, |table| table.step);
            let (values, kappa) = (window.plane(plane), self.kappa.plane(plane));
            Some(Neighbour { values, kappa, shift: [y, z], weight, pairs })
        });
        inside.collect()
    }

    /// out[j] += weight · κⱼ Σₖ w₍ⱼₖ₎ κₖ f(xⱼ, xₖ)
    fn add<F: Fn(f32, f32) -> f32 + Copy + Sync>(&self, weight: f32, x: &[f32], out: &mut [f32], f: F) {
        let [nx, ny, nz] = self.neighbourhood.shape;
        assert_eq!([x.len(), out.len()], [nx * ny * nz; 2], "images of shape {:?}", [nx, ny, nz]);
        if x.is_empty() {
            return;
        }
        let (level, slab, all) = (Level::best(), slab(nx), self.neighbourhood.displacements.len());
        out.par_chunks_mut(slab * ny * nz).enumerate().for_each(|(s, planes)| {
            let mut window = Window::new(padded_rows(&self.neighbourhood), self.neighbourhood.reach, x);
            for (i, plane) in (s * slab..).zip(planes.chunks_mut(ny * nz)) {
                window.move_to(i);
                self.gather(&window, i, &self.around(&window, i, all), weight).add(level, f, plane);
            }
        });
    }

    /// Σ over unordered pairs of w₍ⱼₖ₎ κⱼ κₖ f(xⱼ, xₖ); planes are summed in order.
    fn sum<F: Fn(f32, f32) -> f32 + Copy + Sync>(&self, x: &[f32], f: F) -> f64 {
        let [nx, ny, nz] = self.neighbourhood.shape;
        assert_eq!(x.len(), nx * ny * nz, "an image of shape {:?}", [nx, ny, nz]);
        if x.is_empty() {
            return 0.0;
        }
        let (level, slab, half) = (Level::best(), slab(nx), self.neighbourhood.half());
        let slabs = (0..nx.div_ceil(slab)).into_par_iter().map(|s| {
            let mut window = Window::new(padded_rows(&self.neighbourhood), self.neighbourhood.reach, x);
            let mut terms = vec![0.0; ny * nz];
            let planes = (s * slab..nx.min((s + 1) * slab)).map(|i| {
                window.move_to(i);
                terms.fill(0.0);
                self.gather(&window, i, &self.around(&window, i, half), 1.0).add(level, f, &mut terms);
                terms.iter().map(|&term| f64::from(term)).sum::<f64>()
            });
            planes.collect::<Vec<_>>()
        });
        slabs.collect::<Vec<_>>().into_iter().flatten().sum()
    }

    fn gather<'a>(&'a self, window: &'a Window, i: usize, neighbours: &'a [Neighbour], weight: f32) -> Gather<'a> {
        let shape = padded_rows(&self.neighbourhood);
        Gather { shape, values: window.plane(i), kappa: self.kappa.plane(i), neighbours, weight }
    }
}

/// Planes that one task computes: neighbouring planes share their input.
fn slab(planes: usize) -> usize {
    planes.div_ceil(4 * rayon::current_num_threads()).max(1)
}

/// A potential on all pairs.
pub(super) struct Pairwise<P> {
    pub pairs: Pairs,
    pub potential: P,
}

impl<P: Potential> Smooth for Pairwise<P> {
    fn value(&self, x: &[f32]) -> f64 {
        let potential = self.potential;
        self.pairs.sum(x, move |a, b| potential.value(a, b))
    }
    fn add_gradient(&self, weight: f32, x: &[f32], gradient: &mut [f32]) {
        let potential = self.potential;
        self.pairs.add(weight, x, gradient, move |a, b| potential.slope(a, b));
    }
    fn add_curvature(&self, weight: f32, x: &[f32], diagonal: &mut [f32]) {
        let potential = self.potential;
        self.pairs.add(weight, x, diagonal, move |a, b| potential.curvature(a, b));
    }
    fn add_surrogate(&self, weight: f32, x: &[f32], diagonal: &mut [f32]) {
        let potential = self.potential;
        self.pairs.add(weight, x, diagonal, move |a, b| potential.surrogate(a, b));
    }
}
