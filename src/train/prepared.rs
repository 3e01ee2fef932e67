//! A case made ready to be reconstructed: its scale c, and its uniform start.
//!
//! c is found as the reconstruction finds it: one iteration of OSEM from a uniform image, then the mean activity of the body.

use super::case::Case;
use super::geometry::Stack;
use crate::algorithm::{Algorithm, Osem, field_of_view};
use crate::data::SubsetError;
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::prior::mean_activity;
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
}

impl Prepared {
    /// Finds the scale of each scan of a stack.
    pub fn new(mut case: Case, stack: Stack) -> Result<Self, SubsetError> {
        let early = divisor(case.measurement.geometry.views, EARLY_SUBSETS);
        let slices = case.grid.shape[2];
        let (mut start, scale) = {
            let model = Model::new(&case.measurement, case.grid, Some(case.resolution_mm), early)?;
            let start = uniform(&model, stack);
            let mut osem = Osem::new(&model, Some(start.clone()));
            (0..early).for_each(|_| {
                osem.update();
            });
            (start, scales(&case.grid, osem.image(), stack))
        };
        start.iter_mut().enumerate().for_each(|(voxel, start)| *start /= scale[stack.scan_of_plane(voxel % slices)]);
        case.in_units_of(&scale, stack);
        Ok(Self { case, start })
    }
}

/// The largest number of subsets up to `most` that divides the views.
pub(super) fn divisor(views: usize, most: usize) -> usize {
    (1..=most.min(views)).rev().find(|count| views.is_multiple_of(*count)).unwrap_or(1)
}

/// One value per scan inside the field of view, such that the image has the scan's net counts.
fn uniform(model: &Model, stack: Stack) -> Vec<f32> {
    let (measurement, slices) = (model.measurement(), model.grid().shape[2]);
    let planes = measurement.geometry.planes();
    let (mut net, mut prompts, mut seen) =
        (vec![0.0; stack.scans()], vec![0.0; stack.scans()], vec![0.0; stack.scans()]);
    let background = measurement.background.iter().flatten().copied().chain(std::iter::repeat(0.0));
    for ((bin, &y), b) in measurement.prompts.iter().enumerate().zip(background) {
        let scan = stack.scan_of_plane(bin % planes);
        prompts[scan] += f64::from(y);
        net[scan] += f64::from(y) - f64::from(b);
    }
    let (mut scratch, mut s) = (model.scratch(), zeros(model.grid().voxels()));
    let inside = field_of_view(model);
    for subset in 0..model.subsets() {
        model.sensitivity(subset, &mut scratch, &mut s);
        for voxel in (0..s.len()).filter(|&voxel| inside[voxel]) {
            seen[stack.scan_of_plane(voxel % slices)] += f64::from(s[voxel]);
        }
    }
    let value: Vec<f32> = (0..stack.scans())
        .map(|scan| if seen[scan] > 0.0 { (net[scan].max(0.01 * prompts[scan]) / seen[scan]) as f32 } else { 0.0 })
        .collect();
    let voxel =
        |(voxel, &inside): (usize, &bool)| if inside { value[stack.scan_of_plane(voxel % slices)] } else { 0.0 };
    inside.iter().enumerate().map(voxel).collect()
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
