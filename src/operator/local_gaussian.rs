//! T Z x: every voxel is spread by a Gaussian of its own, the same for all voxels of a transaxial position.
//!
//!   (Z x)(q) spreads along the axis;   (T x)(p) = Σ_q w_q(p − q) x(q),   (Tᵀ y)(q) = Σ_p w_q(p − q) y(p),   Σ_d w_q(d) = 1
//!
//! w_q is the Gaussian of the covariance at q (in voxels, with that of the voxel itself, 1/12) at the voxels' centres, cut where 1/2000 of it lies outside. Both T and Tᵀ are
//! written as sums of rows along z, so that no two threads write the same row. Images are `[x, y, z]`; zero outside the image.

use crate::image::ImageGrid;
use coincide_kernels::gaussian::gaussian_taps;
use coincide_kernels::stencil::weighted_rows;
use coincide_kernels::{Level, zeros};
use rayon::prelude::*;
use std::sync::Arc;

/// Square of the distance in standard deviations beyond which 1/2000 of a Gaussian lies in the plane: exp(−d²/2) = 1/2000.
const CUT: f64 = 15.2;
/// Rows that a thread takes at least.
const AT_LEAST: usize = 16;

/// Covariance of a Gaussian in mm².
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Covariance {
    pub xx: f64,
    pub xy: f64,
    pub yy: f64,
    pub zz: f64,
}

/// The filter on a grid.
#[derive(Clone, Debug)]
pub(super) struct LocalGaussian {
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
            variance => (CUT * (variance + 1.0 / 12.0)).sqrt() as usize,
        });
        let axial_taps = gaussian_taps(largest(|c| c.zz).sqrt()).len();
        Self { places, reach, axial_taps }
    }
}

impl LocalGaussian {
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

/// w at the offsets −R … R along x and y, of a covariance in voxels.
fn transaxial_taps(of: &Covariance, [reach_x, reach_y]: [usize; 2]) -> Vec<f32> {
    let voxel = |variance: f64| if variance > 0.0 { variance + 1.0 / 12.0 } else { 0.0 };
    let (xx, yy, xy) = (voxel(of.xx), voxel(of.yy), of.xy);
    // What has no width keeps its place.
    let squared = |a: f64, b: f64| match (xx > 0.0, yy > 0.0) {
        (true, true) => (yy * a * a - 2.0 * xy * a * b + xx * b * b) / (xx * yy - xy * xy),
        (true, false) if b == 0.0 => a * a / xx,
        (false, true) if a == 0.0 => b * b / yy,
        _ if a == 0.0 && b == 0.0 => 0.0,
        _ => f64::INFINITY,
    };
    let offsets = |reach: usize| (0..=2 * reach).map(move |n| n as f64 - reach as f64);
    let distances = offsets(reach_x).flat_map(|a| offsets(reach_y).map(move |b| squared(a, b)));
    let taps: Vec<f64> = distances.map(|d| if d <= CUT { (-0.5 * d).exp() } else { 0.0 }).collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|tap| (tap / sum) as f32).collect()
}
