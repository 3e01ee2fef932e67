//! Folded surfaces: how deep a point lies below the pia of a cortex.
//!
//! The pia is a hull, an ellipsoid, with sulci: sheets of CSF that run down from it. They are the zeros of a random
//! field f of nearly one wavelength, taken at q = c + (p − c) ρ^−α, ρ = 1 on the hull, so that for α = 1 it would not
//! change along radii. A sine of wave number κ is at the distance
//!
//!   δ = atan2(κ ǀfǀ, ǀ∇fǀ) / κ
//!
//! from its nearest zero; for f, whose wave number hardly varies, that is close. Below the floor of a sulcus the
//! distance to its edge counts. A fissure parts the halves.

use super::between;
use super::pose::{Extent, Pose};
use super::waves::Field;
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::TAU;

/// The pia of a cortex.
#[derive(Clone, Debug)]
pub(super) struct Folds {
    hull: Pose,
    sheets: Field,
    /// κ per mm.
    wave_number: f64,
    /// α
    radial: f64,
    /// Depth and width of sulci vary along the surface.
    unevenness: Field,
    /// Largest depth of a sulcus.
    deepest_mm: f64,
    /// Mean half width of a sulcus.
    half_width_mm: f64,
    /// Half width and floor (ρ) of the fissure between the halves.
    fissure: [f64; 2],
}

/// Edges between the hull and a sulcus are rounded over so many mm.
const ROUNDED_MM: f64 = 3.0;
/// Nothing is thicker, so that nothing changes below.
const THICKEST_MM: f64 = 8.0;

impl Folds {
    /// Folds in a hull for a grey matter of this thickness: the walls of two sulci leave room for it and for a blade
    /// of white matter.
    pub fn random(hull: Pose, thickness_mm: f64, random: &mut Pcg64) -> Self {
        let half_width_mm = between(0.15, 1.1, random);
        let blade = random.random_range(3.5..9.0);
        let radial: f64 = random.random_range(0.5..0.95);
        let wavelength = 2.0 * (2.0 * (thickness_mm + half_width_mm) + blade);
        Self {
            hull,
            sheets: Field::random(26, [0.92 * wavelength, 1.1 * wavelength], random),
            // Along the surface: two of three directions are, and the third is stretched.
            wave_number: TAU / wavelength * ((2.0 + (1.0 - radial).powi(2)) / 3.0).sqrt(),
            radial,
            unevenness: Field::random(5, [25.0, 70.0], random),
            deepest_mm: random.random_range(14.0..30.0),
            half_width_mm,
            fissure: [random.random_range(0.3..1.5), random.random_range(0.3..0.75)],
        }
    }

    /// Where they are.
    pub fn extent(&self) -> Extent {
        self.hull.extent()
    }

    /// Depth in mm below the pia: negative in CSF.
    pub fn depth_mm(&self, p: [f64; 3]) -> f64 {
        let u = self.hull.apply(p);
        let rho = norm(u);
        if !(0.2..1.1).contains(&rho) {
            return if rho < 1.0 { THICKEST_MM } else { -THICKEST_MM };
        }
        let rows = &self.hull.rows;
        let by_p: [f64; 3] = std::array::from_fn(|axis| (0..3).map(|row| rows[row][axis] * u[row]).sum::<f64>() / rho);
        let below_hull = (1.0 - rho) / norm(by_p);
        let below_floor = (self.fissure[1] - rho).max(0.0) / norm(by_p);
        let beside_fissure = (u[0] / norm(rows[0])).hypot(below_floor) - self.fissure[0];
        let outer = rounded_min(below_hull, beside_fissure);
        if outer > self.deepest_mm + THICKEST_MM {
            return THICKEST_MM;
        }
        rounded_min(outer, self.beside_sulcus(p, rho, by_p, outer))
    }

    /// Distance in mm from the nearest sulcus at a point so far below the outer surface.
    fn beside_sulcus(&self, p: [f64; 3], rho: f64, rho_by_p: [f64; 3], outer: f64) -> f64 {
        let d: [f64; 3] = std::array::from_fn(|axis| p[axis] - self.hull.centre[axis]);
        let scale = rho.powf(-self.radial);
        let q: [f64; 3] = std::array::from_fn(|axis| self.hull.centre[axis] + scale * d[axis]);
        let (value, by_q) = self.sheets.with_slope(q);
        let along: f64 = (0..3).map(|axis| d[axis] * by_q[axis]).sum();
        let by_p = std::array::from_fn(|axis| scale * (by_q[axis] - self.radial * along * rho_by_p[axis] / rho));
        let wave_number = self.wave_number * scale;
        let beside = (wave_number * value.abs()).atan2(norm(by_p)) / wave_number;
        let uneven = self.unevenness.at(q);
        let floor = self.deepest_mm * (0.6 + 0.4 * uneven.clamp(-1.0, 1.0));
        let half_width = self.half_width_mm * (1.0 + 0.4 * uneven).max(0.3);
        beside.hypot((outer - floor).max(0.0)) - half_width
    }
}

fn norm(vector: [f64; 3]) -> f64 {
    vector.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// The smaller one, without a kink where both are equal.
fn rounded_min(a: f64, b: f64) -> f64 {
    let near = (1.0 - (a - b).abs() / ROUNDED_MM).max(0.0);
    a.min(b) - 0.25 * ROUNDED_MM * near * near
}
