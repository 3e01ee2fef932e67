//! How well two images of one body lie on each other: the mutual information of their values over shifts of one of
//! them, whatever each tissue looks like in either (Wells et al. 1996, Med. Image Anal. 1:35; Maes et al. 1997, IEEE
//! Trans. Med. Imaging 16:187).

use super::ImageGrid;

/// Levels of each image's values.
const LEVELS: usize = 24;
/// Fewer voxels say nothing.
const LEAST_VOXELS: usize = 500;
/// About as many are enough: of more, some are taken here and there.
const ENOUGH_VOXELS: usize = 200_000;

/// Where one image lies best on another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestShift {
    /// What it has to be moved by along x, y, z in mm.
    pub mm: [f64; 3],
    /// Mutual information there, in nats.
    pub information: f64,
    /// Mutual information where it lies.
    pub unmoved: f64,
}

/// Where `moving` lies best on `fixed`, both `[x, y, z]`, within `reach_mm` along each axis and a quarter of the grid;
/// voxels count that are `inside`. `None` where fewer than 500 of them do.
pub fn best_shift(
    grid: &ImageGrid,
    fixed: &[f32],
    moving: &[f32],
    inside: &[bool],
    reach_mm: f64,
) -> Option<BestShift> {
    let reach: [isize; 3] = std::array::from_fn(|axis| {
        let voxels = (reach_mm / grid.voxel_mm[axis]).round() as usize;
        voxels.min(grid.shape[axis] / 4) as isize
    });
    // The same voxels count for every shift.
    let [_, ny, nz] = grid.shape;
    let held = |voxel: usize| {
        let at = [voxel / (ny * nz), voxel / nz % ny, voxel % nz];
        (0..3).all(|axis| (reach[axis]..grid.shape[axis] as isize - reach[axis]).contains(&(at[axis] as isize)))
    };
    let mut voxels: Vec<usize> = (0..inside.len()).filter(|&voxel| inside[voxel] && held(voxel)).collect();
    if voxels.len() > ENOUGH_VOXELS {
        // By a hash (Knuth's), as every n-th voxel might lie in one plane.
        let share = ENOUGH_VOXELS as f64 / voxels.len() as f64 * f64::from(u32::MAX);
        voxels.retain(|&voxel| f64::from((voxel as u32).wrapping_mul(2_654_435_761)) < share);
    }
    if voxels.len() < LEAST_VOXELS {
        return None;
    }
    let own: Vec<f32> = voxels.iter().map(|&voxel| fixed[voxel]).collect();
    let fixed = levels(&own, &own);
    // The other image's levels are those of what any shift may show.
    let moving = levels(moving, &voxels.iter().map(|&voxel| moving[voxel]).collect::<Vec<_>>());
    let information = |shift: [isize; 3]| {
        let by = (shift[0] * ny as isize + shift[1]) * nz as isize + shift[2];
        let mut joint = [[0_u32; LEVELS]; LEVELS];
        for (&voxel, &level) in voxels.iter().zip(&fixed) {
            joint[usize::from(level)][usize::from(moving[voxel.wrapping_add_signed(by)])] += 1;
        }
        mutual_information(&joint)
    };
    let unmoved = information([0; 3]);
    let (mut best, mut most) = ([0; 3], unmoved);
    let mut stride = reach.map(|reach| (reach / 2).max(1));
    let mut round = 0;
    loop {
        let around = (0..27_isize).map(|n| [n / 9 - 1, n / 3 % 3 - 1, n % 3 - 1]);
        let mut better = None;
        for direction in around {
            let shift: [isize; 3] = std::array::from_fn(|axis| best[axis] + direction[axis] * stride[axis]);
            if (0..3).any(|axis| shift[axis].abs() > reach[axis]) || direction == [0; 3] {
                continue;
            }
            let found = information(shift);
            if found > most {
                (better, most) = (Some(shift), found);
            }
        }
        round += 1;
        match better {
            Some(shift) if round < 64 => best = shift,
            _ if stride.iter().all(|stride| *stride == 1) => break,
            _ => stride = stride.map(|stride| (stride / 2).max(1)),
        }
    }
    // What moves to a voxel comes from there; between two voxels lies the top of a parabola.
    let mm = std::array::from_fn(|axis| {
        let beside = |by: isize| {
            let mut shift = best;
            shift[axis] += by;
            (shift[axis].abs() <= reach[axis]).then(|| information(shift))
        };
        let part = match (beside(-1), beside(1)) {
            (Some(low), Some(high)) if low + high < 2.0 * most => 0.5 * (low - high) / (low + high - 2.0 * most),
            _ => 0.0,
        };
        -(best[axis] as f64 + part) * grid.voxel_mm[axis]
    });
    Some(BestShift { mm, information: most, unmoved })
}

/// The level of each value, such that about as many of `among` are in each.
fn levels(values: &[f32], among: &[f32]) -> Vec<u8> {
    let mut sorted = among.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut limits: Vec<f32> = (1..LEVELS).map(|n| sorted[n * sorted.len() / LEVELS]).collect();
    limits.dedup();
    values.iter().map(|value| limits.partition_point(|limit| limit <= value) as u8).collect()
}

/// Σ p(a, b) ln (p(a, b) / (p(a) p(b)))
fn mutual_information(joint: &[[u32; LEVELS]; LEVELS]) -> f64 {
    let rows: Vec<f64> = joint.iter().map(|row| row.iter().map(|&count| f64::from(count)).sum()).collect();
    let columns: Vec<f64> = (0..LEVELS).map(|n| joint.iter().map(|row| f64::from(row[n])).sum()).collect();
    let all: f64 = rows.iter().sum();
    let mut sum = 0.0;
    for (row, in_row) in joint.iter().zip(&rows) {
        for (&count, in_column) in row.iter().zip(&columns).filter(|(count, _)| **count > 0) {
            let count = f64::from(count);
            sum += count / all * (count * all / (in_row * in_column)).ln();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Smooth random structures, seen at a place.
    fn structure(at: [f64; 3]) -> f64 {
        let [x, y, z] = at;
        (x / 9.0).sin() * (y / 7.0 + 0.5).cos() + (z / 8.0 + x / 20.0).sin() * (y / 12.0).sin()
    }

    fn image(grid: &ImageGrid, moved_mm: [f64; 3], look: impl Fn(f64) -> f64) -> Vec<f32> {
        let [_, ny, nz] = grid.shape;
        let value = |voxel: usize| {
            let at = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
            look(structure(std::array::from_fn(|axis| at[axis] - moved_mm[axis]))) as f32
        };
        (0..grid.voxels()).map(value).collect()
    }

    #[test]
    fn an_image_that_was_moved_is_found_whatever_it_looks_like() {
        let grid = ImageGrid::centred([40, 36, 24], [3.0, 3.0, 4.0]);
        let inside = vec![true; grid.voxels()];
        let fixed = image(&grid, [0.0; 3], |s| s);
        let looks: [fn(f64) -> f64; 3] = [|s| -s, |s| (3.0 * s).cos(), |s| if s > 0.3 { 2.0 } else { 1.0 }];
        for look in looks {
            for moved in [[0.0; 3], [6.0, -3.0, 4.0], [-7.5, 0.0, 8.0], [0.0, 4.5, 0.0]] {
                let found = best_shift(&grid, &fixed, &image(&grid, moved, look), &inside, 12.0).unwrap();
                let far = (0..3).map(|axis| (found.mm[axis] + moved[axis]).abs()).fold(0.0, f64::max);
                assert!(far < 1.6, "moved by {moved:?}: {found:?}");
                assert!(found.information >= found.unmoved && found.information > 0.2, "{found:?}");
            }
        }
    }

    /// Where there are more voxels than are looked at.
    #[test]
    fn a_part_of_the_voxels_finds_it_too() {
        let grid = ImageGrid::centred([96, 90, 64], [2.0, 2.0, 2.0]);
        let inside = vec![true; grid.voxels()];
        let (fixed, moving) = (image(&grid, [0.0; 3], |s| s), image(&grid, [6.0, -4.0, 2.0], |s| -s));
        let found = best_shift(&grid, &fixed, &moving, &inside, 12.0).unwrap();
        let far = [6.0, -4.0, 2.0].iter().zip(found.mm).map(|(a, b): (&f64, f64)| (a + b).abs()).fold(0.0, f64::max);
        assert!(far < 1.0, "{found:?}");
    }

    #[test]
    fn images_of_nothing_in_common_share_no_information() {
        let grid = ImageGrid::centred([40, 36, 24], [3.0, 3.0, 4.0]);
        let inside = vec![true; grid.voxels()];
        let fixed = image(&grid, [0.0; 3], |s| s);
        let flat = vec![1.0; grid.voxels()];
        let found = best_shift(&grid, &fixed, &flat, &inside, 12.0).unwrap();
        assert_eq!((found.mm, found.information, found.unmoved), ([0.0; 3], 0.0, 0.0));
        let few: Vec<bool> = (0..grid.voxels()).map(|voxel| voxel % 100 == 0).collect();
        assert!(best_shift(&grid, &fixed, &flat, &few, 12.0).is_none());
        // Two levels, in half of which the other always is: ln 2.
        let halves: Vec<f32> = (0..grid.voxels()).map(|voxel| (voxel % 2) as f32).collect();
        let own = best_shift(&grid, &halves, &halves, &inside, 0.0).unwrap();
        assert!((own.information - 2.0_f64.ln()).abs() < 1e-9, "{own:?}");
    }
}
