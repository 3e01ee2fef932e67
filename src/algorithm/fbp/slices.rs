//! Axial positions of the direct slices.

use super::pairs::Pair;

/// Positions in mm, rising; at least one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slices {
    /// Centre of each slice.
    pub z_mm: Vec<f64>,
    /// Mean distance between slices; the distance between rings where there is only one.
    pub spacing_mm: f64,
}

/// Two slices and the share of each.
pub(super) type Place = [(usize, f32); 2];

impl Slices {
    /// The positions of all planes with a mean ring difference of at most 1.
    pub fn of(pairs: &[Pair], ring_spacing_mm: f64) -> Self {
        let direct = pairs.iter().filter(|pair| pair.ring_difference <= 1.0);
        let mut z_mm: Vec<f64> = direct.flat_map(|pair| pair.planes).map(|plane| plane.z_mm).collect();
        z_mm.sort_by(f64::total_cmp);
        z_mm.dedup_by(|b, a| *b - *a < 1e-3);
        let last = z_mm.len() - 1;
        let spacing_mm = if last == 0 { ring_spacing_mm } else { (z_mm[last] - z_mm[0]) / last as f64 };
        Self { z_mm, spacing_mm }
    }

    /// The slices on both sides of z, with linear weights; the outermost slice up to half a spacing beyond it.
    pub fn place(&self, z: f64) -> Option<Place> {
        let (last, beyond) = (self.z_mm.len() - 1, 0.5 * self.spacing_mm + 1e-3);
        if z < self.z_mm[0] - beyond || z > self.z_mm[last] + beyond {
            return None;
        }
        if last == 0 {
            return Some([(0, 1.0), (0, 0.0)]);
        }
        // Nearly even slices: the guess is right or one off.
        let mut low = (((z - self.z_mm[0]) / self.spacing_mm).max(0.0) as usize).min(last - 1);
        while low > 0 && z < self.z_mm[low] {
            low -= 1;
        }
        while low + 1 < last && z >= self.z_mm[low + 1] {
            low += 1;
        }
        Some(self.between(low, low + 1, z))
    }

    /// The nearest slices on both sides of one that have what it lacks, with linear weights.
    pub fn around(&self, slice: usize, has: impl Fn(usize) -> bool) -> Option<Place> {
        let low = (0..slice).rev().find(|&slice| has(slice))?;
        let high = (slice + 1..self.z_mm.len()).find(|&slice| has(slice))?;
        Some(self.between(low, high, self.z_mm[slice]))
    }

    fn between(&self, low: usize, high: usize, z: f64) -> Place {
        let share = ((z - self.z_mm[low]) / (self.z_mm[high] - self.z_mm[low])).clamp(0.0, 1.0) as f32;
        [(low, 1.0 - share), (high, share)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_between_uneven_slices_is_shared_linearly() {
        let slices = Slices { z_mm: vec![-4.0, -2.0, 0.0, 3.0, 5.0], spacing_mm: 2.25 };
        assert_eq!(slices.place(-2.0), Some([(1, 1.0), (2, 0.0)]));
        assert_eq!(slices.place(0.75), Some([(2, 0.75), (3, 0.25)]));
        assert_eq!(slices.place(4.5), Some([(3, 0.25), (4, 0.75)]));
        assert_eq!(slices.place(6.0), Some([(3, 0.0), (4, 1.0)]));
        assert_eq!(slices.place(6.5), None);
        assert_eq!(slices.place(-5.2), None);
    }

    #[test]
    fn what_a_slice_lacks_is_between_those_that_have_it() {
        let slices = Slices { z_mm: vec![-4.0, -2.0, 0.0, 3.0, 5.0], spacing_mm: 2.25 };
        let has = |slices: [usize; 2]| move |slice: usize| slices.contains(&slice);
        assert_eq!(slices.around(2, has([1, 3])), Some([(1, 0.6), (3, 0.4)]));
        assert_eq!(slices.around(1, has([0, 4])), Some([(0, 1.0 - 2.0 / 9.0), (4, 2.0 / 9.0)]));
        assert_eq!(slices.around(0, has([1, 4])), None);
    }
}
