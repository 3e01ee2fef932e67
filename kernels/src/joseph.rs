//! The reference projector: one line of response at a time (Joseph 1982, IEEE TMI 1(3), 192–196).
//!
//! The line is sampled where it crosses the voxel centres of its transaxial principal axis (x or y, whichever it
//! advances along faster); each sample is bilinear in the other transaxial axis and z, zero outside the image, and
//! weighs the length of line between samples. It ends at the two detectors.

/// A voxel grid `[x, y, z]`, z contiguous; `origin_mm` is the centre of voxel `[0, 0, 0]`.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// Voxels along x, y, z.
    pub shape: [usize; 3],
    /// Voxel size in mm.
    pub voxel_mm: [f64; 3],
    /// Centre of the first voxel in mm.
    pub origin_mm: [f64; 3],
}

/// Calls `visit(voxel index, weight in mm)` for every voxel the line from `a` to `b` (in mm) touches.
pub fn walk(grid: &Grid, a: [f64; 3], b: [f64; 3], mut visit: impl FnMut(usize, f64)) {
    walk_steps(grid, a, b, |_, voxel, weight| visit(voxel, weight));
}

/// As [`walk`], with the distance of each sample from the middle of the line in mm (positive towards `b`) first.
pub fn walk_steps(grid: &Grid, a: [f64; 3], b: [f64; 3], mut visit: impl FnMut(f64, usize, f64)) {
    let direction: [f64; 3] = std::array::from_fn(|axis| b[axis] - a[axis]);
    let (main, side) = if direction[0].abs() >= direction[1].abs() { (0, 1) } else { (1, 0) };
    if direction[main] == 0.0 {
        return;
    }
    let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
    let weight = grid.voxel_mm[main] * length / direction[main].abs();
    let voxel =
        |axis: usize, share: f64| (a[axis] + share * direction[axis] - grid.origin_mm[axis]) / grid.voxel_mm[axis];
    for step in 0..grid.shape[main] {
        let position = grid.origin_mm[main] + step as f64 * grid.voxel_mm[main];
        let share = (position - a[main]) / direction[main];
        if !(0.0..=1.0).contains(&share) {
            continue;
        }
        for (j, wj) in neighbours(voxel(side, share), grid.shape[side]) {
            for (k, wk) in neighbours(voxel(2, share), grid.shape[2]) {
                let [x, y] = if main == 0 { [step, j] } else { [j, step] };
                visit((share - 0.5) * length, (x * grid.shape[1] + y) * grid.shape[2] + k, weight * wj * wk);
            }
        }
    }
}

/// The voxels around a continuous index and their linear weights, without those outside `0..count`.
fn neighbours(index: f64, count: usize) -> impl Iterator<Item = (usize, f64)> {
    let low = index.floor();
    let share = index - low;
    [(low, 1.0 - share), (low + 1.0, share)]
        .into_iter()
        .filter(move |&(i, weight)| i >= 0.0 && i < count as f64 && weight != 0.0)
        .map(|(i, weight)| (i as usize, weight))
}
