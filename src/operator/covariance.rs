//! Covariances of Gaussians that lie along the axis and have any direction across it.

/// Covariance of a Gaussian in mm²; those between z and the plane are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Covariance {
    /// Variance along x.
    pub xx: f64,
    /// Covariance of x and y.
    pub xy: f64,
    /// Variance along y.
    pub yy: f64,
    /// Variance along z.
    pub zz: f64,
}

impl Covariance {
    /// That of standard deviations along x, y, z.
    pub fn along_axes([x, y, z]: [f64; 3]) -> Self {
        Self { xx: x * x, xy: 0.0, yy: y * y, zz: z * z }
    }

    /// A + B: the Gaussian of one that another blurs.
    pub fn plus(self, other: Self) -> Self {
        Self { xx: self.xx + other.xx, xy: self.xy + other.xy, yy: self.yy + other.yy, zz: self.zz + other.zz }
    }

    /// (A⁻¹ + B⁻¹)⁻¹: the Gaussian that two are when multiplied. Both have a width.
    pub fn product(self, other: Self) -> Self {
        let [a, b] = [self, other].map(Self::transaxial_determinant);
        // Of two rows, the adjugate is linear and its own inverse: A⁻¹ + B⁻¹ is that of M = A / |A| + B / |B|, and M /
        // |M| its inverse.
        let of = |x: f64, y: f64| x / a + y / b;
        let sum = Self { xx: of(self.xx, other.xx), xy: of(self.xy, other.xy), yy: of(self.yy, other.yy), zz: 0.0 };
        let determinant = sum.transaxial_determinant();
        Self {
            xx: sum.xx / determinant,
            xy: sum.xy / determinant,
            yy: sum.yy / determinant,
            zz: self.zz * other.zz / (self.zz + other.zz),
        }
    }

    /// Standard deviation of the Gaussian round the axis that is as high: |A|^¼ of its transaxial part.
    pub fn across(self) -> f64 {
        self.transaxial_determinant().sqrt().sqrt()
    }

    fn transaxial_determinant(self) -> f64 {
        self.xx * self.yy - self.xy * self.xy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_gaussians_that_are_turned() {
        let turned = |radial: f64, tangential: f64, zz: f64| {
            let (s, c) = 0.7_f64.sin_cos();
            let xy = c * s * (radial - tangential);
            Covariance { xx: c * c * radial + s * s * tangential, xy, yy: s * s * radial + c * c * tangential, zz }
        };
        let (a, b) = (turned(9.0, 4.0, 16.0), turned(18.0, 12.0, 16.0));
        let (found, expected) = (a.product(b), turned(6.0, 3.0, 8.0));
        for (found, expected) in [(found.xx, expected.xx), (found.xy, expected.xy), (found.yy, expected.yy)] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(found.zz, 8.0);
        assert!((a.across() - 6.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Covariance::along_axes([1.0, 2.0, 3.0]).plus(Covariance::along_axes([2.0, 0.0, 4.0])).yy, 4.0);
    }
}
