//! A scatter-like background: the trues of each view, blurred until no edge is left.
//!
//! Per view the trues are averaged over segments and TOF onto a coarse table of radial distance × z, blurred there by a
//! Gaussian of σ = R/4 in both directions (R: radius of the detectors; 84 mm on an mMR, FWHM 197 mm), so that it
//! reaches well outside of the object, and read back by linear interpolation. TOF: the view's own time profile, blurred
//! by the same σ. No physics of scattering is in it: it has the smoothness, width and place of single scatter, and its
//! total is what the configuration states.

use crate::scanner::SinogramGeometry;

const RADIAL: usize = 64;
const AXIAL: usize = 32;

/// The scatter of one view on its coarse table.
#[derive(Clone, Debug)]
pub(super) struct ViewScatter {
    /// `[radial, axial]`
    table: Vec<f64>,
    /// Share of each TOF bin, sum 1.
    pub times: Vec<f64>,
}

/// Where the coarse table lies in a sinogram.
#[derive(Clone, Debug)]
pub(super) struct ScatterShape<'a> {
    geometry: &'a SinogramGeometry,
    radius: f64,
    half_length: f64,
}

impl<'a> ScatterShape<'a> {
    pub fn new(geometry: &'a SinogramGeometry) -> Self {
        let scanner = &geometry.scanner;
        Self { geometry, radius: scanner.effective_radius_mm(), half_length: 0.5 * scanner.axial_length_mm() }
    }

    /// Scatter of a view from its trues `[radial, tof, plane]`.
    pub fn of_view(&self, view: usize, trues: &[f32]) -> ViewScatter {
        let [_, radial_bins, tof, planes] = self.geometry.shape();
        let (mut sums, mut counts) = (vec![0.0; RADIAL * AXIAL], vec![0.0; RADIAL * AXIAL]);
        let mut times = vec![0.0; tof];
        let z: Vec<_> = self.geometry.all_planes().map(|plane| self.axial_cell(plane.z_mm).round() as usize).collect();
        for radial in 0..radial_bins {
            let row = self.radial_cell(view, radial).round() as usize * AXIAL;
            z.iter().for_each(|cell| counts[row + cell] += 1.0);
            for (time, total) in times.iter_mut().enumerate() {
                let start = (radial * tof + time) * planes;
                for (value, cell) in trues[start..start + planes].iter().zip(&z) {
                    sums[row + cell] += f64::from(*value);
                    *total += f64::from(*value);
                }
            }
        }
        let sigma = 0.25 * self.radius;
        let radial_step = 2.0 * self.radius / (RADIAL - 1) as f64;
        let axial_step = 2.0 * self.half_length / (AXIAL - 1) as f64;
        let table = ratio(
            &blurred(&blurred(&sums, AXIAL, sigma / radial_step), 1, sigma / axial_step),
            &blurred(&blurred(&counts, AXIAL, sigma / radial_step), 1, sigma / axial_step),
        );
        let width = self.geometry.tof.map_or(f64::INFINITY, |tof| tof.width_mm);
        ViewScatter { table, times: normalised(smoothed_times(&times, sigma / width)) }
    }

    /// Scatter along the planes of one (view, radial), summed over TOF, in arbitrary units.
    pub fn column(&self, scatter: &ViewScatter, view: usize, radial: usize, planes: &mut [f32]) {
        let (row, along) = split(self.radial_cell(view, radial), RADIAL);
        for (value, plane) in planes.iter_mut().zip(self.geometry.all_planes()) {
            let (cell, up) = split(self.axial_cell(plane.z_mm), AXIAL);
            let at = |i: usize, j: usize| scatter.table[(row + i) * AXIAL + cell + j];
            let low = at(0, 0) * (1.0 - up) + at(0, 1) * up;
            let high = at(1, 0) * (1.0 - up) + at(1, 1) * up;
            *value = (low * (1.0 - along) + high * along) as f32;
        }
    }

    fn radial_cell(&self, view: usize, radial: usize) -> f64 {
        let s = self.geometry.line(view, radial).distance_and_angle().0;
        (0.5 * (s / self.radius + 1.0)).clamp(0.0, 1.0) * (RADIAL - 1) as f64
    }

    fn axial_cell(&self, z: f64) -> f64 {
        (0.5 * (z / self.half_length + 1.0)).clamp(0.0, 1.0) * (AXIAL - 1) as f64
    }
}

fn split(cell: f64, cells: usize) -> (usize, f64) {
    let low = (cell as usize).min(cells - 2);
    (low, cell - low as f64)
}

/// Gaussian of `sigma` cells along the axis of `stride` of a `[RADIAL, AXIAL]` table; what leaves the table is lost.
fn blurred(table: &[f64], stride: usize, sigma: f64) -> Vec<f64> {
    let length = if stride == 1 { AXIAL } else { RADIAL };
    let weights: Vec<_> = (0..length).map(|n| (-0.5 * (n as f64 / sigma).powi(2)).exp()).collect();
    let cell = |n: usize| {
        let own = n / stride % length;
        let start = n - own * stride;
        (0..length).map(|other| weights[own.abs_diff(other)] * table[start + other * stride]).sum()
    };
    (0..table.len()).map(cell).collect()
}

fn smoothed_times(times: &[f64], sigma: f64) -> Vec<f64> {
    let weight = |n: usize| (-0.5 * (n as f64 / sigma.max(1e-9)).powi(2)).exp();
    (0..times.len()).map(|own| (0..times.len()).map(|other| weight(own.abs_diff(other)) * times[other]).sum()).collect()
}

fn normalised(mut times: Vec<f64>) -> Vec<f64> {
    let sum: f64 = times.iter().sum();
    let count = times.len() as f64;
    times.iter_mut().for_each(|time| *time = if sum > 0.0 { *time / sum } else { 1.0 / count });
    times
}

fn ratio(above: &[f64], below: &[f64]) -> Vec<f64> {
    above.iter().zip(below).map(|(a, b)| if *b > 0.0 { a / b } else { 0.0 }).collect()
}
