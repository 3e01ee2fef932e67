//! Uptake of a lesion: maximum, peak, and what lies above a share of the maximum.
//!
//! Peak: mean of a sphere of 1 cm³ (radius 6.2035 mm), all voxels whose centre lies inside it, also those beyond the
//! region; *local* around the hottest voxel, *global* around that voxel of the region where it is largest (IBSI,
//! Zwanenburg et al. 2020, Radiology 295, 328–338; reference manual, arXiv 1612.07003, features VJGA and 0F91). Volume
//! and total: the voxels of the region above a share of its maximum (41 % in Boellaard et al. 2015, Eur. J. Nucl. Med.
//! Mol. Imaging 42, 328–354); total = volume × their mean. In units of SUV these are SUVmax, SUVpeak, MTV and TLG.

use super::ball::Ball;
use crate::image::Image;
use serde::Serialize;

/// Radius of a sphere of 1 cm³.
const PEAK_RADIUS_MM: f64 = 6.203_504_9;

/// Share of the maximum above which a voxel belongs to the lesion.
pub const LESION_SHARE: f64 = 0.41;

/// Uptake in a region, in the unit of the image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Uptake {
    /// Largest value.
    pub max: f64,
    /// Mean of the sphere around the hottest voxel; of several, the largest.
    pub local_peak: f64,
    /// The largest mean of a sphere around any voxel of the region.
    pub global_peak: f64,
    /// Volume above the share of the maximum, in mL.
    pub volume_ml: f64,
    /// That volume times its mean.
    pub total: f64,
}

/// The uptake of the voxels that lie at least half inside the region; `None` where there are none.
pub fn uptake(image: &Image, mask: &[f32], share: f64) -> Option<Uptake> {
    assert_eq!(image.values.len(), mask.len(), "mask and image differ in size");
    let inside: Vec<usize> = (0..mask.len()).filter(|&voxel| mask[voxel] >= 0.5).collect();
    let max = inside.iter().map(|&voxel| image.values[voxel]).max_by(f32::total_cmp)?;
    let sphere = Ball::new(&image.grid, PEAK_RADIUS_MM);
    let peaks: Vec<(f32, f64)> =
        inside.iter().map(|&voxel| (image.values[voxel], sphere.mean(&image.values, voxel))).collect();
    let largest = |peaks: &mut dyn Iterator<Item = f64>| peaks.fold(f64::NEG_INFINITY, f64::max);
    let above = inside.iter().map(|&voxel| f64::from(image.values[voxel])).filter(|x| *x >= share * f64::from(max));
    let (sum, count) = above.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    Some(Uptake {
        max: max.into(),
        local_peak: largest(&mut peaks.iter().filter(|(value, _)| *value == max).map(|(_, peak)| *peak)),
        global_peak: largest(&mut peaks.iter().map(|(_, peak)| *peak)),
        volume_ml: count * image.grid.voxel_ml(),
        total: sum * image.grid.voxel_ml(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{ImageGrid, ImageUnit};

    /// The digital phantom of IBSI 1 (github.com/theibsi/data_sets, CC BY 4.0), x fastest, 5 × 4 × 4 voxels of 2 mm.
    const PHANTOM: [u8; 80] = [
        1, 4, 4, 1, 1, 1, 4, 6, 1, 1, 4, 1, 6, 4, 1, 4, 4, 6, 4, 1, 1, 4, 4, 1, 1, 1, 1, 6, 1, 1, 1, 1, 3, 1, 1, 4, 4,
        6, 1, 1, 1, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 6, 1, 1, 1, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 6, 1, 1,
    ];
    /// Voxels outside of its region.
    const OUTSIDE: [usize; 6] = [30, 43, 44, 52, 63, 64];

    /// Reference values of IBSI 1: local peak 2.6, global peak 3.1, mean 2.15, maximum 6, approximate volume 592 mm³.
    #[test]
    fn the_digital_phantom_of_ibsi() {
        let grid = ImageGrid::centred([5, 4, 4], [2.0; 3]);
        let mut image = Image::uniform(grid, ImageUnit::BecquerelPerMl, 0.0);
        let mut mask = vec![1.0; 80];
        for (n, value) in PHANTOM.iter().enumerate() {
            let voxel = grid.index([n % 5, n / 5 % 4, n / 20]);
            image.values[voxel] = f32::from(*value);
            mask[voxel] = if OUTSIDE.contains(&n) { 0.0 } else { 1.0 };
        }
        let found = uptake(&image, &mask, 0.0).unwrap();
        assert_eq!(found.max, 6.0);
        assert!((found.local_peak - 2.6).abs() < 0.05 && (found.global_peak - 3.1).abs() < 0.05, "{found:?}");
        assert!((found.volume_ml - 0.592).abs() < 1e-9 && (found.total / found.volume_ml - 2.15).abs() < 0.005);
        // Above 41 % of 6: the sixteen voxels of 4, seven of 6 and the one of 3.
        let lesion = uptake(&image, &mask, LESION_SHARE).unwrap();
        assert!((lesion.volume_ml - 24.0 * 0.008).abs() < 1e-9, "{lesion:?}");
        assert_eq!(uptake(&image, &[0.0; 80], 0.41), None);
    }
}
