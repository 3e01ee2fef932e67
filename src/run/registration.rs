//! Whether an anatomical image lies where the activity does.

use super::Options;
use crate::image::{BestShift, ImageGrid, best_shift};
use crate::operator::GaussianFilter;
use crate::prior::mean_activity;

/// Blur of the activity in mm: below it is noise.
const BLUR_MM: f64 = 6.0;
/// Activity of the body over its mean.
const BODY: f32 = 0.1;
/// How far it is looked for along each axis.
const REACH_MM: f64 = 12.0;
/// Nearer than this it lies right.
const NEAR_MM: f64 = 3.0;
/// Least information in nats that an image of the same body shares.
const LEAST: f64 = 0.1;

/// Warns where an anatomical image fits an early image better elsewhere, or nowhere.
pub(super) fn told_if_elsewhere(grid: &ImageGrid, early: &[f32], anatomical: &[f32], options: &Options) {
    let activity = blurred(grid, early, BLUR_MM);
    let least = BODY * mean_activity(grid, early);
    let body: Vec<bool> = activity.iter().map(|value| *value > least).collect();
    let Some(found) = best_shift(grid, &activity, anatomical, &body, REACH_MM) else { return };
    let BestShift { mm: [x, y, z], information, .. } = found;
    let far = x.hypot(y).hypot(z);
    if information < LEAST {
        options.warn(&format!(
            "the anatomical image has little to do with the activity ({information:.2} nats of mutual information at \
             its best place): it guides to edges that the activity may not have"
        ));
    } else if far > NEAR_MM {
        options.warn(&format!(
            "the anatomical image fits the activity best when it is moved by {x:.1}, {y:.1}, {z:.1} mm along x, y, z: \
             where it is registered badly it makes edges that are not there (`shift_mm` of its file moves it)"
        ));
    }
}

/// An image, blurred by so many mm; at its borders by what is inside.
fn blurred(grid: &ImageGrid, image: &[f32], fwhm_mm: f64) -> Vec<f32> {
    let mut blurred = vec![0.0; image.len()];
    GaussianFilter::new(grid, [fwhm_mm; 3]).averaged(image, &vec![true; image.len()], &mut blurred);
    blurred
}
