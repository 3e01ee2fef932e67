//! How large what the kernels are given may be.

use super::PlaneLine;
use crate::joseph::Grid;

/// Most voxels along an axis; step numbers and lattice indices are worked out in single precision and 32 bits.
pub(super) const MOST_STEPS: usize = 1 << 22;

/// Most voxels of an image: their bytes can be counted.
const MOST_VOXELS: usize = isize::MAX as usize / size_of::<f32>();

/// Panics where the kernels could not count on what they are given.
pub(super) fn check(grid: &Grid, planes: &[PlaneLine]) {
    let Grid { shape, voxel_mm, origin_mm } = grid;
    let voxels = shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
    let fits = shape.iter().all(|n| (1..=MOST_STEPS).contains(n)) && voxels.is_some_and(|n| n <= MOST_VOXELS);
    assert!(fits, "an image of {shape:?} voxels");
    let lengths = voxel_mm.iter().all(|mm| mm.is_finite() && *mm > 0.0) && origin_mm.iter().all(|mm| mm.is_finite());
    assert!(lengths, "voxels of {voxel_mm:?} mm from {origin_mm:?} mm on");
    let wrong = planes.iter().find(|plane| !(plane.z_mm.is_finite() && plane.dz_mm.is_finite()));
    assert!(wrong.is_none(), "{wrong:?}");
}
