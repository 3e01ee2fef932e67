//! Non-negative images in 16 bits a voxel.

use rayon::prelude::*;

/// Bits of an f32 that are dropped: what is left are 4 bits of exponent and 12 of significand.
const DROPPED: u32 = 11;

/// Largest exponent that is left, as f32 counts them.
const LARGEST_EXPONENT: i32 = 14 - 127;

/// An image whose voxels are within 2⁻¹³ of themselves, or of 2⁻¹³ of the largest where they are smaller than that.
pub(super) struct Packed {
    voxels: Vec<u16>,
    /// What brings the largest voxel down to the exponents that are left; a power of 2.
    scale: f64,
}

impl Packed {
    /// Packs an image without negative voxels.
    pub fn new(image: &[f32]) -> Self {
        let largest = image.par_iter().copied().reduce(|| 0.0, f32::max);
        let scale =
            if largest > 0.0 { (f64::from(LARGEST_EXPONENT) - f64::from(largest).log2().floor()).exp2() } else { 1.0 };
        let pack = |&value: &f32| {
            let bits = ((f64::from(value) * scale) as f32).to_bits();
            ((bits + (1 << (DROPPED - 1))) >> DROPPED) as u16
        };
        Self { voxels: image.par_iter().map(pack).collect(), scale }
    }

    /// Unpacks the image.
    pub fn unpack(&self, image: &mut [f32]) {
        let back = 1.0 / self.scale;
        image.par_chunks_mut(1 << 14).zip(self.voxels.par_chunks(1 << 14)).for_each(|(image, voxels)| {
            for (x, &packed) in image.iter_mut().zip(voxels) {
                *x = (f64::from(f32::from_bits(u32::from(packed) << DROPPED)) * back) as f32;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Packed;

    #[test]
    fn voxels_come_back_to_thirteen_bits() {
        for largest in [1e-30_f32, 0.37, 1.0, 1.999_999_9, 7e5, 3e37] {
            let image: Vec<f32> = (0..4000).map(|i| largest * (0.99_f32).powi(i)).chain([0.0, largest]).collect();
            let mut back = vec![f32::NAN; image.len()];
            Packed::new(&image).unpack(&mut back);
            for (&x, &y) in image.iter().zip(&back) {
                let error = (x - y).abs() / x.max(largest / 8192.0);
                assert!(error <= 1.0 / 8192.0, "{x} of {largest} becomes {y}");
                assert!(x > 0.0 || y == 0.0);
            }
        }
        let mut nothing = [1.0; 3];
        Packed::new(&[0.0; 3]).unpack(&mut nothing);
        assert_eq!(nothing, [0.0; 3]);
    }
}
