//! Back projection x(x, y, z) = π/V Σ_φ q(φ, x cos φ + y sin φ, z), linear in s and in z.
//!
//! The filtered slices are first resampled to the image's z, so that a voxel column `[z]` is the sum of two rows per
//! view. A voxel thicker than the slices takes the mean over that part of its thickness where there are slices. 0
//! outside the circle and the slices that were measured.

use super::DirectSinograms;
use super::slices::Slices;
use crate::image::ImageGrid;
use rayon::prelude::*;

/// The image `[x, y, z]`. Each x plane is a task of its own: bits do not depend on the number of threads.
pub(super) fn back_project(direct: &DirectSinograms, grid: &ImageGrid) -> Vec<f32> {
    let [_, ny, nz] = grid.shape;
    let filtered = along_z(direct, grid);
    let mut image = vec![0.0; grid.voxels()];
    image
        .par_chunks_mut(ny * nz)
        .enumerate()
        .for_each(|(i, plane)| back_project_plane(direct, &filtered, grid, i, plane));
    image
}

fn back_project_plane(direct: &DirectSinograms, filtered: &[f32], grid: &ImageGrid, i: usize, plane: &mut [f32]) {
    let (beam, nz) = (&direct.beam, grid.shape[2]);
    for (v, view) in filtered.chunks(beam.bins * nz).enumerate() {
        let (sin, cos) = beam.angle_rad(v).sin_cos();
        for (j, column) in plane.chunks_mut(nz).enumerate() {
            let [x, y, _] = grid.centre_mm([i, j, 0]);
            if x.hypot(y) >= beam.edge_mm() {
                continue;
            }
            let place = (x * cos + y * sin) / beam.bin_mm + (beam.bins / 2) as f64;
            let bin = (place as usize).min(beam.bins - 2);
            let share = (place - bin as f64) as f32;
            let (near, far) = view[bin * nz..(bin + 2) * nz].split_at(nz);
            for ((voxel, near), far) in column.iter_mut().zip(near).zip(far) {
                *voxel += (1.0 - share) * near + share * far;
            }
        }
    }
}

/// `[view, bin, slice]` to `[view, bin, z]` of the image, times π/V.
fn along_z(direct: &DirectSinograms, grid: &ImageGrid) -> Vec<f32> {
    let (slices, nz) = (direct.slices.z_mm.len(), grid.shape[2]);
    let scale = (std::f64::consts::PI / direct.beam.views as f64) as f32;
    let blends: Vec<_> = (0..nz).map(|k| voxel_blend(&direct.slices, grid, k)).collect();
    let mut resampled = vec![0.0; direct.beam.views * direct.beam.bins * nz];
    resampled.par_chunks_mut(nz).zip(direct.values.par_chunks(slices)).for_each(|(row, source)| {
        for (value, blend) in row.iter_mut().zip(&blends) {
            *value = scale * blend.iter().map(|&(slice, weight)| weight * source[slice]).sum::<f32>();
        }
    });
    resampled
}

/// The slices and weights that make a voxel of index `k` along z.
fn voxel_blend(slices: &Slices, grid: &ImageGrid, k: usize) -> Vec<(usize, f32)> {
    let (z, thickness) = (grid.centre_mm([0, 0, k])[2], grid.voxel_mm[2]);
    // One sample per slice; more than all slices would not add anything.
    let count = (thickness / slices.spacing_mm).round().clamp(1.0, 4.0 * slices.z_mm.len() as f64) as usize;
    let sample = |n: usize| z + ((n as f64 + 0.5) / count as f64 - 0.5) * thickness;
    let places: Vec<_> = (0..count).filter_map(|n| slices.place(sample(n))).collect();
    let share_of_one = 1.0 / places.len().max(1) as f32;
    let blend = places.iter().flatten().map(|&(slice, share)| (slice, share * share_of_one));
    blend.filter(|(_, weight)| *weight > 0.0).collect()
}
