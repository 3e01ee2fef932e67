//! A Gaussian source and its derivatives on a fine grid.

use super::PsfError;
use crate::image::ImageGrid;
use crate::scanner::Scanner;
use std::f64::consts::PI;

/// Numbers that describe a source: ln a, x, y, z in mm, and ln σ along the radius, across it and along the axis.
pub(super) const NUMBERS: usize = 7;
/// Voxels per standard deviation.
const FINENESS: f64 = 5.0;
/// Most voxels along a side.
const MOST: f64 = 64.0;
/// Standard deviations that the grid reaches.
const REACH: f64 = 4.5;
/// Square of the distance in standard deviations beyond which there is nothing.
const FARTHEST: f64 = 36.0;
/// Widths (σ in mm) that a scanner can have.
const SIGMA_MM: [f64; 2] = [0.2, 15.0];
/// Nearer to the axis than this, the radius has no direction.
const AXIS_MM: f64 = 5.0;

/// What a source is taken to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointModel {
    pub log_counts: f64,
    pub centre_mm: [f64; 3],
    pub log_sigma: [f64; 3],
    /// Direction of its radius in the plane.
    direction: [f64; 2],
}

impl PointModel {
    pub fn around(centre_mm: [f64; 3], sigma_mm: f64) -> Self {
        Self { log_counts: 0.0, centre_mm, log_sigma: [sigma_mm.ln(); 3], direction: direction(centre_mm) }
    }

    pub fn sigma_mm(&self) -> [f64; 3] {
        self.log_sigma.map(f64::exp)
    }

    /// Takes the direction of the radius anew.
    pub fn settle(&mut self) {
        self.direction = direction(self.centre_mm);
    }

    /// The numbers after a step, each within what is sensible: a step of ln a and ln σ of 1/2, of a place of half a σ.
    pub fn stepped(&self, step: &[f64]) -> Self {
        let mut next = *self;
        next.log_counts += step[0].clamp(-1.0, 1.0);
        for axis in 0..3 {
            let far = if axis < 2 { self.sigma_mm()[0].min(self.sigma_mm()[1]) } else { self.sigma_mm()[2] };
            next.centre_mm[axis] += step[1 + axis].clamp(-far, far);
            next.log_sigma[axis] =
                (self.log_sigma[axis] + step[4 + axis].clamp(-0.5, 0.5)).clamp(SIGMA_MM[0].ln(), SIGMA_MM[1].ln());
        }
        next
    }

    /// Refuses a source far from where it was looked for, or without counts, or without a width.
    pub fn check(&self, place_mm: &[f64; 3], most_mm: f64) -> Result<(), PsfError> {
        let off = (0..3).map(|axis| (self.centre_mm[axis] - place_mm[axis]).powi(2)).sum::<f64>().sqrt();
        let sigma = self.sigma_mm();
        let why = if off.is_nan() || off > most_mm {
            format!("the counts lead {off:.0} mm away")
        } else if sigma.iter().any(|sigma| !(1.01 * SIGMA_MM[0]..0.99 * SIGMA_MM[1]).contains(sigma)) {
            format!("what is there would be {:.1?} mm wide (sigma)", sigma)
        } else {
            return Ok(());
        };
        Err(PsfError::NotFound { place_mm: *place_mm, why })
    }

    /// A grid around the source: of a given half-length in mm, or as large as the source.
    pub fn grid(&self, scanner: &Scanner, half_mm: Option<f64>) -> ImageGrid {
        let [radial, tangential, axial] = self.sigma_mm();
        let half = |sigma: f64| half_mm.unwrap_or(REACH * sigma);
        let voxel = |sigma: f64, half: f64| (sigma / FINENESS).max(2.0 * half / MOST);
        let across = half(radial.max(tangential));
        let transaxial = voxel(radial.min(tangential), across);
        // Planes lie at multiples of half the distance of the rings: so do some of the voxels.
        let spacing = 0.5 * scanner.ring_spacing_mm;
        let along = spacing / (spacing / voxel(axial, half(axial))).ceil();
        let side = |half: f64, voxel: f64| 2 * (half / voxel).ceil() as usize + 1;
        let shape = [side(across, transaxial), side(across, transaxial), side(half(axial), along)];
        let voxel_mm = [transaxial, transaxial, along];
        let near = [self.centre_mm[0], self.centre_mm[1], (self.centre_mm[2] / along).round() * along];
        let origin_mm = std::array::from_fn(|axis| near[axis] - voxel_mm[axis] * (shape[axis] / 2) as f64);
        ImageGrid { shape, voxel_mm, origin_mm }
    }

    /// a λ and its derivatives by the numbers, one image each; λ in 1/mm³.
    pub fn images(&self, grid: &ImageGrid) -> [Vec<f32>; NUMBERS] {
        let [_, ny, nz] = grid.shape;
        let (sigma, [c, s]) = (self.sigma_mm(), self.direction);
        let height = self.log_counts.exp() / ((2.0 * PI).powf(1.5) * sigma.iter().product::<f64>());
        let mut images = [(); NUMBERS].map(|()| vec![0.0; grid.voxels()]);
        for voxel in 0..grid.voxels() {
            let at = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
            let [dx, dy, dz] = std::array::from_fn(|axis| at[axis] - self.centre_mm[axis]);
            // In the frame of the source, over the widths.
            let [u, v, w] = [(c * dx + s * dy) / sigma[0], (c * dy - s * dx) / sigma[1], dz / sigma[2]];
            let squared = u * u + v * v + w * w;
            // What is next to nothing would be numbers that processors are slow with.
            if squared > FARTHEST {
                continue;
            }
            let value = height * (-0.5 * squared).exp();
            let [along, across] = [u / sigma[0], v / sigma[1]];
            let slopes = [
                1.0,
                c * along - s * across,
                s * along + c * across,
                w / sigma[2],
                u * u - 1.0,
                v * v - 1.0,
                w * w - 1.0,
            ];
            images.iter_mut().zip(slopes).for_each(|(image, slope)| image[voxel] = (value * slope) as f32);
        }
        images
    }
}

fn direction([x, y, _]: [f64; 3]) -> [f64; 2] {
    let radius = x.hypot(y);
    if radius > AXIS_MM { [x / radius, y / radius] } else { [1.0, 0.0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivatives_are_those_of_the_image() {
        let mut point = PointModel::around([30.0, -40.0, 5.0], 2.0);
        (point.log_sigma[0], point.log_counts) = (3.0_f64.ln(), 2.0);
        let grid = ImageGrid::centred([40, 40, 30], [1.0; 3]);
        let grid = ImageGrid { origin_mm: [10.0, -60.0, -10.0], ..grid };
        let images = point.images(&grid);
        let largest = images[0].iter().fold(0.0_f32, |a, b| a.max(*b));
        let total: f64 = images[0].iter().map(|value| f64::from(*value)).sum();
        assert!((total / 2.0_f64.exp() - 1.0).abs() < 1e-4, "{total}");
        for number in 0..NUMBERS {
            let at = |sign: f64| {
                let mut step = [0.0; NUMBERS];
                step[number] = sign * 1e-3;
                point.stepped(&step).images(&grid)[0].clone()
            };
            let [low, high] = [at(-1.0), at(1.0)];
            for (voxel, slope) in images[number].iter().enumerate() {
                let found = (high[voxel] - low[voxel]) / 2e-3;
                assert!((found - slope).abs() < 2e-3 * largest, "{number}: {found} {slope}");
            }
        }
    }
}
