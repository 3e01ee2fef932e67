//! Vectors and rotations in the scanner frame.

pub(super) type Vector = [f64; 3];
/// Rows.
pub(super) type Matrix = [Vector; 3];

pub(super) const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

#[inline]
pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline]
pub(super) fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

#[inline]
pub(super) fn scaled(a: Vector, factor: f64) -> Vector {
    a.map(|x| x * factor)
}

#[inline]
pub(super) fn apply(matrix: &Matrix, vector: Vector) -> Vector {
    [dot(matrix[0], vector), dot(matrix[1], vector), dot(matrix[2], vector)]
}

pub(super) fn transposed(matrix: Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| matrix[j][i]))
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The vector of length one in the same direction; `None` for zero or non-finite vectors.
pub(super) fn unit(a: Vector) -> Option<Vector> {
    let length = a.iter().fold(0.0_f64, |length, x| length.hypot(*x));
    (length > 0.0 && length.is_finite()).then(|| a.map(|x| x / length))
}

/// Rotation by `angle_rad` about a unit vector, right-handed: cos θ 1 + sin θ [n]ₓ + (1 − cos θ) n nᵀ (Rodrigues).
pub(super) fn rotation(about: Vector, angle_rad: f64) -> Matrix {
    let (sin, cos) = angle_rad.sin_cos();
    std::array::from_fn(|i| {
        let basis = IDENTITY[i];
        let across = cross(basis, about);
        std::array::from_fn(|j| cos * basis[j] + sin * across[j] + (1.0 - cos) * about[i] * about[j])
    })
}

/// The rotation that first turns by `turn_rad` about z, then tilts z to `axis` (a unit vector) the shortest way.
pub(super) fn orientation(axis: Vector, turn_rad: f64) -> Matrix {
    let tilt = match unit(cross([0.0, 0.0, 1.0], axis)) {
        // Not acos(z), which loses small angles.
        Some(about) => rotation(about, axis[0].hypot(axis[1]).atan2(axis[2])),
        None if axis[2] < 0.0 => rotation([1.0, 0.0, 0.0], std::f64::consts::PI),
        None => IDENTITY,
    };
    let turn = rotation([0.0, 0.0, 1.0], turn_rad);
    let columns = transposed(turn).map(|column| apply(&tilt, column));
    transposed(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Vector, b: Vector) -> bool {
        a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12)
    }

    #[test]
    fn a_quarter_turn_about_z_takes_x_to_y() {
        let quarter = rotation([0.0, 0.0, 1.0], std::f64::consts::FRAC_PI_2);
        assert!(near(apply(&quarter, [1.0, 0.0, 0.0]), [0.0, 1.0, 0.0]));
    }

    #[test]
    fn an_orientation_takes_z_to_the_axis() {
        for axis in [[1.0, 2.0, -0.5], [0.0, 0.0, -1.0], [0.0, 0.0, 3.0], [1e-9, 0.0, -1.0]] {
            let axis = unit(axis).unwrap();
            let matrix = orientation(axis, 0.7);
            assert!(near(apply(&matrix, [0.0, 0.0, 1.0]), axis), "{axis:?}");
            let columns = transposed(matrix);
            assert!((dot(cross(columns[0], columns[1]), columns[2]) - 1.0).abs() < 1e-12);
        }
    }
}
