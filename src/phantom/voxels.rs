//! Phantoms on voxel grids, by partial volumes.
//!
//! A voxel's value is the mean over its volume. Along z the mean is exact: lines parallel to z are cut into stretches
//! as any other line. Across, each column of voxels that a shape can touch is sampled by the points of a Fibonacci
//! lattice (i/N, {i F/N}), N = 89, F = 55, whose projections on x and y are equispaced 89 times finer than the voxel; a
//! column that no surface crosses is exact. Columns are independent, so the bits do not depend on the number of
//! threads.

use super::solid::Line;
use super::stretch::Stretch;
use super::trace::Painter;
use super::{Phantom, PhantomError};
use crate::image::{Image, ImageGrid, ImageUnit};
use rayon::prelude::*;

const LATTICE: usize = 89;
const GENERATOR: usize = 55;

impl Phantom {
    /// Activity image in Bq/mL.
    pub fn activity_image(&self, grid: &ImageGrid) -> Image {
        let values = voxelise(self.painter(), grid, &self.activity);
        Image { grid: *grid, unit: ImageUnit::BecquerelPerMl, values }
    }

    /// Attenuation image in 1/cm.
    pub fn attenuation_image(&self, grid: &ImageGrid) -> Image {
        let values = voxelise(self.painter(), grid, &self.attenuation);
        Image { grid: *grid, unit: ImageUnit::PerCm, values }
    }

    /// What an anatomical image shows: that of the phantom's file, averaged over each voxel, or else labels of the
    /// tissues, 0 outside, 1 for the shapes of the lowest activity, 2 for the next, ….
    pub fn label_image(&self, grid: &ImageGrid) -> Vec<f32> {
        if let Some((map, values)) = self.anatomical.as_deref() {
            return voxelise(Painter::new(&[], Some(map)), grid, values);
        }
        let mut activities = self.activity.clone();
        activities.sort_by(f64::total_cmp);
        activities.dedup();
        let label = |activity: &f64| 1.0 + activities.partition_point(|lower| lower < activity) as f64;
        let labels: Vec<f64> = self.activity.iter().map(label).collect();
        voxelise(self.painter(), grid, &labels)
    }

    /// The share of each voxel, 0 to 1, that lies in a region: the visible parts of the shapes of that name, or the
    /// region's own solids.
    pub fn region_mask(&self, name: &str, grid: &ImageGrid) -> Result<Vec<f32>, PhantomError> {
        if let Some((_, solids)) = self.extra_regions.iter().find(|(own, _)| own == name) {
            return Ok(voxelise(Painter::new(solids, None), grid, &vec![1.0; solids.len()]));
        }
        let inside: Vec<_> = self.region.iter().map(|own| f64::from(own.as_deref() == Some(name))).collect();
        if inside.iter().all(|&share| share == 0.0) {
            let known = self.regions().into_iter().map(String::from).collect();
            return Err(PhantomError::NoRegion { phantom: self.name.clone(), name: name.into(), known });
        }
        Ok(voxelise(self.painter(), grid, &inside))
    }

    /// The share of each voxel, 0 to 1, that lies in any shape.
    pub fn object_mask(&self, grid: &ImageGrid) -> Vec<f32> {
        voxelise(self.painter(), grid, &vec![1.0; self.shapes()])
    }
}

/// Mean of the visible shapes' values over each voxel, `[x, y, z]`.
fn voxelise(painter: Painter, grid: &ImageGrid, values: &[f64]) -> Vec<f32> {
    let [_, ny, nz] = grid.shape;
    let mut image = vec![0.0_f32; grid.voxels()];
    if image.is_empty() {
        return image;
    }
    let work = || (painter.clone(), vec![0.0_f64; nz]);
    image.par_chunks_mut(ny * nz).enumerate().for_each_init(work, |(painter, sums), (i, slice)| {
        let slice_x = grid.centre_mm([i, 0, 0])[0];
        let across = [slice_x, grid.origin_mm[1]];
        if !painter.narrow(across, [slice_x, across[1] + 1.0], 0.5 * grid.voxel_mm[0]) {
            return;
        }
        let met = painter.candidates();
        for (j, column) in slice.chunks_exact_mut(nz).enumerate() {
            let [x, y, _] = grid.centre_mm([i, j, 0]);
            if painter.narrow_to_column(&met, [x, y], [grid.voxel_mm[0], grid.voxel_mm[1]]) {
                sums.fill(0.0);
                sample_column(painter, grid, [x, y], values, sums);
                column.iter_mut().zip(sums.iter()).for_each(|(voxel, &sum)| *voxel = sum as f32);
            }
        }
    });
    image
}

fn sample_column(painter: &mut Painter, grid: &ImageGrid, [x, y]: [f64; 2], values: &[f64], sums: &mut [f64]) {
    let step = grid.voxel_mm[2];
    let bottom = grid.origin_mm[2] - 0.5 * step;
    let length = step * sums.len() as f64;
    for point in 0..LATTICE {
        let [u, v] = [point, point * GENERATOR % LATTICE].map(|n| (n as f64 + 0.5) / LATTICE as f64 - 0.5);
        let start = [x + u * grid.voxel_mm[0], y + v * grid.voxel_mm[1], bottom];
        let line = Line { start, direction: [0.0, 0.0, 1.0], length };
        for stretch in painter.paint(&line) {
            let value = values[stretch.shape] / LATTICE as f64;
            if value != 0.0 {
                deposit(stretch, step, value, sums);
            }
        }
    }
}

/// Adds `value` times the share of each voxel that the stretch covers.
fn deposit(stretch: &Stretch, step: f64, value: f64, sums: &mut [f64]) {
    let (start, end) = (stretch.start_mm / step, stretch.end_mm / step);
    let (first, last) = (start as usize, (end as usize).min(sums.len() - 1));
    if first >= last {
        sums[last] += value * (end - start);
        return;
    }
    sums[first] += value * ((first + 1) as f64 - start);
    sums[first + 1..last].iter_mut().for_each(|sum| *sum += value);
    sums[last] += value * (end - last as f64);
}
