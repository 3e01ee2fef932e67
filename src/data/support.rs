//! Where the activity is, by the counts alone.

use super::Measurement;

/// Share of the highest profile above which there is activity: low enough for most of a body, above scatter.
const LEVEL: f64 = 0.25;
/// Views that are looked at, for their cost.
const VIEWS: usize = 32;
/// Views of an axis are those whose normal is this near to it, in radians.
const NEAR: f64 = 0.2;

/// Edges along x, y, z in mm of what emits, about: where the profile of prompts less background, along the normal of
/// the views near the axis, and along z, rises above a quarter of its highest. `None` without counts.
///
/// A profile stands on what lies at the edge of the sinogram, so that a background that is not known counts little.
pub fn support_mm(measurement: &Measurement) -> Option<[[f64; 2]; 3]> {
    let geometry = &measurement.geometry;
    let planes = geometry.planes();
    let z_mm: Vec<f64> = geometry.all_planes().map(|plane| plane.z_mm).collect();
    let mut across: [Vec<(f64, f64)>; 2] = Default::default();
    let mut along = vec![0.0; planes];
    let step = geometry.views.div_ceil(VIEWS);
    for view in (0..geometry.views).step_by(step) {
        let (_, phi) = geometry.line(view, geometry.radial_bins / 2).distance_and_angle();
        let [x, y] = [phi.cos().abs(), phi.sin().abs()].map(|along| along > NEAR.cos());
        for radial in 0..geometry.radial_bins {
            let [prompts, background] = measurement.over_time(view * geometry.radial_bins + radial, 0..planes);
            let net = prompts.iter().zip(&background).map(|(prompts, background)| prompts - background);
            let mut sum = 0.0;
            along.iter_mut().zip(net).for_each(|(along, net)| {
                *along += net;
                sum += net;
            });
            let (s, phi) = geometry.line(view, radial).distance_and_angle();
            if x {
                across[0].push((s * phi.cos().signum(), sum));
            }
            if y {
                across[1].push((s * phi.sin().signum(), sum));
            }
        }
    }
    let along = z_mm.into_iter().zip(along).collect();
    let [x, y] = across;
    Some([edges(x)?, edges(y)?, edges(along)?])
}

/// Where a profile of (place, counts) is above its level; counts of one place are added up.
fn edges(mut profile: Vec<(f64, f64)>) -> Option<[f64; 2]> {
    profile.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bins = 64.min(profile.len());
    let (first, last) = (profile.first()?.0, profile.last()?.0);
    let width = (last - first) / bins as f64;
    if width <= 0.0 {
        return None;
    }
    let mut means = vec![(0.0, 0.0); bins];
    for (place, counts) in profile {
        let bin = (((place - first) / width) as usize).min(bins - 1);
        means[bin].0 += counts;
        means[bin].1 += 1.0;
    }
    let heights: Vec<f64> = means.into_iter().map(|(sum, count)| if count > 0.0 { sum / count } else { 0.0 }).collect();
    let ground = heights[0].min(heights[bins - 1]).max(0.0);
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let level = ground + LEVEL * (highest - ground);
    let above = |height: &f64| *height > level;
    let (low, high) = (heights.iter().position(above)?, heights.iter().rposition(above)?);
    Some([first + low as f64 * width, first + (high + 1) as f64 * width])
}
