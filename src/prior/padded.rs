//! Images whose rows have pads, so that neighbours along z need no test for the border.

use super::Neighbourhood;
use coincide_kernels::pairs::PaddedRows;

/// Padded planes of the images of a neighbourhood.
pub(super) fn padded_rows(neighbourhood: &Neighbourhood) -> PaddedRows {
    let [_, rows, voxels] = neighbourhood.shape;
    PaddedRows { rows, voxels, pad: neighbourhood.reach }
}

/// A whole padded image, or one plane that stands for all.
pub(super) struct PaddedImage<T> {
    rows: PaddedRows,
    planes: Vec<T>,
    same: bool,
}

impl<T: Copy + Default> PaddedImage<T> {
    /// A copy of an image; the pads are zero.
    pub fn new(rows: PaddedRows, image: &[T]) -> Self {
        let plane = rows.rows * rows.voxels;
        assert!(plane > 0 && image.len().is_multiple_of(plane), "an image of planes of {rows:?}");
        let mut planes = vec![T::default(); image.len() / plane * rows.len()];
        for (plane, padded) in image.chunks_exact(plane).zip(planes.chunks_exact_mut(rows.len())) {
            rows.fill(plane, padded);
        }
        Self { rows, planes, same: false }
    }

    /// One value in all voxels, zero in the pads.
    pub fn constant(rows: PaddedRows, value: T) -> Self {
        let mut planes = vec![T::default(); rows.len()];
        rows.fill(&vec![value; rows.rows * rows.voxels], &mut planes);
        Self { rows, planes, same: true }
    }

    /// The padded plane of x = `i`.
    pub fn plane(&self, i: usize) -> &[T] {
        let start = if self.same { 0 } else { i * self.rows.len() };
        &self.planes[start..start + self.rows.len()]
    }
}

/// The padded planes within reach of one plane, which moves along x.
pub(super) struct Window<'a> {
    rows: PaddedRows,
    reach: usize,
    image: &'a [f32],
    planes: Vec<f32>,
    repeat: bool,
    /// First plane that is not loaded yet, once there is one.
    next: Option<usize>,
}

impl<'a> Window<'a> {
    /// A window on an image, nothing loaded.
    pub fn new(rows: PaddedRows, reach: usize, image: &'a [f32]) -> Self {
        Self { rows, reach, image, planes: vec![0.0; (2 * reach + 1) * rows.len()], repeat: false, next: None }
    }

    /// A window whose pads repeat the first and last voxel of their row.
    pub fn repeating_edges(rows: PaddedRows, reach: usize, image: &'a [f32]) -> Self {
        Self { repeat: true, ..Self::new(rows, reach, image) }
    }

    /// Loads the planes around x = `i`; `i` must grow.
    pub fn move_to(&mut self, i: usize) {
        let plane = self.rows.rows * self.rows.voxels;
        let end = (i + self.reach + 1).min(self.image.len() / plane);
        for new in self.next.unwrap_or(i.saturating_sub(self.reach))..end {
            let place = self.place(new);
            let padded = &mut self.planes[place];
            self.rows.fill(&self.image[new * plane..(new + 1) * plane], padded);
            if self.repeat {
                self.rows.repeat_edges(padded);
            }
        }
        self.next = Some(end);
    }

    /// The padded plane of x = `i`, which must be in reach.
    pub fn plane(&self, i: usize) -> &[f32] {
        &self.planes[self.place(i)]
    }

    fn place(&self, i: usize) -> std::ops::Range<usize> {
        let start = i % (2 * self.reach + 1) * self.rows.len();
        start..start + self.rows.len()
    }
}
