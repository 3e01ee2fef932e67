//! Places where score maps stand out: connected voxels above a threshold, told by their strongest one.
//!
//! A lesion is a compact place. Edges of the body that an image has smeared are long ones: they contradict the counts,
//! too, but hide no lesion; [`Place::is_compact`] tells them apart.

use super::score::{ScoreMap, along};
use crate::image::ImageGrid;
use crate::operator::GaussianFilter;
use rayon::prelude::*;
use serde::Serialize;

/// Longest side of a compact place in mm.
const COMPACT_MM: f64 = 40.0;

/// What a place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// z ≫ 0: the data hold activity that the image lacks.
    Missing,
    /// z ≪ 0: the image shows activity that the data refute.
    Refuted,
}

/// A place that score maps flag.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// Its strongest voxel, in mm.
    pub centre_mm: [f64; 3],
    /// Width of the spot (FWHM) that fits there best, of those that were tried, in mm.
    pub fwhm_mm: f64,
    /// z there.
    pub z: f64,
    /// Height δ of the spot that the data ask for there, z σ, in the unit of the image.
    pub height: f64,
    /// Sides of the box around its voxels in mm.
    pub extent_mm: [f64; 3],
    /// What it means.
    pub verdict: Verdict,
}

impl Place {
    /// Whether it is no longer than a lesion is.
    pub fn is_compact(&self) -> bool {
        self.extent_mm.iter().all(|mm| *mm <= COMPACT_MM)
    }

    /// What it means, for people.
    pub fn in_words(&self) -> &'static str {
        match (self.verdict, self.is_compact()) {
            (Verdict::Missing, true) => "in the counts, missing in the image",
            (Verdict::Refuted, true) => "in the image, refuted by the counts",
            (Verdict::Missing, false) => "too low along an edge or over an area",
            (Verdict::Refuted, false) => "too high along an edge or over an area",
        }
    }
}

/// All places where more than a threshold counts of |z|: compact ones first, then the strongest. Voxels that share a
/// face and a sign of z are one place.
pub fn places(grid: &ImageGrid, maps: &[ScoreMap], threshold: f64) -> Vec<Place> {
    let mut found: Vec<Place> = [Verdict::Missing, Verdict::Refuted]
        .into_iter()
        .flat_map(|verdict| {
            let strongest =
                |voxel: usize| strongest(maps, verdict, voxel).filter(|(_, z)| f64::from(z.abs()) > threshold);
            let flagged: Vec<bool> =
                (0..grid.voxels()).into_par_iter().map(|voxel| strongest(voxel).is_some()).collect();
            let places = components(grid.shape, flagged).into_iter();
            places.filter_map(|voxels| place(grid, maps, verdict, &voxels)).collect::<Vec<_>>()
        })
        .collect();
    found.sort_by(|a, b| b.is_compact().cmp(&a.is_compact()).then(b.z.abs().total_cmp(&a.z.abs())));
    found
}

/// Whether the counts ask for a spot at each voxel: more than a threshold counts of z.
pub fn missing(voxels: usize, maps: &[ScoreMap], threshold: f64) -> Vec<bool> {
    (0..voxels).into_par_iter().map(|voxel| maps.iter().any(|map| f64::from(map.counted[voxel]) > threshold)).collect()
}

/// 1 at all places where more than a threshold counts of any |z| and a spot's width around them, fading to 0 over
/// another one.
pub fn share_around(grid: &ImageGrid, maps: &[ScoreMap], threshold: f64) -> Vec<f32> {
    let mut share = vec![0.0_f32; grid.voxels()];
    for map in maps {
        let flagged = |z: &f32| f32::from(u8::from(f64::from(z.abs()) > threshold));
        let mut own: Vec<f32> = map.counted.iter().map(flagged).collect();
        if own.iter().all(|flagged| *flagged == 0.0) {
            continue;
        }
        for axis in 0..3 {
            let reach = (1.5 * map.fwhm_mm / grid.voxel_mm[axis]).round() as usize;
            own = along(grid.shape, axis, reach, &own, f32::max);
        }
        let mut soft = vec![0.0; own.len()];
        GaussianFilter::new(grid, [map.fwhm_mm; 3]).apply(&own, &mut soft);
        share.iter_mut().zip(soft).for_each(|(share, soft)| *share = f32::max(*share, soft.min(1.0)));
    }
    share
}

/// The smallest and the largest z that counts.
pub fn extremes(maps: &[ScoreMap]) -> [f64; 2] {
    let wider = |a: [f32; 2], b: [f32; 2]| [a[0].min(b[0]), a[1].max(b[1])];
    let of_map = |map: &ScoreMap| map.counted.par_iter().map(|z| [*z, *z]).reduce(|| [0.0; 2], wider);
    maps.iter().map(of_map).fold([0.0; 2], wider).map(f64::from)
}

/// The map and what counts of z of that sign which is strongest at a voxel.
fn strongest(maps: &[ScoreMap], verdict: Verdict, voxel: usize) -> Option<(usize, f32)> {
    let sign = if verdict == Verdict::Missing { 1.0 } else { -1.0 };
    let of_map =
        maps.iter().enumerate().map(|(map, scores)| (map, scores.counted[voxel])).filter(|(_, z)| sign * z > 0.0);
    of_map.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
}

fn place(grid: &ImageGrid, maps: &[ScoreMap], verdict: Verdict, voxels: &[usize]) -> Option<Place> {
    let z = |voxel: usize| strongest(maps, verdict, voxel).map_or(0.0, |(_, z)| z.abs());
    let peak = voxels.iter().copied().max_by(|&a, &b| z(a).total_cmp(&z(b)))?;
    let (map, _) = strongest(maps, verdict, peak)?;
    let z = maps[map].z[peak];
    let mut box_of = [[usize::MAX, 0]; 3];
    for &voxel in voxels {
        for (side, n) in box_of.iter_mut().zip(indices(grid.shape, voxel)) {
            *side = [side[0].min(n), side[1].max(n)];
        }
    }
    Some(Place {
        centre_mm: grid.centre_mm(indices(grid.shape, peak)),
        fwhm_mm: maps[map].fwhm_mm,
        z: z.into(),
        height: f64::from(z * maps[map].sigma[peak]),
        extent_mm: std::array::from_fn(|axis| (box_of[axis][1] - box_of[axis][0] + 1) as f64 * grid.voxel_mm[axis]),
        verdict,
    })
}

fn indices([_, ny, nz]: [usize; 3], voxel: usize) -> [usize; 3] {
    [voxel / (ny * nz), voxel / nz % ny, voxel % nz]
}

/// The sets of flagged voxels that hang together by faces, each in the order of memory of its first voxel.
fn components(shape: [usize; 3], mut flagged: Vec<bool>) -> Vec<Vec<usize>> {
    let [_, ny, nz] = shape;
    let mut all = Vec::new();
    for first in 0..flagged.len() {
        if !std::mem::take(&mut flagged[first]) {
            continue;
        }
        let (mut voxels, mut next) = (vec![first], 0);
        while next < voxels.len() {
            let (voxel, at) = (voxels[next], indices(shape, voxels[next]));
            for (axis, stride) in [ny * nz, nz, 1].into_iter().enumerate() {
                let below = (at[axis] > 0).then(|| voxel - stride);
                let above = (at[axis] + 1 < shape[axis]).then(|| voxel + stride);
                for neighbour in [below, above].into_iter().flatten() {
                    if std::mem::take(&mut flagged[neighbour]) {
                        voxels.push(neighbour);
                    }
                }
            }
            next += 1;
        }
        all.push(voxels);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connected_voxels_are_one_place_and_compact_ones_come_first() {
        let grid = ImageGrid::centred([20, 20, 5], [4.0; 3]);
        let [zeros, sigma] = [0.0, 2.0].map(|value| vec![value; grid.voxels()]);
        let mut map = ScoreMap { fwhm_mm: 8.0, z: zeros.clone(), counted: zeros, sigma };
        let spots = [([3, 3, 2], 6.0), ([4, 3, 2], 5.5), ([12, 12, 2], -7.0), ([12, 13, 2], 5.0), ([3, 15, 1], 4.0)];
        for (voxel, z) in spots {
            map.z[grid.index(voxel)] = z;
        }
        // An edge along x, stronger than all.
        (0..20).for_each(|x| map.z[grid.index([x, 18, 4])] = -9.0);
        map.counted.clone_from(&map.z);
        let wider: Vec<f32> = map.z.iter().map(|z| 1.1 * z).collect();
        let wide = ScoreMap { fwhm_mm: 10.0, z: wider.clone(), counted: wider, ..map.clone() };
        let maps = [map, wide];
        let (found, missing) = (places(&grid, &maps, 4.9), missing(grid.voxels(), &maps, 4.9));
        let told: Vec<_> = found.iter().map(|place| (place.extent_mm, place.fwhm_mm, place.verdict)).collect();
        let expected = [
            ([4.0, 4.0, 4.0], 10.0, Verdict::Refuted),
            ([8.0, 4.0, 4.0], 10.0, Verdict::Missing),
            ([4.0, 4.0, 4.0], 10.0, Verdict::Missing),
            ([80.0, 4.0, 4.0], 10.0, Verdict::Refuted),
        ];
        assert_eq!(told, expected);
        assert!((found[1].height - 2.0 * 6.6).abs() < 1e-5 && found[1].centre_mm == grid.centre_mm([3, 3, 2]));
        assert!(places(&grid, &[], 1.0).is_empty());
        let voxels: Vec<usize> = (0..grid.voxels()).filter(|&voxel| missing[voxel]).collect();
        assert_eq!(voxels, [[3, 3, 2], [4, 3, 2], [12, 13, 2]].map(|at| grid.index(at)));
    }
}
