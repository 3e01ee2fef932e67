//! The scale of an image, as denoisers need it.

/// Share of the mean of all positive voxels above which a voxel belongs to the body.
const BODY: f64 = 0.25;

/// c: the mean of the voxels of the body, in the unit of the image; 0 of an image that is nowhere positive. Air around the
/// body and a few very hot voxels hardly change it.
pub fn body_activity(x: &[f32]) -> f32 {
    mean_above(BODY * mean_above(0.0, x), x) as f32
}

fn mean_above(threshold: f64, x: &[f32]) -> f64 {
    let above = x.iter().map(|&value| f64::from(value)).filter(|&value| value > threshold);
    let (sum, count) = above.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::body_activity;

    #[test]
    fn air_and_a_hot_organ_are_not_the_body() {
        let body = |air: f32, hot: f32| -> Vec<f32> {
            (0..1000)
                .map(|j| match j {
                    0..600 => air,
                    600..605 => hot,
                    _ => 2.0,
                })
                .collect()
        };
        assert_eq!(body_activity(&body(0.0, 2.0)), 2.0);
        assert_eq!(body_activity(&body(0.01, 2.0)), 2.0);
        assert!((body_activity(&body(0.01, 40.0)) - 2.475).abs() < 1e-3);
        assert_eq!(body_activity(&[0.0, -1.0]), 0.0);
        // Of the same unit as the image.
        let doubled: Vec<f32> = body(0.1, 9.0).iter().map(|x| 2.0 * x).collect();
        assert!((body_activity(&doubled) / body_activity(&body(0.1, 9.0)) - 2.0).abs() < 1e-6);
    }
}
