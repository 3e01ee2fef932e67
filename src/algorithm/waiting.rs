//! Voxels that no subset has seen yet.
//!
//! A uniform start has the level of the whole field of view, and the first update takes what its subset sees to the
//! level of the object. What it does not see, behind virtual crystals and other gaps, would be left behind as a hole,
//! and EM closes such holes slowly: a single voxel adds little to its lines. Those voxels have no value of their own
//! yet. Until a subset sees them (α of its share, [`super::em`]), they are the mean of their neighbours.

/// The voxels that wait, in the order of the image `[x, y, z]`.
pub(super) struct Waiting {
    shape: [usize; 3],
    /// `None` before the first update.
    voxels: Option<Vec<usize>>,
}

impl Waiting {
    /// Those of a uniform start; of a given one none, as all of it is known.
    pub fn new(shape: [usize; 3], uniform: bool) -> Self {
        Self { shape, voxels: (!uniform).then(Vec::new) }
    }

    /// After an update by a subset: `[sₖ, α s / K]`.
    pub fn follow(&mut self, image: &mut [f32], [s, least]: [&[f32]; 2]) {
        let waits = |voxel: usize| s[voxel] < least[voxel];
        match &mut self.voxels {
            None => self.voxels = Some((0..image.len()).filter(|voxel| waits(*voxel)).collect()),
            Some(voxels) => voxels.retain(|voxel| waits(*voxel)),
        }
        let Some(voxels) = self.voxels.as_ref().filter(|voxels| !voxels.is_empty()) else { return };
        let mut known: Vec<bool> = least.iter().map(|least| *least > 0.0).collect();
        voxels.iter().for_each(|voxel| known[*voxel] = false);
        let mut left = voxels.clone();
        // From the rim of what waits inwards.
        loop {
            let mean = |voxel: &usize| self.mean_around(*voxel, image, &known).map(|mean| (*voxel, mean));
            let found: Vec<(usize, f32)> = left.iter().filter_map(mean).collect();
            if found.is_empty() {
                return;
            }
            for (voxel, mean) in found {
                (image[voxel], known[voxel]) = (mean, true);
            }
            left.retain(|voxel| !known[*voxel]);
        }
    }

    /// Mean of the known ones of a voxel's 26 neighbours.
    fn mean_around(&self, voxel: usize, image: &[f32], known: &[bool]) -> Option<f32> {
        let [nx, ny, nz] = self.shape;
        let around = |at: usize, count: usize| at.saturating_sub(1)..(at + 2).min(count);
        let (mut sum, mut count) = (0.0, 0.0);
        for i in around(voxel / (ny * nz), nx) {
            for j in around(voxel / nz % ny, ny) {
                for near in around(voxel % nz, nz).map(|k| (i * ny + j) * nz + k).filter(|near| known[*near]) {
                    (sum, count) = (sum + image[near], count + 1.0);
                }
            }
        }
        (count > 0.0).then(|| sum / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_follows_its_neighbours_until_it_is_seen() {
        let shape = [5, 5, 1];
        // The three columns in the middle wait; the last voxel lies outside of the field.
        let s = |seen: bool| -> Vec<f32> {
            (0..25).map(|voxel| if (5..20).contains(&voxel) && !seen { 0.0 } else { 1.0 }).collect()
        };
        let least: Vec<f32> = (0..25).map(|voxel| if voxel == 24 { 0.0 } else { 0.25 }).collect();
        let start: Vec<f32> = (0..25).map(|voxel| if voxel < 5 { 8.0 } else { 2.0 }).collect();
        let (mut waiting, mut image) = (Waiting::new(shape, true), start.clone());
        image[24] = 100.0;
        waiting.follow(&mut image, [&s(false), &least]);
        assert_eq!((image[7], image[17], image[12]), (8.0, 2.0, 5.0));
        assert_eq!(image[19], 2.0);
        image[7] = 3.0;
        waiting.follow(&mut image, [&s(true), &least]);
        assert_eq!(image[7], 3.0);
        // Once seen, a voxel keeps its value, whatever the next subset sees; and a given start is known.
        waiting.follow(&mut image, [&s(false), &least]);
        assert_eq!(image[7], 3.0);
        let mut given = start.clone();
        Waiting::new(shape, false).follow(&mut given, [&s(false), &least]);
        assert_eq!(given, start);
    }
}
