//! B: the resolution model of the image, a Gaussian whose widths may change with the distance from the scanner's axis.
//!
//! Away from the axis the widths are those along the radius, across it (tangential), and along the axis. Between two
//! radii that were measured the covariance is linear in the radius, and beyond the last one it stays. Every voxel keeps
//! its activity: B spreads it, and Bᵀ gathers with the same weights. What B spreads over the grid's border is lost, so
//! images are reconstructed with a [`super::Margin`] of its reach.
//!
//! Rapisarda, Bettinardi, Thielemans & Gilardi 2010, Phys. Med. Biol. 55, 4131–4151: image-based models with widths by
//! position.

use super::local_gaussian::LocalGaussian;
use super::{Covariance, GaussianFilter, LinearOperator, check};
use crate::image::ImageGrid;
use crate::units::FWHM_PER_SIGMA;

/// Widths of the resolution model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Widths {
    /// Radius in mm, rising, and FWHM in mm there: along x, y, z at the axis, then radial, tangential and axial. None
    /// for no model, one for a Gaussian that is the same everywhere.
    pub by_radius: Vec<(f64, [f64; 3])>,
}

impl From<Option<[f64; 3]>> for Widths {
    fn from(fwhm_mm: Option<[f64; 3]>) -> Self {
        Self { by_radius: fwhm_mm.into_iter().map(|fwhm_mm| (0.0, fwhm_mm)).collect() }
    }
}

impl Widths {
    /// FWHM along x, y, z at the axis; `None` without a model.
    pub fn at_axis(&self) -> Option<[f64; 3]> {
        self.by_radius.first().map(|(_, fwhm_mm)| *fwhm_mm)
    }

    /// Whether the widths are the same everywhere.
    pub fn are_uniform(&self) -> bool {
        self.by_radius.len() <= 1
    }

    /// The covariance at a transaxial position in mm; 0 without a model.
    pub fn covariance(&self, [x, y]: [f64; 2]) -> Covariance {
        let radius = x.hypot(y);
        let turned = |&(at, fwhm_mm): &(f64, [f64; 3])| {
            let [radial, tangential, zz] = fwhm_mm.map(|fwhm| (fwhm / FWHM_PER_SIGMA).powi(2));
            let [c, s] = if at > 0.0 && radius > 0.0 { [x / radius, y / radius] } else { [1.0, 0.0] };
            let xy = c * s * (radial - tangential);
            Covariance { xx: c * c * radial + s * s * tangential, xy, yy: s * s * radial + c * c * tangential, zz }
        };
        let above = self.by_radius.iter().position(|(other, _)| *other > radius).unwrap_or(self.by_radius.len());
        match (above.checked_sub(1).and_then(|below| self.by_radius.get(below)), self.by_radius.get(above)) {
            (Some(low), Some(high)) => {
                let (a, b, share) = (turned(low), turned(high), (radius - low.0) / (high.0 - low.0));
                let between = |a: f64, b: f64| (1.0 - share) * a + share * b;
                let (xx, xy) = (between(a.xx, b.xx), between(a.xy, b.xy));
                Covariance { xx, xy, yy: between(a.yy, b.yy), zz: between(a.zz, b.zz) }
            }
            (Some(one), None) | (None, Some(one)) => turned(one),
            (None, None) => Covariance::default(),
        }
    }
}

/// The resolution model on a grid.
#[derive(Clone, Debug)]
pub struct Resolution {
    shape: [usize; 3],
    filter: Filter,
}

#[derive(Clone, Debug)]
enum Filter {
    Everywhere(GaussianFilter),
    Local(LocalGaussian),
}

impl Resolution {
    /// The model of some widths; `None` where there are none.
    pub fn new(grid: &ImageGrid, widths: &Widths) -> Option<Self> {
        let known = &widths.by_radius;
        assert!(known.windows(2).all(|two| two[0].0 < two[1].0), "rising radii: {known:?}");
        let filter = match known[..] {
            [] => return None,
            [(_, fwhm_mm)] => Filter::Everywhere(GaussianFilter::new(grid, fwhm_mm)),
            _ => Filter::Local(LocalGaussian::new(grid, |place| widths.covariance(place))),
        };
        Some(Self { shape: grid.shape, filter })
    }

    /// Voxels that a model spreads a voxel over to either side along x, y, z.
    pub fn reach(grid: &ImageGrid, widths: &Widths) -> [usize; 3] {
        match widths.by_radius[..] {
            [] => [0; 3],
            [(_, fwhm_mm)] => GaussianFilter::new(grid, fwhm_mm).reach(),
            _ => LocalGaussian::reach(grid, |place| widths.covariance(place)),
        }
    }

    /// Bytes that a model takes besides the images that it is given.
    pub fn bytes(grid: &ImageGrid, widths: &Widths) -> usize {
        match widths.by_radius.len() {
            0 | 1 => 0,
            _ => LocalGaussian::bytes(grid, |place| widths.covariance(place)),
        }
    }
}

impl LinearOperator for Resolution {
    fn domain(&self) -> &[usize] {
        &self.shape
    }

    fn range(&self) -> &[usize] {
        &self.shape
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        check("image", x, &self.shape);
        check("image", y, &self.shape);
        match &self.filter {
            Filter::Everywhere(filter) => filter.apply(x, y),
            Filter::Local(filter) => filter.forward(x, y),
        }
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        check("image", y, &self.shape);
        check("image", x, &self.shape);
        match &self.filter {
            Filter::Everywhere(filter) => filter.apply(y, x),
            Filter::Local(filter) => filter.adjoint(y, x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::dot_test;

    fn widths() -> Widths {
        Widths { by_radius: vec![(0.0, [4.0; 3]), (40.0, [7.0, 5.0, 5.0]), (80.0, [10.0, 6.0, 6.0])] }
    }

    #[test]
    fn the_adjoint_is_exact_and_activity_is_kept() {
        for widths in [widths(), Widths { by_radius: vec![(0.0, [4.0, 0.0, 3.0]), (60.0, [0.0, 5.0, 0.0])] }] {
            let grid = ImageGrid::centred([60, 50, 20], [3.0, 3.5, 3.0]);
            let resolution = Resolution::new(&grid, &widths).unwrap();
            for seed in 0..3 {
                assert!(dot_test(&resolution, seed) < 1e-6);
            }
            // Bᵀ 1 = 1 away from the rim: every voxel keeps its activity.
            let mut kept = vec![f32::NAN; grid.voxels()];
            resolution.adjoint(&vec![1.0; grid.voxels()], &mut kept);
            for place in [[30, 25, 10], [40, 30, 10], [15, 35, 10]] {
                assert!((kept[grid.index(place)] - 1.0).abs() < 1e-5, "{}", kept[grid.index(place)]);
            }
        }
        assert!(Resolution::new(&ImageGrid::centred([4; 3], [1.0; 3]), &Widths::default()).is_none());
    }

    /// Second moments of what a point becomes along the radius, across it and along the axis, in several directions
    /// from the axis.
    #[test]
    fn points_are_as_wide_as_their_radius_says() {
        let grid = ImageGrid::centred([101, 101, 31], [2.0; 3]);
        let resolution = Resolution::new(&grid, &widths()).unwrap();
        for [i, j] in [[50, 50], [60, 50], [50, 70], [64, 64], [30, 35], [80, 58], [62, 13]] {
            let [mut x, mut y] = [(); 2].map(|()| vec![0.0; grid.voxels()]);
            x[grid.index([i, j, 15])] = 1.0;
            resolution.forward(&x, &mut y);
            let at = grid.centre_mm([i, j, 15]);
            let radius = at[0].hypot(at[1]);
            let [c, s] = if radius > 0.0 { [at[0] / radius, at[1] / radius] } else { [1.0, 0.0] };
            let (mut sum, mut squares) = (0.0, [0.0; 3]);
            for (n, value) in y.iter().map(|value| f64::from(*value)).enumerate() {
                let centre = grid.centre_mm([n / (101 * 31), n / 31 % 101, n % 31]);
                let [dx, dy, dz] = std::array::from_fn(|axis| centre[axis] - at[axis]);
                sum += value;
                for (square, off) in squares.iter_mut().zip([c * dx + s * dy, c * dy - s * dx, dz]) {
                    *square += value * off * off;
                }
            }
            let share = radius / 40.0;
            let known = widths().by_radius;
            let (low, high, share) = match share {
                share if share < 1.0 => (known[0].1, known[1].1, share),
                share if share < 2.0 => (known[1].1, known[2].1, share - 1.0),
                _ => (known[2].1, known[2].1, 0.0),
            };
            for axis in 0..3 {
                let expected = ((1.0 - share) * low[axis].powi(2) + share * high[axis].powi(2)).sqrt();
                let fwhm = (squares[axis] / sum).sqrt() * FWHM_PER_SIGMA;
                assert!((sum - 1.0).abs() < 1e-3, "{sum}");
                assert!((fwhm / expected - 1.0).abs() < 1e-3, "{i} {j}, axis {axis}: {fwhm} {expected}");
            }
        }
    }

    #[test]
    fn one_radius_more_that_says_the_same_changes_little() {
        let grid = ImageGrid::centred([40, 40, 20], [2.0; 3]);
        let x: Vec<f32> = (0..grid.voxels()).map(|n| (n * 7919 % 1009) as f32).collect();
        let of = |by_radius| {
            let mut y = vec![f32::NAN; grid.voxels()];
            Resolution::new(&grid, &Widths { by_radius }).unwrap().forward(&x, &mut y);
            y
        };
        let [one, two] = [of(vec![(0.0, [5.0; 3])]), of(vec![(0.0, [5.0; 3]), (30.0, [5.0; 3])])];
        let largest = one.iter().fold(0.0_f32, |a, b| a.max(*b));
        assert!(one.iter().zip(&two).all(|(a, b)| (a - b).abs() < 4e-3 * largest));
    }
}
