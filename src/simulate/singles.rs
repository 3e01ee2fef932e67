//! Single photons: how many each detector counts.
//!
//! The flux at a point p of the detectors' cylinder is f(p) = Σ_v 2 A_v / (4π ǀp − r_vǀ²) over a coarse grid of the
//! phantom's activity, in photons per s and mm², tabulated over the angle around the axis and z, and interpolated.
//! Nothing attenuates it: what the body takes from the photons that come straight, it gives back in those that it
//! scatters, about. A crystal of efficiency ε counts ε η a f singles per second, a the area of its face and η the share
//! that [`SinglesConfig`] states.

use crate::image::ImageGrid;
use crate::phantom::Phantom;
use crate::scanner::Scanner;
use crate::units::{Fraction, NonNegative, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::{PI, TAU};

const ANGLES: usize = 96;
const AXIAL: usize = 33;
const BLOCKS: usize = 20;

/// `singles`: the rates of single photons, and what comes of them: randoms and dead time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinglesConfig {
    /// Width 2τ of the coincidence window in ns: two detectors of s₁ and s₂ singles per second make 2τ s₁ s₂ randoms
    /// per second.
    pub window_ns: Positive,
    /// Share of the photons that meet the face of a crystal which it counts, scattered ones included.
    #[serde(default = "usual_share")]
    pub share: Fraction,
    /// Time in µs for which a block is dead after each of its singles, and after those that it misses.
    #[serde(default)]
    pub dead_time_us: NonNegative,
}

fn usual_share() -> Fraction {
    Fraction::constant(0.3)
}

/// The flux of single photons over the detectors.
#[derive(Clone, Debug)]
pub(super) struct Flux {
    half_length: f64,
    /// `[angle, axial]`, photons / (s mm²)
    table: Vec<f64>,
}

impl Flux {
    pub fn new(scanner: &Scanner, phantom: &Phantom) -> Self {
        let (radius, half_length) = (scanner.effective_radius_mm(), 0.5 * scanner.axial_length_mm());
        let sources = sources(phantom);
        let at = |n: usize| {
            let (angle, level) = (n / AXIAL, n % AXIAL);
            let (sin, cos) = (TAU * angle as f64 / ANGLES as f64).sin_cos();
            let z = (2.0 * level as f64 / (AXIAL - 1) as f64 - 1.0) * half_length;
            let flux = |&([x, y, height], activity): &([f64; 3], f64)| {
                let squared = (radius * cos - x).powi(2) + (radius * sin - y).powi(2) + (z - height).powi(2);
                // Activity that touches the detectors must not make a rate infinite.
                2.0 * activity / (4.0 * PI * squared.max(1e-4 * radius * radius))
            };
            sources.iter().map(flux).sum::<f64>()
        };
        Self { half_length, table: (0..ANGLES * AXIAL).map(at).collect() }
    }

    /// The same over its mean.
    pub fn relative(mut self) -> Self {
        let mean = self.table.iter().sum::<f64>() / self.table.len() as f64;
        self.table.iter_mut().for_each(|flux| *flux /= mean);
        self
    }

    /// The flux at an angle in radians and a height in mm.
    pub fn at(&self, angle: f64, z: f64) -> f64 {
        let turn = (angle / TAU).rem_euclid(1.0) * ANGLES as f64;
        let height = (0.5 * (z / self.half_length + 1.0)).clamp(0.0, 1.0) * (AXIAL - 1) as f64;
        let (first, low) = (turn as usize % ANGLES, (height as usize).min(AXIAL - 2));
        let (along, up) = (turn.fract(), height - low as f64);
        let at = |i: usize, j: usize| self.table[(first + i) % ANGLES * AXIAL + low + j];
        (at(0, 0) * (1.0 - up) + at(0, 1) * up) * (1.0 - along) + (at(1, 0) * (1.0 - up) + at(1, 1) * up) * along
    }
}

/// Middle and activity in Bq of each active block of the phantom.
fn sources(phantom: &Phantom) -> Vec<([f64; 3], f64)> {
    let extent = phantom.extent_mm();
    let voxel_mm = extent.map(|[low, high]| (high - low) / BLOCKS as f64);
    let origin_mm = std::array::from_fn(|axis| extent[axis][0] + 0.5 * voxel_mm[axis]);
    let grid = ImageGrid { shape: [BLOCKS; 3], voxel_mm, origin_mm };
    let image = phantom.activity_image(&grid);
    let blocks = (0..grid.voxels()).filter(|&n| image.values[n] > 0.0);
    let place = |n: usize| grid.centre_mm([n / (BLOCKS * BLOCKS), n / BLOCKS % BLOCKS, n % BLOCKS]);
    blocks.map(|n| (place(n), f64::from(image.values[n]) * grid.voxel_ml())).collect()
}

/// Singles per second of every crystal of efficiency 1, `[crystal, ring]`, while the phantom has its stated activity.
pub(super) fn rates(scanner: &Scanner, phantom: &Phantom, config: &SinglesConfig) -> Vec<f64> {
    let flux = Flux::new(scanner, phantom);
    let per_flux = config.share.get() * face_mm2(scanner);
    let heights: Vec<f64> = (0..scanner.rings).map(|ring| scanner.ring_z_mm(ring)).collect();
    let of_crystal = |crystal: usize| {
        let [x, y] = scanner.crystal_mm(crystal as i64);
        let angle = y.atan2(x);
        heights.iter().map(|&z| per_flux * flux.at(angle, z)).collect::<Vec<_>>()
    };
    (0..scanner.crystals_per_ring).flat_map(of_crystal).collect()
}

/// Share of its singles that every crystal's block counts, `[crystal, ring]`, when its crystals have these rates in
/// 1/s: exp(−R τ_d), R the block's rate (paralysable).
pub(super) fn live_shares(scanner: &Scanner, rates: &[f64], dead_time_us: f64) -> Vec<f32> {
    let [rows, columns] = [scanner.rings_per_block, scanner.crystals_per_block];
    let block = |n: usize| n / scanner.rings / columns * scanner.rings.div_ceil(rows) + n % scanner.rings / rows;
    let mut of_blocks = vec![0.0; scanner.rings.div_ceil(rows) * scanner.crystals_per_ring.div_ceil(columns)];
    rates.iter().enumerate().for_each(|(n, rate)| of_blocks[block(n)] += rate);
    (0..rates.len()).map(|n| (-of_blocks[block(n)] * 1e-6 * dead_time_us).exp() as f32).collect()
}

/// Area of a crystal's face in mm².
pub(super) fn face_mm2(scanner: &Scanner) -> f64 {
    scanner.ring_spacing_mm * TAU * scanner.effective_radius_mm() / scanner.crystals_per_ring as f64
}
