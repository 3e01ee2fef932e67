//! Weights of single pairs, 8 bits each: what a guide image says about each pair of neighbours.

use super::Neighbourhood;
use super::padded::{PaddedImage, padded_rows};
use rayon::prelude::*;

/// One padded image per displacement of the first half, with the weight of a pair at the voxel that it starts from.
pub(super) struct PairTable {
    images: Vec<PaddedImage<u8>>,
    /// Weight of one step of the 8 bits.
    pub step: f32,
}

impl PairTable {
    /// `steps(n, j, k)` is the weight of the pair of voxels j and k, k = j + displacement n, in units of `step`.
    pub fn new(
        neighbourhood: &Neighbourhood,
        step: f32,
        steps: impl Fn(usize, [usize; 3], [usize; 3]) -> u8 + Sync,
    ) -> Self {
        let [nx, ny, nz] = neighbourhood.shape;
        let images = (0..neighbourhood.half()).map(|n| {
            let mut image = vec![0_u8; nx * ny * nz];
            image.par_chunks_mut(nz).enumerate().for_each(|(row, weights)| {
                for (k, weight) in weights.iter_mut().enumerate() {
                    let voxel = [row / ny, row % ny, k];
                    *weight = neighbourhood.neighbour(voxel, n).map_or(0, |other| steps(n, voxel, other));
                }
            });
            PaddedImage::new(padded_rows(neighbourhood), &image)
        });
        Self { images: images.collect(), step }
    }

    /// Bytes of a table.
    pub fn bytes(neighbourhood: &Neighbourhood) -> f64 {
        (neighbourhood.half() * neighbourhood.shape[0] * padded_rows(neighbourhood).len()) as f64
    }

    /// Number of displacements.
    pub fn displacements(&self) -> usize {
        self.images.len()
    }

    /// The padded plane x = `i` of displacement `n`.
    pub fn plane(&self, n: usize, i: usize) -> &[u8] {
        self.images[n].plane(i)
    }
}
