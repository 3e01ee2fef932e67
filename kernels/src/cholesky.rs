//! Small symmetric systems: K = L Lᵀ.

/// L of a positive definite matrix.
#[derive(Clone, Debug)]
pub struct Cholesky(Vec<Vec<f64>>);

impl Cholesky {
    /// The factor of `k`, whose lower triangle is looked at; `None` where it is not positive definite, up to rounding.
    pub fn new(mut k: Vec<Vec<f64>>) -> Option<Self> {
        for column in 0..k.len() {
            let pivot = k[column][column] - (0..column).map(|j| k[column][j].powi(2)).sum::<f64>();
            if pivot.is_nan() || pivot <= 1e-12 * k[column][column] {
                return None;
            }
            k[column][column] = pivot.sqrt();
            for row in column + 1..k.len() {
                let inner: f64 = (0..column).map(|j| k[row][j] * k[column][j]).sum();
                k[row][column] = (k[row][column] - inner) / k[column][column];
            }
        }
        Some(Self(k))
    }

    /// K⁻¹ s
    pub fn solve(&self, mut s: Vec<f64>) -> Vec<f64> {
        let (l, n) = (&self.0, s.len());
        for row in 0..n {
            let inner: f64 = (0..row).map(|j| l[row][j] * s[j]).sum();
            s[row] = (s[row] - inner) / l[row][row];
        }
        for row in (0..n).rev() {
            let inner: f64 = (row + 1..n).map(|j| l[j][row] * s[j]).sum();
            s[row] = (s[row] - inner) / l[row][row];
        }
        s
    }

    /// The diagonal of K⁻¹.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        let n = self.0.len();
        let unit = |place: usize| (0..n).map(|row| f64::from(u8::from(row == place))).collect();
        (0..n).map(|place| self.solve(unit(place))[place]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_solves_and_inverts() {
        let k = vec![vec![4.0, 0.0, 0.0], vec![1.0, 3.0, 0.0], vec![-0.5, 0.7, 2.0]];
        let full = |i: usize, j: usize| k[i.max(j)][i.min(j)];
        let factor = Cholesky::new(k.clone()).unwrap();
        let x = factor.solve(vec![1.0, -2.0, 3.0]);
        for (row, s) in [1.0, -2.0, 3.0].into_iter().enumerate() {
            assert!(((0..3).map(|j| full(row, j) * x[j]).sum::<f64>() - s).abs() < 1e-12);
        }
        let determinant = 4.0 * (3.0 * 2.0 - 0.7 * 0.7) - (2.0 + 0.35) + -0.5 * (0.7 + 1.5);
        assert!((factor.inverse_diagonal()[0] - (3.0 * 2.0 - 0.7 * 0.7) / determinant).abs() < 1e-12);
        assert!(Cholesky::new(vec![vec![1.0, 0.0], vec![1.0, 1.0]]).is_none());
    }
}
