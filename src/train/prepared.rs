//! A case made ready to be reconstructed: its scale c, and its uniform start.
//!
//! c is found as the reconstruction finds it: one iteration of OSEM from a uniform image, then the mean activity of the
//! body.

use super::TrainError;
use super::case::Case;
use super::geometry::Stack;
use crate::algorithm::{Algorithm, Osem, field_of_view, sensitivity};
use crate::data::{Background, Measurement, most_subsets};
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::prior::{RelativeNoise, mean_activity};
use coincide_kernels::zeros;

/// Most subsets of the early OSEM image.
const EARLY_SUBSETS: usize = 14;

/// A case in units of its scale, and where its reconstruction starts.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The scan and the truth, in units of c.
    pub case: Case,
    /// A uniform image with the counts of each scan, in units of c.
    pub start: Vec<f32>,
    /// c of each scan.
    pub scale: Vec<f32>,
    /// The MAP image that the network goes on from, where it asks for one, in units of c.
    pub map: Option<Vec<f32>>,
    /// The anatomical image, where there is one.
    pub anatomical: Option<Vec<f32>>,
    /// What the network sees beside image and noise, in units of c.
    pub companions: Vec<Vec<f32>>,
    /// How noisy each scan is.
    pub noise: NoiseOfSlices,
}

/// ν of a stack: [`RelativeNoise`] of each of its scans.
#[derive(Clone, Debug)]
pub struct NoiseOfSlices {
    /// ν, voxel by voxel.
    pub map: Vec<f32>,
    /// ν̄ of every slice.
    pub means: Vec<f32>,
}

impl Prepared {
    /// Finds the scale of each scan of a stack, unless it is given.
    pub fn new(mut case: Case, stack: Stack, scale: Option<Vec<f32>>) -> Result<Self, TrainError> {
        let early = most_subsets(case.measurement.geometry.views, EARLY_SUBSETS);
        let slices = case.grid.shape[2];
        let (mut start, scale, noise) = {
            let model = Model::new(&case.measurement, case.grid, Some(case.resolution_mm), early)?;
            let (seen, sums) = (sensitivity(&model), Sums::of(&case.measurement, stack));
            let start = uniform(&model, stack, &seen, &sums);
            let scale = match scale {
                Some(given) => given,
                None => {
                    let mut osem = Osem::new(&model, Some(start.clone()))?;
                    (0..early).for_each(|_| {
                        osem.update();
                    });
                    scales(&case.grid, osem.image(), stack)
                }
            };
            let noise = noise_of_slices(&seen, slices, &scale, &sums, stack);
            (start, scale, noise)
        };
        start.iter_mut().enumerate().for_each(|(voxel, start)| *start /= scale[stack.scan_of_plane(voxel % slices)]);
        case.in_units_of(&scale, stack);
        Ok(Self { case, start, scale, map: None, anatomical: None, companions: Vec::new(), noise })
    }

    /// The image that the network goes on from.
    pub fn first(&self) -> &[f32] {
        self.map.as_deref().unwrap_or(&self.start)
    }

    /// What a network sees beside the image.
    pub fn guides(&self, noise: bool) -> Vec<&[f32]> {
        let noise = noise.then_some(&self.noise.map);
        noise.into_iter().chain(&self.companions).map(Vec::as_slice).collect()
    }
}

/// Prompts and background of each scan.
struct Sums {
    prompts: Vec<f64>,
    background: Vec<f64>,
}

impl Sums {
    fn of(measurement: &Measurement, stack: Stack) -> Self {
        let planes = measurement.geometry.planes();
        let sums = |values: &[f32]| {
            let mut sums = vec![0.0; stack.scans()];
            for (bin, &value) in values.iter().enumerate() {
                sums[stack.scan_of_plane(bin % planes)] += f64::from(value);
            }
            sums
        };
        let background = measurement.background.as_ref().map(Background::to_vec).unwrap_or_default();
        Self { prompts: sums(&measurement.prompts.to_vec()), background: sums(&background) }
    }
}

/// One value per scan inside the field of view, such that the image has the scan's net counts.
fn uniform(model: &Model, stack: Stack, sensitivity: &[f32], sums: &Sums) -> Vec<f32> {
    let (slices, mut seen) = (model.grid().shape[2], vec![0.0; stack.scans()]);
    let inside = field_of_view(model);
    for voxel in (0..sensitivity.len()).filter(|&voxel| inside[voxel]) {
        seen[stack.scan_of_plane(voxel % slices)] += f64::from(sensitivity[voxel]);
    }
    let of_scan = |scan: usize| {
        let (prompts, background) = (sums.prompts[scan], sums.background[scan]);
        if seen[scan] > 0.0 { ((prompts - background).max(0.01 * prompts) / seen[scan]) as f32 } else { 0.0 }
    };
    let value: Vec<f32> = (0..stack.scans()).map(of_scan).collect();
    let voxel =
        |(voxel, &inside): (usize, &bool)| if inside { value[stack.scan_of_plane(voxel % slices)] } else { 0.0 };
    inside.iter().enumerate().map(voxel).collect()
}

fn noise_of_slices(sensitivity: &[f32], slices: usize, scale: &[f32], sums: &Sums, stack: Stack) -> NoiseOfSlices {
    let (mut map, mut means) = (zeros(sensitivity.len()), vec![0.0; slices]);
    for (scan, &scale) in scale.iter().enumerate() {
        let mine = |slice: usize| stack.scan_of_plane(slice) == scan;
        let voxels: Vec<usize> = (0..sensitivity.len()).filter(|voxel| mine(voxel % slices)).collect();
        let seen: Vec<f32> = voxels.iter().map(|&voxel| sensitivity[voxel]).collect();
        let noise = RelativeNoise::new(&seen, scale, sums.prompts[scan], sums.background[scan]);
        voxels.iter().zip(noise.map).for_each(|(&voxel, noise)| map[voxel] = noise);
        means.iter_mut().enumerate().filter(|(slice, _)| mine(*slice)).for_each(|(_, mean)| *mean = noise.mean);
    }
    NoiseOfSlices { map, means }
}

/// c of each scan; 1 where a scan shows nothing.
fn scales(grid: &ImageGrid, image: &[f32], stack: Stack) -> Vec<f32> {
    let slices = grid.shape[2];
    let [nx, ny, depth] = if stack.slices_apart() { [grid.shape[0], grid.shape[1], 1] } else { grid.shape };
    let of_scan = |scan: usize| {
        let voxels = image.iter().enumerate().filter(|(voxel, _)| stack.scan_of_plane(voxel % slices) == scan);
        let own: Vec<f32> = voxels.map(|(_, &value)| value).collect();
        let scale = mean_activity(&ImageGrid { shape: [nx, ny, depth], ..*grid }, &own);
        if scale > 0.0 && scale.is_finite() { scale } else { 1.0 }
    };
    (0..stack.scans()).map(of_scan).collect()
}
