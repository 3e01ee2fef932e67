//! Means over balls.

use crate::image::ImageGrid;

/// The voxels whose centres lie within a ball around a voxel's centre, as steps from that voxel.
#[derive(Clone, Debug, PartialEq)]
pub struct Ball {
    shape: [usize; 3],
    steps: Vec<[isize; 3]>,
}

impl Ball {
    /// A ball on a grid; it holds at least the voxel itself.
    pub fn new(grid: &ImageGrid, radius_mm: f64) -> Self {
        let mm = grid.voxel_mm;
        let reach = mm.map(|side| (radius_mm / side) as isize);
        let mut steps = Vec::new();
        for x in -reach[0]..=reach[0] {
            for y in -reach[1]..=reach[1] {
                for z in -reach[2]..=reach[2] {
                    let square: f64 = [x, y, z].iter().zip(mm).map(|(n, mm)| (*n as f64 * mm).powi(2)).sum();
                    if square <= radius_mm * radius_mm {
                        steps.push([x, y, z]);
                    }
                }
            }
        }
        Self { shape: grid.shape, steps }
    }

    /// The voxels of the ball around a voxel that lie on the grid.
    pub fn around(&self, voxel: usize) -> impl Iterator<Item = usize> + '_ {
        let [_, ny, nz] = self.shape;
        let centre = [voxel / (ny * nz), voxel / nz % ny, voxel % nz];
        self.steps.iter().filter_map(move |step| {
            let [x, y, z]: [isize; 3] = std::array::from_fn(|axis| centre[axis] as isize + step[axis]);
            let inside = |n: isize, axis: usize| (0..self.shape[axis] as isize).contains(&n);
            (inside(x, 0) && inside(y, 1) && inside(z, 2)).then(|| (x as usize * ny + y as usize) * nz + z as usize)
        })
    }

    /// Mean of an image over the ball around a voxel.
    pub fn mean(&self, values: &[f32], voxel: usize) -> f64 {
        let (sum, count) =
            self.around(voxel).fold((0.0, 0.0), |(sum, count), near| (sum + f64::from(values[near]), count + 1.0));
        sum / count
    }
}
