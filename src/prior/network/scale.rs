//! What makes images of all doses and units alike: the mean activity of the body, and the range of the anatomical image.

/// Passes after which the mean activity is taken as found.
const PASSES: usize = 8;

/// Share of the mean activity below which a voxel does not belong to the body.
const AIR: f64 = 0.25;

/// c: the mean of all voxels above a quarter of it, found from below: c ← mean of the voxels above c / 4, beginning with all
/// that are positive. Of an early OSEM image it is the mean activity of the body, whatever share of the volume that fills; a
/// few hot organs or noise in the air hardly move it. It is exactly proportional to the image; 0 where nothing is positive.
pub fn mean_activity(image: &[f32]) -> f32 {
    let mut mean = 0.0;
    for _ in 0..PASSES {
        let (mut sum, mut count) = (0.0, 0_u64);
        for value in image.iter().map(|&value| f64::from(value)).filter(|value| *value > AIR * mean) {
            sum += value;
            count += 1;
        }
        mean = if count > 0 { sum / count as f64 } else { 0.0 };
    }
    mean as f32
}

/// (v − lowest) / (highest − lowest): an anatomical image as the networks see it. All zero where it is flat.
pub fn unit_range(anatomy: &[f32]) -> Vec<f32> {
    let bounds = |(low, high): (f32, f32), &value: &f32| (low.min(value), high.max(value));
    let (low, high) = anatomy.iter().fold((f32::INFINITY, f32::NEG_INFINITY), bounds);
    let width = if high > low { high - low } else { 1.0 };
    anatomy.iter().map(|value| (value - low) / width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of 30 with noise, a hot spot of 300, air of little noise.
    fn image(air: usize) -> Vec<f32> {
        let body = (0..1000).map(|n| 20.0 + (n % 21) as f32);
        let air = (0..air).map(|n| 0.1 * (n % 11) as f32);
        body.chain(air).chain([300.0; 10]).collect()
    }

    #[test]
    fn the_mean_activity_is_that_of_the_body() {
        let tight = mean_activity(&image(10));
        assert!((tight - 32.6).abs() < 0.2, "{tight}");
        assert_eq!(mean_activity(&image(30_000)), tight, "however much air there is");
        assert_eq!((mean_activity(&[0.0; 9]), mean_activity(&[])), (0.0, 0.0));
        assert_eq!(mean_activity(&[-1.0, 2.0]), 2.0);
    }

    #[test]
    fn it_scales_with_the_image() {
        let times = |factor: f32| mean_activity(&image(500).iter().map(|value| factor * value).collect::<Vec<_>>());
        assert_eq!(times(1024.0), 1024.0 * times(1.0));
        assert!((times(1e-3) / times(1.0) - 1e-3).abs() < 1e-9);
    }

    #[test]
    fn anatomical_images_span_zero_to_one() {
        assert_eq!(unit_range(&[-1000.0, 0.0, 1000.0]), [0.0, 0.5, 1.0]);
        assert_eq!(unit_range(&[7.0, 7.0]), [0.0, 0.0]);
    }
}
