//! Voxelised tissue maps that anatomies are made of.

/// A map `[x, y, z]` (z contiguous) in 8 bits; u = 0 is its middle, u in voxels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Volume {
    pub shape: [usize; 3],
    pub values: Vec<u8>,
    /// What a stored 255 stands for.
    pub full: f64,
}

impl Volume {
    /// Value by linear interpolation; 0 outside.
    pub fn at(&self, u: [f64; 3]) -> f64 {
        self.interpolated(u, f64::from) * self.full / 255.0
    }

    /// Share of a label, or of all labels but 0, by linear interpolation; 0 outside.
    pub fn share_of(&self, label: Option<u8>, u: [f64; 3]) -> f64 {
        match label {
            Some(label) => self.interpolated(u, |value| f64::from(value == label)),
            None => self.interpolated(u, |value| f64::from(value != 0)),
        }
    }

    fn interpolated(&self, u: [f64; 3], value: impl Fn(u8) -> f64) -> f64 {
        let place: [f64; 3] = std::array::from_fn(|axis| u[axis] + 0.5 * (self.shape[axis] as f64 - 1.0));
        if (0..3).any(|axis| !(place[axis] >= 0.0 && place[axis] < self.shape[axis] as f64 - 1.0)) {
            return 0.0;
        }
        let low = place.map(|place| place as usize);
        let share: [f64; 3] = std::array::from_fn(|axis| place[axis] - low[axis] as f64);
        let mut sum = 0.0;
        for corner in 0..8 {
            let step = [corner >> 2, corner >> 1 & 1, corner & 1];
            let weight: f64 =
                (0..3).map(|axis| if step[axis] == 1 { share[axis] } else { 1.0 - share[axis] }).product();
            if weight > 0.0 {
                let [i, j, k]: [usize; 3] = std::array::from_fn(|axis| low[axis] + step[axis]);
                sum += weight * value(self.values[(i * self.shape[1] + j) * self.shape[2] + k]);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_interpolated_around_the_middle() {
        let volume = Volume { shape: [3, 3, 3], values: (0..27).collect(), full: 255.0 };
        assert!((volume.at([0.0; 3]) - 13.0).abs() < 1e-12);
        assert!(
            (volume.at([0.5, 0.0, 0.0]) - 17.5).abs() < 1e-12 && (volume.at([0.0, 0.0, -0.25]) - 12.75).abs() < 1e-12
        );
        assert_eq!(volume.at([1.5, 0.0, 0.0]), 0.0);
        assert!((volume.share_of(Some(13), [0.0, 0.0, 0.25]) - 0.75).abs() < 1e-12);
        assert!((volume.share_of(None, [-0.9; 3]) - (1.0 - 0.9_f64.powi(3))).abs() < 1e-12);
    }
}
