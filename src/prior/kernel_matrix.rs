//! Kernel EM: the image is x = K α with a sparse K ≥ 0 from an anatomical image, and EM finds the coefficients α (Wang
//! & Qi 2015).
//!
//! Row j of K has the k voxels whose 3 × 3 × 3 patches in the anatomical image are nearest to that of j, itself
//! included, within a search window: Kⱼₗ ∝ exp(−‖fⱼ − fₗ‖² / (2 σ²)), ‖f‖² the mean square over the patch in units of
//! the image's variance, each row scaled to sum to 1. There is no R and no β: K is part of the model, α has the unit of
//! the image.
//!
//! Memory: 8 bytes per entry, kept once by rows and once by columns so that both products gather.
//!
//! Wang, G. & Qi, J. (2015). PET image reconstruction using kernel method. IEEE Trans. Med. Imaging 34, 61.

use super::Neighbourhood;
use super::patches::Patches;
use crate::image::ImageGrid;
use rayon::prelude::*;

/// A sparse square matrix on the voxels of a grid.
pub struct KernelMatrix {
    rows: Sparse,
    columns: Sparse,
}

/// Entries of row j: `starts[j]..starts[j + 1]`.
struct Sparse {
    starts: Vec<usize>,
    places: Vec<u32>,
    weights: Vec<f32>,
}

impl KernelMatrix {
    /// `neighbours` entries a row (fewer at the border of tiny images), chosen within `reach` voxels along each axis.
    pub fn new(grid: &ImageGrid, anatomical: &[f32], reach: usize, neighbours: usize, width: f32) -> Self {
        assert_eq!(anatomical.len(), grid.voxels(), "an image of shape {:?}", grid.shape);
        assert!(neighbours >= 1 && width > 0.0, "{neighbours} neighbours, width {width}");
        let window = Neighbourhood::within(grid, reach, |_| true);
        let patches = Patches::new(grid, anatomical);
        let [_, ny, nz] = grid.shape;
        let rows: Vec<_> = (0..grid.voxels())
            .into_par_iter()
            .map_with(Vec::new(), |candidates, j| {
                let voxel = [j / (ny * nz), j / nz % ny, j % nz];
                row(grid, &window, &patches, voxel, neighbours, width, candidates)
            })
            .collect();
        let rows = Sparse::of_rows(rows);
        let columns = rows.transposed();
        Self { rows, columns }
    }

    /// x = K α
    pub fn forward(&self, alpha: &[f32], x: &mut [f32]) {
        self.rows.multiply(alpha, x);
    }

    /// out = Kᵀ y
    pub fn transpose(&self, y: &[f32], out: &mut [f32]) {
        self.columns.multiply(y, out);
    }

    /// Entries that are stored.
    pub fn entries(&self) -> usize {
        self.rows.places.len()
    }
}

type Row = Vec<(u32, f32)>;

fn row(
    grid: &ImageGrid,
    window: &Neighbourhood,
    patches: &Patches,
    voxel: [usize; 3],
    neighbours: usize,
    width: f32,
    candidates: &mut Row,
) -> Row {
    candidates.clear();
    candidates.push((grid.index(voxel) as u32, 0.0));
    candidates.extend((0..window.displacements.len()).filter_map(|n| {
        let other = window.neighbour(voxel, n)?;
        Some((grid.index(other) as u32, patches.distance(voxel, other)))
    }));
    let kept = neighbours.min(candidates.len());
    candidates[1..].sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut row: Row = candidates[..kept].iter().map(|&(l, d)| (l, (-d / (2.0 * width * width)).exp())).collect();
    row.sort_unstable_by_key(|&(l, _)| l);
    let sum: f32 = row.iter().map(|&(_, weight)| weight).sum();
    row.iter_mut().for_each(|(_, weight)| *weight /= sum);
    row
}

impl Sparse {
    fn of_rows(rows: Vec<Row>) -> Self {
        let mut starts = Vec::with_capacity(rows.len() + 1);
        starts.push(0);
        starts.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let (places, weights) = rows.into_iter().flatten().unzip();
        Self { starts, places, weights }
    }

    fn transposed(&self) -> Self {
        let mut starts = vec![0; self.starts.len()];
        self.places.iter().for_each(|&place| starts[place as usize + 1] += 1);
        for j in 1..starts.len() {
            starts[j] += starts[j - 1];
        }
        let mut next = starts.clone();
        let (mut places, mut weights) = (vec![0; self.places.len()], vec![0.0; self.places.len()]);
        for j in 0..self.starts.len() - 1 {
            for entry in self.starts[j]..self.starts[j + 1] {
                let slot = &mut next[self.places[entry] as usize];
                (places[*slot], weights[*slot]) = (j as u32, self.weights[entry]);
                *slot += 1;
            }
        }
        Self { starts, places, weights }
    }

    fn multiply(&self, from: &[f32], to: &mut [f32]) {
        assert_eq!([from.len(), to.len()], [self.starts.len() - 1; 2], "images of the kernel's grid");
        to.par_iter_mut().with_min_len(4096).enumerate().for_each(|(j, to)| {
            let entries = self.starts[j]..self.starts[j + 1];
            let places = self.places[entries.clone()].iter();
            *to = places.zip(&self.weights[entries]).map(|(&l, weight)| weight * from[l as usize]).sum();
        });
    }
}
