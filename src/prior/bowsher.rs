//! Bowsher prior: each voxel j keeps of its 26 neighbours the set Bⱼ of those B whose values in an anatomical image v
//! are nearest to its own, and a pairwise potential ψ acts on these pairs only (Bowsher et al. 2004).
//!
//!   asymmetric   R(x) = ½ Σⱼ Σ over k in Bⱼ of w κⱼ κₖ ψ(xⱼ, xₖ): a pair counts fully if each chose the other,
//!                half if one did;
//!   symmetric    a pair counts fully if one of the two chose the other.
//!
//! Both are true functions with exact gradients (not the one-sided gradient of Vunckx et al. 2012, which belongs to no
//! R). Ties in |vⱼ − vₖ| go to the nearer neighbour in mm, then to the order of displacements. Unit of R and β as of ψ.
//! Where v shows no edge the neighbours are chosen by its noise.
//!
//! Bowsher, J. E. et al. (2004). Utilizing MRI information to estimate F18-FDG distributions in rat flank tumors.
//! IEEE NSS-MIC, 2488.
//! Vunckx, K. et al. (2012). Evaluation of three MRI-based anatomical priors for quantitative PET brain imaging.
//! IEEE Trans. Med. Imaging 31, 599.

use super::pair_table::PairTable;
use super::pairwise::Pairs;
use super::{Neighbourhood, Neighbours};
use crate::image::ImageGrid;
use rayon::prelude::*;

/// Pairs that count under the symmetric rule or not.
const FULL: u8 = 2;

/// The pairs that the anatomical image keeps: `chosen` neighbours of each voxel.
pub fn bowsher_pairs(
    grid: &ImageGrid,
    anatomical: &[f32],
    chosen: usize,
    symmetric: bool,
    kappa: Option<&[f32]>,
) -> Pairs {
    let neighbourhood = Neighbourhood::new(grid, Neighbours::TwentySix);
    let sets = similar(&neighbourhood, grid, anatomical, chosen);
    let half = neighbourhood.half();
    let table = PairTable::new(&neighbourhood, 1.0 / f32::from(FULL), |n, j, k| {
        let forward = sets[grid.index(j)] >> n & 1 == 1;
        let backward = sets[grid.index(k)] >> (n + half) & 1 == 1;
        match symmetric && (forward || backward) {
            true => FULL,
            false => u8::from(forward) + u8::from(backward),
        }
    });
    Pairs::of(neighbourhood, kappa).weighted(table)
}

/// For each voxel one bit per displacement: set for the `chosen` most similar neighbours.
fn similar(neighbourhood: &Neighbourhood, grid: &ImageGrid, anatomical: &[f32], chosen: usize) -> Vec<u32> {
    let [_, ny, nz] = grid.shape;
    let mut sets = vec![0_u32; grid.voxels()];
    sets.par_chunks_mut(nz).enumerate().for_each(|(row, sets)| {
        let mut candidates = Vec::with_capacity(neighbourhood.displacements.len());
        for (k, set) in sets.iter_mut().enumerate() {
            let voxel = [row / ny, row % ny, k];
            let here = anatomical[grid.index(voxel)];
            candidates.clear();
            candidates.extend(neighbourhood.displacements.iter().enumerate().filter_map(|(n, displacement)| {
                let other = neighbourhood.neighbour(voxel, n)?;
                // The weight falls with the distance.
                Some(((anatomical[grid.index(other)] - here).abs(), -displacement.weight, n))
            }));
            candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
            *set = candidates.iter().take(chosen).fold(0, |set, &(_, _, n)| set | 1 << n);
        }
    });
    sets
}
