//! Places where a score map stands out: the strongest first, one for each spot.

use super::score::ScoreMap;
use crate::image::ImageGrid;
use serde::Serialize;

/// What a place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// z ≫ 0: the data hold activity that the image lacks.
    Missing,
    /// z ≪ 0: the image shows activity that the data refute.
    Refuted,
}

/// A place that a score map flags.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// Voxel `[x, y, z]`.
    pub voxel: [usize; 3],
    /// Its centre in mm.
    pub centre_mm: [f64; 3],
    /// Width of the spot (FWHM) that fits best, of those that were tried, in mm.
    pub fwhm_mm: f64,
    /// z
    pub z: f64,
    /// Height δ of the spot that the data ask for, z σ, in the unit of the image.
    pub height: f64,
    /// What it means.
    pub verdict: Verdict,
}

/// All places with |z| above a threshold, the strongest first. Within the width of a spot of a stronger place, no other one
/// of the same kind is named.
pub fn places(grid: &ImageGrid, maps: &[ScoreMap], threshold: f64) -> Vec<Place> {
    let mut found: Vec<Place> = maps.iter().flat_map(|map| above(grid, map, threshold)).collect();
    found.sort_by(|a, b| b.z.abs().total_cmp(&a.z.abs()).then(a.voxel.cmp(&b.voxel)));
    let mut kept: Vec<Place> = Vec::new();
    for place in found {
        if !kept.iter().any(|stronger| stronger.verdict == place.verdict && near(stronger, &place)) {
            kept.push(place);
        }
    }
    kept
}

/// Voxels of a map above the threshold.
fn above<'a>(grid: &'a ImageGrid, map: &'a ScoreMap, threshold: f64) -> impl Iterator<Item = Place> + 'a {
    let [_, ny, nz] = grid.shape;
    map.z.iter().enumerate().filter(move |(_, z)| f64::from(z.abs()) > threshold).map(move |(n, &z)| {
        let voxel = [n / (ny * nz), n / nz % ny, n % nz];
        let verdict = if z > 0.0 { Verdict::Missing } else { Verdict::Refuted };
        let height = f64::from(z * map.sigma[n]);
        Place { voxel, centre_mm: grid.centre_mm(voxel), fwhm_mm: map.fwhm_mm, z: f64::from(z), height, verdict }
    })
}

fn near(a: &Place, b: &Place) -> bool {
    let square: f64 = (0..3).map(|axis| (a.centre_mm[axis] - b.centre_mm[axis]).powi(2)).sum();
    square.sqrt() < 1.5 * a.fwhm_mm.max(b.fwhm_mm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_for_each_spot_and_the_strongest_first() {
        let grid = ImageGrid::centred([20, 20, 5], [4.0; 3]);
        let mut map = ScoreMap { fwhm_mm: 8.0, z: vec![0.0; grid.voxels()], sigma: vec![2.0; grid.voxels()] };
        for (voxel, z) in
            [([3, 3, 2], 6.0), ([4, 3, 2], 5.5), ([12, 12, 2], -7.0), ([12, 13, 2], 5.0), ([3, 15, 1], 4.0)]
        {
            map.z[grid.index(voxel)] = z;
        }
        let wide = ScoreMap { fwhm_mm: 10.0, z: map.z.iter().map(|z| 1.1 * z).collect(), ..map.clone() };
        let found = places(&grid, &[map, wide], 4.9);
        let told: Vec<_> = found.iter().map(|place| (place.voxel, place.fwhm_mm, place.verdict)).collect();
        let expected = [
            ([12, 12, 2], 10.0, Verdict::Refuted),
            ([3, 3, 2], 10.0, Verdict::Missing),
            ([12, 13, 2], 10.0, Verdict::Missing),
        ];
        assert_eq!(told, expected);
        assert!((found[1].height - 2.0 * 6.6).abs() < 1e-5 && found[1].centre_mm == grid.centre_mm([3, 3, 2]));
        assert!(places(&grid, &[], 1.0).is_empty());
    }
}
