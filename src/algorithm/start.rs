//! The first image.

use super::Unfit;
use crate::image::ImageGrid;
use crate::likelihood::Model;

/// One value wherever all views see the voxel, such that the image has the net counts of the measurement.
pub(super) fn uniform_start(model: &Model, sensitivity: &[f32]) -> Vec<f32> {
    let inside = field_of_view(model);
    let value = uniform_activity(model, sensitivity, &inside) as f32;
    inside.iter().map(|&inside| if inside { value } else { 0.0 }).collect()
}

/// A given start, which must have the voxels of the model's grid.
pub(super) fn start_on(model: &Model, given: Option<Vec<f32>>) -> Result<Option<Vec<f32>>, Unfit> {
    let expected = model.grid().voxels();
    match given.as_ref().map(Vec::len).filter(|found| *found != expected) {
        Some(found) => Err(Unfit::Start { found, expected }),
        None => Ok(given),
    }
}

/// The value of that image.
pub(super) fn uniform_activity(model: &Model, sensitivity: &[f32], inside: &[bool]) -> f64 {
    let measurement = model.measurement();
    let prompts = measurement.total_prompts();
    // Where randoms and scatter are as many as the prompts, some positive start is still needed.
    let net = (prompts - measurement.total_background()).max(0.01 * prompts);
    let seen: f64 = sensitivity.iter().zip(inside).filter(|(_, inside)| **inside).map(|(&s, _)| s as f64).sum();
    if seen > 0.0 && net > 0.0 { net / seen } else { 0.0 }
}

/// Voxels whose centres lie no farther from the axis than the outermost radial bin.
pub(crate) fn field_of_view(model: &Model) -> Vec<bool> {
    let geometry = &model.measurement().geometry;
    let distance = |radial| geometry.line(0, radial).distance_and_angle().0.abs();
    let radius_mm = distance(0).min(distance(geometry.radial_bins - 1));
    let grid: ImageGrid = model.grid();
    let [_, ny, nz] = grid.shape;
    let inside = |column: usize| {
        let [x, y, _] = grid.centre_mm([column / ny, column % ny, 0]);
        x.hypot(y) <= radius_mm
    };
    (0..grid.voxels()).map(|voxel| inside(voxel / nz)).collect()
}
