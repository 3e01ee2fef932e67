//! Patch-based (non-local) quadratic prior: ψ = ½ (xⱼ − xₖ)² on all pairs of a search window, weighted by how much
//! alike the 3 × 3 × 3 patches around j and k are in a guide image g,
//!
//!   vⱼₖ = exp(−‖fⱼ(g) − fₖ(g)‖² / (2 h²)),     ‖f‖² the mean square over the patch in units of the variance of g.
//!
//! Wang & Qi (2012) penalise patch differences of x itself and majorise with weights taken from the last image; here
//! the weights are taken **once**, from the anatomical image or else from the start image, and held fixed, so that R is
//! a convex quadratic and every convergence proof applies. Weights are kept in 8 bits: those below 1/510 are zero. w =
//! voxel_x/distance as for neighbours. Unit of R and β as of the quadratic prior.
//!
//! Wang, G. & Qi, J. (2012). Penalized likelihood PET image reconstruction using patch-based edge-preserving
//! regularization. IEEE Trans. Med. Imaging 31, 2194.

use super::Neighbourhood;
use super::pair_table::PairTable;
use super::pairwise::Pairs;
use super::patches::Patches;
use crate::image::ImageGrid;

/// Steps of the 8-bit weights.
const STEPS: f32 = 255.0;

/// Pairs within `reach` voxels along each axis, weighted by their patches in `guide`; `width` is h.
pub fn non_local_pairs(grid: &ImageGrid, guide: &[f32], reach: usize, width: f32, kappa: Option<&[f32]>) -> Pairs {
    let neighbourhood = Neighbourhood::within(grid, reach, |_| true);
    let patches = Patches::new(grid, guide);
    let table = PairTable::new(&neighbourhood, 1.0 / STEPS, |_, j, k| {
        let weight = (-patches.distance(j, k) / (2.0 * width * width)).exp();
        (weight * STEPS).round() as u8
    });
    Pairs::of(neighbourhood, kappa).weighted(table)
}
