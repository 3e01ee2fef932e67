//! The finished image of a scene: the run, and the filter after it.

use super::RunError;
use super::field::known_slices;
use super::iterate::Made;
use super::scene::Scene;
use crate::config::Method;
use crate::image::Image;
use crate::operator::GaussianFilter;

/// What the config makes of the scene's measurement: the run, and its finished image on the model's grid.
pub(super) fn image_of(scene: &Scene) -> Result<(Made, Image), RunError> {
    let made = match scene.config.algorithm.method() {
        Method::Iterative(iterations) => scene.iterate(iterations)?,
        Method::Analytic(fbp) => scene.analytic(fbp)?,
    };
    let image = post_filter(scene, made.values.clone());
    Ok((made, image))
}

/// The Gaussian filter of the finished image, over the slices between the scanner's ends: what lies behind them is
/// hardly known.
fn post_filter(scene: &Scene, values: Vec<f32>) -> Image {
    let mut image = scene.whole(values);
    if let Some(filter) = scene.config.post_filter {
        let (grid, mut filtered) = (image.grid, vec![0.0; image.values.len()]);
        let known = known_slices(&scene.model.measurement().geometry, &grid);
        let known: Vec<bool> = (0..image.values.len()).map(|voxel| known[voxel % grid.shape[2]]).collect();
        GaussianFilter::new(&grid, filter.widths_mm()).averaged(&image.values, &known, &mut filtered);
        image.values = filtered;
    }
    image
}
