//! The rotation of a qform.

use super::Wrong;
use crate::io::voxels::Affine;

/// "Method 2" of the standard, in RAS: rotation as the quaternion (√(1 − b² − c² − d²), b, c, d), voxel sizes, and −1
/// as handedness where k runs the other way.
pub(super) fn affine_of_quaternion(
    [b, c, d]: [f64; 3],
    handedness: f64,
    voxel_mm: [f64; 3],
    offset_mm: [f64; 3],
) -> Result<Affine, Wrong> {
    let square = 1.0 - (b * b + c * c + d * d);
    if square.is_nan() || square < -1e-5 {
        return Err(("quatern_b, c, d", format!("{b}, {c}, {d}"), "part of a unit quaternion"));
    }
    if voxel_mm.iter().any(|&size| !(size.is_finite() && size > 0.0)) {
        return Err(("pixdim", format!("{voxel_mm:?}"), "voxel sizes > 0"));
    }
    // Below the precision of three stored f32, a is noise: its root would tilt half a turn by up to a milliradian.
    let a = if square < 3.0 * f64::from(f32::EPSILON) { 0.0 } else { square.sqrt() };
    let k = if handedness < 0.0 { -1.0 } else { 1.0 };
    let rotation = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let [dx, dy, dz] = voxel_mm;
    Ok(Affine(std::array::from_fn(|row| {
        let [x, y, z] = rotation[row];
        [x * dx, y * dy, z * dz * k, offset_mm[row]]
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_turn_about_z_is_the_quaternion_d() {
        let turned = affine_of_quaternion([0.0, 0.0, 1.0], 1.0, [2.0, 3.0, 4.0], [1.0, 2.0, 3.0]).unwrap();
        assert_eq!(turned.0, [[-2.0, 0.0, 0.0, 1.0], [0.0, -3.0, 0.0, 2.0], [0.0, 0.0, 4.0, 3.0]]);
    }

    #[test]
    fn rounding_of_a_stored_half_turn_is_not_a_tilt() {
        let stored = f64::from(0.5_f32.sqrt());
        let turned = affine_of_quaternion([0.0, stored, stored], 1.0, [2.0, 3.0, 4.0], [0.0; 3]).unwrap();
        assert_eq!(turned.place([2, 3, 4]).unwrap().grid.shape, [2, 4, 3]);
    }
}
