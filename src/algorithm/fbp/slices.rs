//! Axial positions of the direct slices.

use super::pairs::Pair;

/// Positions in mm, rising; at least one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slices {
    /// Centre of each slice.
    pub z_mm: Vec<f64>,
}

/// Two slices and the share of each.
pub(super) type Place = [(usize, f32); 2];

impl Slices {
    /// The positions of all planes with a mean ring difference of at most 1.
    pub fn of(pairs: &[Pair]) -> Self {
        let direct = pairs.iter().filter(|pair| pair.ring_difference <= 1.0);
        let mut z_mm: Vec<f64> = direct.flat_map(|pair| pair.planes).map(|plane| plane.z_mm).collect();
        z_mm.sort_by(f64::total_cmp);
        z_mm.dedup_by(|b, a| *b - *a < 1e-3);
        Self { z_mm }
    }

    /// Mean distance between slices; 0 for a single one.
    pub fn spacing_mm(&self) -> f64 {
        let last = self.z_mm.len() - 1;
        if last == 0 { 0.0 } else { (self.z_mm[last] - self.z_mm[0]) / last as f64 }
    }

    /// The slices on both sides of z, with linear weights; the outermost slice up to half a spacing beyond it.
    pub fn place(&self, z: f64) -> Option<Place> {
        let (last, beyond) = (self.z_mm.len() - 1, 0.5 * self.spacing_mm() + 1e-3);
        if z < self.z_mm[0] - beyond || z > self.z_mm[last] + beyond {
            return None;
        }
        if last == 0 {
            return Some([(0, 1.0), (0, 0.0)]);
        }
        // Nearly even slices: the guess is right or one off.
        let mut low = (((z - self.z_mm[0]) / self.spacing_mm()).max(0.0) as usize).min(last - 1);
        while low > 0 && z < self.z_mm[low] {
            low -= 1;
        }
        while low + 1 < last && z >= self.z_mm[low + 1] {
            low += 1;
        }
        let share = ((z - self.z_mm[low]) / (self.z_mm[low + 1] - self.z_mm[low])).clamp(0.0, 1.0) as f32;
        Some([(low, 1.0 - share), (low + 1, share)])
    }
}
