//! Randoms: accidental coincidences r ∝ s(A) s(B) of the single rates s of the two detectors.
//!
//! Uniform: s = 1. Smooth: s(p) = Σ_v λ_v / ǀp − r_vǀ² over a coarse grid of the phantom's activity, without attenuation; tabulated over
//! the angle around the axis and z, and interpolated.

use super::RandomsShape;
use crate::image::ImageGrid;
use crate::phantom::Phantom;
use crate::scanner::{Plane, SinogramGeometry};

const ANGLES: usize = 96;
const AXIAL: usize = 33;
const BLOCKS: usize = 20;

/// Relative rate of randoms of any line.
#[derive(Clone, Debug)]
pub(super) struct Randoms<'a> {
    geometry: &'a SinogramGeometry,
    half_length: f64,
    /// `[angle, axial]`, mean 1; empty for uniform randoms.
    singles: Vec<f64>,
}

impl<'a> Randoms<'a> {
    pub fn new(geometry: &'a SinogramGeometry, phantom: &Phantom, shape: RandomsShape) -> Self {
        let half_length = 0.5 * geometry.scanner.axial_length_mm();
        let singles = match shape {
            RandomsShape::Uniform => Vec::new(),
            RandomsShape::Smooth => singles(geometry.scanner.effective_radius_mm(), half_length, phantom),
        };
        Self { geometry, half_length, singles }
    }

    /// Rate along the planes of one (view, radial), summed over TOF.
    pub fn column(&self, view: usize, radial: usize, planes: &mut [f32]) {
        if self.singles.is_empty() {
            planes.fill(1.0);
            return;
        }
        let line = self.geometry.line(view, radial);
        let [a, b] = [line.a, line.b].map(|[x, y]| y.atan2(x));
        for (rate, Plane { z_mm, dz_mm, .. }) in planes.iter_mut().zip(self.geometry.all_planes()) {
            *rate = (self.single(a, z_mm - 0.5 * dz_mm) * self.single(b, z_mm + 0.5 * dz_mm)) as f32;
        }
    }

    fn single(&self, angle: f64, z: f64) -> f64 {
        let turn = (angle / std::f64::consts::TAU).rem_euclid(1.0) * ANGLES as f64;
        let height = (0.5 * (z / self.half_length + 1.0)).clamp(0.0, 1.0) * (AXIAL - 1) as f64;
        let (first, low) = (turn as usize % ANGLES, (height as usize).min(AXIAL - 2));
        let (along, up) = (turn.fract(), height - low as f64);
        let at = |i: usize, j: usize| self.singles[(first + i) % ANGLES * AXIAL + low + j];
        (at(0, 0) * (1.0 - up) + at(0, 1) * up) * (1.0 - along) + (at(1, 0) * (1.0 - up) + at(1, 1) * up) * along
    }
}

fn singles(radius: f64, half_length: f64, phantom: &Phantom) -> Vec<f64> {
    let sources = sources(phantom);
    let mut singles = Vec::with_capacity(ANGLES * AXIAL);
    for (angle, level) in (0..ANGLES * AXIAL).map(|n| (n / AXIAL, n % AXIAL)) {
        let (sin, cos) = (std::f64::consts::TAU * angle as f64 / ANGLES as f64).sin_cos();
        let z = (2.0 * level as f64 / (AXIAL - 1) as f64 - 1.0) * half_length;
        let rate = |&([x, y, height], activity): &([f64; 3], f64)| {
            let squared = (radius * cos - x).powi(2) + (radius * sin - y).powi(2) + (z - height).powi(2);
            // Activity that touches the detectors must not make a rate infinite.
            activity / squared.max(1e-4 * radius * radius)
        };
        singles.push(sources.iter().map(rate).sum::<f64>());
    }
    let mean = singles.iter().sum::<f64>() / singles.len() as f64;
    singles.iter_mut().for_each(|single| *single /= mean);
    singles
}

/// Middle and relative activity of each active block of the phantom.
fn sources(phantom: &Phantom) -> Vec<([f64; 3], f64)> {
    let extent = phantom.extent_mm();
    let voxel_mm = extent.map(|[low, high]| (high - low) / BLOCKS as f64);
    let origin_mm = std::array::from_fn(|axis| extent[axis][0] + 0.5 * voxel_mm[axis]);
    let grid = ImageGrid { shape: [BLOCKS; 3], voxel_mm, origin_mm };
    let image = phantom.activity_image(&grid);
    let blocks = (0..grid.voxels()).filter(|&n| image.values[n] > 0.0);
    let place = |n: usize| grid.centre_mm([n / (BLOCKS * BLOCKS), n / BLOCKS % BLOCKS, n % BLOCKS]);
    blocks.map(|n| (place(n), f64::from(image.values[n]))).collect()
}
