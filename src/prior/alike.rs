//! Neighbours that are most alike in an anatomical image, and averages over them.
//!
//! Ranks alone count, so that neither contrast nor bias of the anatomical image matters. An average over the voxels
//! most alike is an emission image that shows the edges of the anatomy; where both agree, it has less noise and no
//! blur.

use super::{Neighbourhood, Neighbours};
use crate::image::ImageGrid;
use rayon::prelude::*;

/// Neighbours that an average takes, of 26.
const CHOSEN: usize = 8;
/// Averages of averages: they reach two voxels far.
const PASSES: usize = 2;

/// For each voxel one bit per displacement: set for the `chosen` most similar neighbours.
pub(super) fn most_alike(
    neighbourhood: &Neighbourhood,
    grid: &ImageGrid,
    anatomical: &[f32],
    chosen: usize,
) -> Vec<u32> {
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

/// An image averaged over each voxel and its neighbours most alike, twice; the image itself where the anatomical image
/// shows nothing.
pub(crate) fn averaged_over_alike(grid: &ImageGrid, anatomical: &[f32], image: &[f32]) -> Vec<f32> {
    if anatomical.iter().all(|value| *value == anatomical[0]) {
        return image.to_vec();
    }
    let neighbourhood = Neighbourhood::new(grid, Neighbours::TwentySix);
    let sets = most_alike(&neighbourhood, grid, anatomical, CHOSEN);
    let mut image = image.to_vec();
    for _ in 0..PASSES {
        let mut averaged = vec![0.0; image.len()];
        averaged.par_chunks_mut(grid.shape[2]).enumerate().for_each(|(row, averaged)| {
            for (k, averaged) in averaged.iter_mut().enumerate() {
                let voxel = [row / grid.shape[1], row % grid.shape[1], k];
                let set = sets[grid.index(voxel)];
                let alike = (0..neighbourhood.displacements.len()).filter(|n| set >> n & 1 == 1);
                let alike = alike.filter_map(|n| neighbourhood.neighbour(voxel, n));
                let (sum, count) = alike.fold((image[grid.index(voxel)], 1.0), |(sum, count), other| {
                    (sum + image[grid.index(other)], count + 1.0)
                });
                *averaged = sum / count;
            }
        });
        image = averaged;
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two halves along x; what differs between them does not cross.
    #[test]
    fn averages_stay_on_their_side_of_an_edge_whatever_its_contrast() {
        let grid = ImageGrid::centred([10, 8, 6], [2.0; 3]);
        let half = |voxel: usize| voxel / 48 < 5;
        let noise = |voxel: usize| ((voxel * 7919) % 13) as f32 / 13.0 - 0.5;
        let image: Vec<f32> = (0..480).map(|voxel| if half(voxel) { 1.0 } else { 3.0 } + noise(voxel)).collect();
        let anatomy =
            |low: f32, high: f32| -> Vec<f32> { (0..480).map(|voxel| if half(voxel) { low } else { high }).collect() };
        let averaged = averaged_over_alike(&grid, &anatomy(0.2, 0.9), &image);
        assert!(averaged == averaged_over_alike(&grid, &anatomy(50.0, -3.0), &image), "ranks alone count");
        let spread = |image: &[f32]| {
            let off = |(voxel, x): (usize, &f32)| f64::from(x - if half(voxel) { 1.0 } else { 3.0 }).powi(2);
            image.iter().enumerate().map(off).sum::<f64>()
        };
        assert!(spread(&averaged) < 0.1 * spread(&image), "{} {}", spread(&averaged), spread(&image));
        assert!(averaged_over_alike(&grid, &anatomy(1.0, 1.0), &image) == image, "nothing is shown");
        let flat = averaged_over_alike(&grid, &anatomy(0.2, 0.9), &vec![2.0; 480]);
        assert!(flat.iter().all(|value| (value - 2.0).abs() < 1e-6));
    }
}
