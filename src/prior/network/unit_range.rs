//! The anatomical image as the networks see it.

/// (v − lowest) / (highest − lowest): an anatomical image as the networks see it. All zero where it is flat.
pub fn unit_range(anatomy: &[f32]) -> Vec<f32> {
    let bounds = |(low, high): (f32, f32), &value: &f32| (low.min(value), high.max(value));
    let (low, high) = anatomy.iter().fold((f32::INFINITY, f32::NEG_INFINITY), bounds);
    let width = if high > low { high - low } else { 1.0 };
    anatomy.iter().map(|value| (value - low) / width).collect()
}

#[cfg(test)]
mod tests {
    use super::unit_range;

    #[test]
    fn anatomical_images_span_zero_to_one() {
        assert_eq!(unit_range(&[-1000.0, 0.0, 1000.0]), [0.0, 0.5, 1.0]);
        assert_eq!(unit_range(&[7.0, 7.0]), [0.0, 0.0]);
    }
}
