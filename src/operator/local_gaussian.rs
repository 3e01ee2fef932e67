//! T Z x: every voxel is spread by a Gaussian of its own, the same for all voxels of a transaxial position.
//!
//!   (Z x)(q) spreads along the axis;   (T x)(p) = Σ_q w_q(p − q) x(q),
//!   (Tᵀ y)(q) = Σ_p w_q(p − q) y(p),   Σ_d w_q(d) = 1
//!
//! w_q is a Gaussian at the voxels' centres, cut where 1/2000 of it lies outside, whose second moments, as it stands,
//! are the covariance at q. Both T and Tᵀ are written as sums of rows along z, so that no two threads write the same
//! row. Images are `[x, y, z]`; zero outside the image.

use super::covariance::Covariance;
use crate::image::ImageGrid;
use coincide_kernels::gaussian::gaussian_taps;
use coincide_kernels::stencil::weighted_rows;
use coincide_kernels::{Level, zeros};
use rayon::prelude::*;
use std::sync::Arc;

/// Square of the distance in standard deviations beyond which 1/2000 of a Gaussian lies in the plane: exp(−d²/2) =
/// 1/2000.
const CUT: f64 = 15.2;
/// Rows that a thread takes at least.
const AT_LEAST: usize = 16;

/// The filter on a grid.
#[derive(Clone, Debug)]
pub(crate) struct LocalGaussian {
    shape: [usize; 3],
    /// Voxels that the taps reach along x and y.
    reach: [usize; 2],
    /// w_q, `[x, y, tap along x, tap along y]`.
    transaxial: Arc<Vec<f32>>,
    /// Taps along z, `[x, y, tap]`.
    axial: Arc<Vec<f32>>,
}

/// Covariances in voxels at `[x, y]`, and how far they reach.
struct Extent {
    places: Vec<Covariance>,
    reach: [usize; 2],
    axial_taps: usize,
}

impl Extent {
    fn new(grid: &ImageGrid, covariance: impl Fn([f64; 2]) -> Covariance) -> Self {
        let [nx, ny, _] = grid.shape;
        let [vx, vy, vz] = grid.voxel_mm;
        let place = |n: usize| {
            let [x, y, _] = grid.centre_mm([n / ny, n % ny, 0]);
            let Covariance { xx, xy, yy, zz } = covariance([x, y]);
            Covariance { xx: xx / (vx * vx), xy: xy / (vx * vy), yy: yy / (vy * vy), zz: zz / (vz * vz) }
        };
        let places: Vec<Covariance> = (0..nx * ny).map(place).collect();
        let largest = |of: fn(&Covariance) -> f64| places.iter().map(of).fold(0.0, f64::max);
        let reach = [largest(|c| c.xx), largest(|c| c.yy)].map(|variance| match variance {
            0.0 => 0,
            // One voxel at least: no width is lost.
            variance => ((CUT * (variance + 1.0 / 12.0)).sqrt() as usize).max(1),
        });
        let axial_taps = gaussian_taps(largest(|c| c.zz).sqrt()).len();
        Self { places, reach, axial_taps }
    }
}

impl LocalGaussian {
    /// Voxels that a voxel is spread over to either side along x, y, z.
    pub fn reach(grid: &ImageGrid, covariance: impl Fn([f64; 2]) -> Covariance) -> [usize; 3] {
        let Extent { reach: [x, y], axial_taps, .. } = Extent::new(grid, covariance);
        [x, y, axial_taps / 2]
    }

    /// Bytes of the filter, and of the image that it works with.
    pub fn bytes(grid: &ImageGrid, covariance: impl Fn([f64; 2]) -> Covariance) -> usize {
        let Extent { places, reach: [x, y], axial_taps } = Extent::new(grid, covariance);
        size_of::<f32>() * (places.len() * ((2 * x + 1) * (2 * y + 1) + axial_taps) + grid.voxels())
    }

    /// The filter of the covariances at `(x, y)` in mm.
    pub fn new(grid: &ImageGrid, covariance: impl Fn([f64; 2]) -> Covariance) -> Self {
        let Extent { places, reach, axial_taps } = Extent::new(grid, covariance);
        let transaxial: Vec<f32> = places.par_iter().flat_map_iter(|c| transaxial_taps(c, reach)).collect();
        let axial = places.par_iter().flat_map_iter(|c| {
            let taps = gaussian_taps(c.zz.sqrt());
            let beside = (axial_taps - taps.len()) / 2;
            let zeros = std::iter::repeat_n(0.0, beside);
            zeros.clone().chain(taps).chain(zeros)
        });
        let axial: Vec<f32> = axial.collect();
        Self { shape: grid.shape, reach, transaxial: Arc::new(transaxial), axial: Arc::new(axial) }
    }

    /// y = T Z x
    pub fn forward(&self, x: &[f32], y: &mut [f32]) {
        let mut spread = zeros(x.len());
        self.along_axis(x, &mut spread);
        self.transaxial(&spread, y, |_, other| other);
    }

    /// x = Z Tᵀ y
    pub fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        let mut gathered = zeros(y.len());
        self.transaxial(y, &mut gathered, |own, _| own);
        self.along_axis(&gathered, x);
    }

    /// out(p) = Σ_d w_s(d) · from(p − d), s the one of p and p − d that `spreads`; w(d) = w(−d).
    fn transaxial(&self, from: &[f32], out: &mut [f32], spreads: impl Fn(usize, usize) -> usize + Sync) {
        let ([nx, ny, nz], [reach_x, reach_y], level) = (self.shape, self.reach, Level::best());
        let (across, all) = (2 * reach_y + 1, (2 * reach_x + 1) * (2 * reach_y + 1));
        out.par_chunks_mut(nz).enumerate().with_min_len(AT_LEAST).for_each_init(Vec::new, |taps, (place, out)| {
            let (i, j) = (place / ny, place % ny);
            taps.clear();
            for near_i in i.saturating_sub(reach_x)..(i + reach_x + 1).min(nx) {
                for near_j in j.saturating_sub(reach_y)..(j + reach_y + 1).min(ny) {
                    let other = near_i * ny + near_j;
                    let tap = (i + reach_x - near_i) * across + j + reach_y - near_j;
                    let weight = self.transaxial[spreads(place, other) * all + tap];
                    if weight > 0.0 {
                        taps.push((other * nz, weight));
                    }
                }
            }
            weighted_rows(level, taps, from, out);
        });
    }

    /// out = Z from; Z = Zᵀ.
    fn along_axis(&self, from: &[f32], out: &mut [f32]) {
        let (nz, level) = (self.shape[2], Level::best());
        let length = self.axial.len() / (self.shape[0] * self.shape[1]);
        let rows = out.par_chunks_mut(nz).zip(from.par_chunks(nz)).zip(self.axial.par_chunks(length));
        let room = || (vec![0.0; nz + length - 1], Vec::new());
        rows.with_min_len(AT_LEAST).for_each_init(room, |(padded, taps), ((out, from), weights)| {
            padded[length / 2..][..nz].copy_from_slice(from);
            taps.clear();
            taps.extend(weights.iter().copied().enumerate().filter(|(_, weight)| *weight > 0.0));
            weighted_rows(level, taps, padded, out);
        });
    }
}

/// w at the offsets −R … R along x and y, with the second moments `of`, in voxels.
///
/// A Gaussian at the voxels' centres within a fixed ellipse; its own covariance is found step by step, as sampling and
/// cutting change it.
fn transaxial_taps(of: &Covariance, reach: [usize; 2]) -> Vec<f32> {
    let within = inside_ellipse(of, reach);
    let mut gaussian = [of.xx, of.xy, of.yy];
    let mut taps = sampled(gaussian, reach, &within);
    for _ in 0..STEPS {
        let found = moments(&taps, reach);
        let lacking = [of.xx - found[0], of.xy - found[1], of.yy - found[2]];
        if lacking.iter().all(|lack| lack.abs() <= EXACT * of.xx.max(of.yy)) {
            break;
        }
        gaussian = corrected(gaussian, lacking);
        taps = sampled(gaussian, reach, &within);
    }
    taps.into_iter().map(|tap| tap as f32).collect()
}

/// Steps in which the covariance of the taps is found, at most, and how near it comes.
const STEPS: usize = 40;
const EXACT: f64 = 1e-5;

/// A covariance and what its taps lack of theirs; halved until the sum still is one.
fn corrected([xx, xy, yy]: [f64; 3], lacking: [f64; 3]) -> [f64; 3] {
    let steps = (0..8).map(|halvings| 0.5_f64.powi(halvings));
    let tried = steps.map(|step| [xx + step * lacking[0], xy + step * lacking[1], yy + step * lacking[2]]);
    let valid = |c: &[f64; 3]| c[0] >= 0.0 && c[2] >= 0.0 && c[0] * c[2] - c[1] * c[1] >= 0.01 * xx * yy;
    tried.into_iter().find(valid).unwrap_or([xx, xy, yy])
}

/// Which offsets lie within the ellipse that leaves out 1/2000 of a Gaussian that is blurred by a voxel.
fn inside_ellipse(of: &Covariance, reach: [usize; 2]) -> Vec<bool> {
    let blurred = |variance: f64| if variance > 0.0 { variance + 1.0 / 12.0 } else { 0.0 };
    offsets(reach).map(|at| squared([blurred(of.xx), of.xy, blurred(of.yy)], at) <= CUT).collect()
}

/// The Gaussian of a covariance at the offsets within an ellipse, with sum 1.
fn sampled(covariance: [f64; 3], reach: [usize; 2], within: &[bool]) -> Vec<f64> {
    let value = |(at, within): ([f64; 2], &bool)| if *within { (-0.5 * squared(covariance, at)).exp() } else { 0.0 };
    let mut taps: Vec<f64> = offsets(reach).zip(within).map(value).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    taps
}

fn moments(taps: &[f64], reach: [usize; 2]) -> [f64; 3] {
    offsets(reach)
        .zip(taps)
        .fold([0.0; 3], |[xx, xy, yy], ([a, b], tap)| [xx + tap * a * a, xy + tap * a * b, yy + tap * b * b])
}

/// Square of the distance of an offset in standard deviations; what has no width keeps its place.
fn squared([xx, xy, yy]: [f64; 3], [a, b]: [f64; 2]) -> f64 {
    match (xx > 0.0, yy > 0.0) {
        (true, true) => (yy * a * a - 2.0 * xy * a * b + xx * b * b) / (xx * yy - xy * xy),
        (true, false) if b == 0.0 => a * a / xx,
        (false, true) if a == 0.0 => b * b / yy,
        _ if a == 0.0 && b == 0.0 => 0.0,
        _ => f64::INFINITY,
    }
}

fn offsets([reach_x, reach_y]: [usize; 2]) -> impl Iterator<Item = [f64; 2]> {
    let along = |reach: usize| (0..=2 * reach).map(move |n| n as f64 - reach as f64);
    along(reach_x).flat_map(move |a| along(reach_y).map(move |b| [a, b]))
}
