//! The per-voxel step that OSEM, De Pierro's MAP-EM, ADMM and unrolled networks share.

/// argmin over x ≥ 0 of  s (x − e ln x) + γ/2 (x − z)²,  with the EM image e ≥ 0, a target z, its weight γ ≥ 0 and the
/// sensitivity s > 0 (De Pierro 1995, IEEE TMI 14(1), 132–137).
///
/// It is the positive root of γ x² + (s − γ z) x − s e = 0. With b = 1 − γ z / s and D = √(b² + 4 γ e / s) the root is
/// 2 e / (b + D), and the same number is (D − b) s / 2 γ; each cancels where the other does not. γ = 0 gives e: OSEM.
#[inline(always)]
pub fn fuse(e: f32, z: f32, gamma: f32, s: f32) -> f32 {
    let b = 1.0 - gamma * z / s;
    let square = b * b + 4.0 * gamma * e / s;
    // Where s is tiny, as at the border of the field of view, b² may be too large for a float; then D = |b| to all
    // digits.
    let d = if square == f32::INFINITY { b.abs() } else { square.sqrt() };
    if b >= 0.0 {
        let sum = b + d;
        if sum == 0.0 { 0.0 } else { 2.0 * e / sum }
    } else {
        (d - b) * s / (2.0 * gamma)
    }
}

/// Slopes of [`fuse`]: `[∂/∂e, ∂/∂z, ∂/∂γ]` at a result `x = fuse(e, z, γ, s)`.
///
/// The root's equation γ x² + (s − γ z) x − s e = 0, differentiated, with D = b + 2 γ x / s:
/// ∂x/∂e = 1 / D,  ∂x/∂z = (γ x / s) / D,  ∂x/∂γ = −(x / s) (x − z) / D. Where D is 0 the root has a corner: all are 0
/// there.
#[inline(always)]
pub fn fuse_slopes(x: f32, e: f32, z: f32, gamma: f32, s: f32) -> [f32; 3] {
    let b = 1.0 - gamma * z / s;
    let d = (b * b + 4.0 * gamma * e / s).sqrt();
    if d > 0.0 {
        let share = x / (s * d);
        [1.0 / d, gamma * share, (z - x) * share]
    } else {
        [0.0; 3]
    }
}

#[cfg(test)]
mod tests {
    use super::{fuse, fuse_slopes};

    /// The same root in double precision.
    fn exact(e: f64, z: f64, gamma: f64, s: f64) -> f64 {
        let b = 1.0 - gamma * z / s;
        let d = (b * b + 4.0 * gamma * e / s).sqrt();
        if b == 0.0 && d == 0.0 {
            0.0
        } else if b >= 0.0 {
            2.0 * e / (b + d)
        } else {
            (d - b) * s / (2.0 * gamma)
        }
    }

    #[test]
    fn nothing_cancels() {
        // 2 e / (b + D) alone divides by zero here.
        assert!((fuse(1e-3, 500.0, 0.7, 1.0) - 498.571_44).abs() < 1e-4);
        for e in [0.0_f32, 1e-6, 1e-3, 1.0, 40.0, 1e4] {
            for z in [-300.0_f32, -1.0, 0.0, 1e-3, 1.0, 500.0, 1e5] {
                for gamma in [1e-6_f32, 0.01, 0.7, 1.0, 30.0] {
                    for s in [1e-3_f32, 1.0, 250.0] {
                        let (found, exact) = (fuse(e, z, gamma, s), exact(e.into(), z.into(), gamma.into(), s.into()));
                        let error = (f64::from(found) - exact).abs();
                        assert!(error <= 3e-6 * exact, "fuse({e}, {z}, {gamma}, {s}) = {found}, not {exact}");
                    }
                }
            }
        }
    }

    /// Where b² overflows, the data say nothing: x = z. And what is no number stays none.
    #[test]
    fn huge_targets_and_tiny_sensitivities_are_no_trouble() {
        for (e, z, gamma, s) in [(1e-3, 1e22, 0.7, 1.0), (5.0, 300.0, 0.5, 1e-24), (0.0, 1e30, 1e-3, 1e-3)] {
            assert!((fuse(e, z, gamma, s) / z - 1.0).abs() < 1e-6, "{}", fuse(e, z, gamma, s));
        }
        assert!(fuse(1.0, -1e22, 0.7, 1.0) < 1e-20, "far below zero it is the smallest positive image");
        for [e, z] in [[1.0, f32::NAN], [f32::NAN, 1.0], [f32::NAN, 500.0]] {
            assert!(fuse(e, z, 0.7, 1.0).is_nan(), "{e} {z}");
        }
    }

    #[test]
    fn the_derivative_vanishes_and_no_weight_is_em() {
        for (e, z, gamma, s) in [(2.0, 1.0, 0.5, 3.0), (0.1, 9.0, 2.0, 1.0), (5.0, -4.0, 0.3, 2.0)] {
            let x = fuse(e, z, gamma, s);
            let slope = s * (1.0 - e / x) + gamma * (x - z);
            assert!(slope.abs() < 1e-5, "{slope}");
            assert_eq!(fuse(e, z, 0.0, s), e);
        }
        assert_eq!(fuse(0.0, 0.0, 0.0, 1.0), 0.0);
        assert_eq!(fuse(0.0, 2.0, 0.5, 1.0), 0.0);
    }

    #[test]
    fn slopes_are_those_of_central_differences() {
        let mut worst = 0.0_f64;
        for at in [
            [2.0, 1.0, 0.5, 3.0],
            [0.1, 9.0, 2.0, 1.0],
            [5.0, -4.0, 0.3, 2.0],
            [1e-3, 500.0, 0.7, 1.0],
            [0.0, 2.0, 0.9, 1.0],
        ] {
            let slopes = fuse_slopes(fuse(at[0], at[1], at[2], at[3]), at[0], at[1], at[2], at[3]);
            let at = at.map(f64::from);
            for (argument, slope) in slopes.into_iter().enumerate() {
                let moved = |by: f64| {
                    let mut to = at;
                    to[argument] += by;
                    exact(to[0], to[1], to[2], to[3])
                };
                // e = 0 is the edge of what is possible, so that differences there start at it.
                let step = 1e-4 * at[argument].abs().max(1e-2);
                let below = if at[argument] == 0.0 { 0.0 } else { step };
                let difference = (moved(step) - moved(-below)) / (step + below);
                let error = (f64::from(slope) - difference).abs() / difference.abs().max(1e-3);
                worst = worst.max(error);
                assert!(error < 1e-3, "slope {argument} at {at:?}: {slope}, not {difference}");
            }
        }
        println!("fusion: largest relative error of a slope {worst:.1e}");
    }
}
