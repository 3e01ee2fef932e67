//! A training case: a random scan of random bodies, and the images that a network shall make of it.
//!
//! All images are in units of c, the mean activity in the body as an early OSEM image shows it, and the factors of the
//! measurement are multiplied by c: the reconstruction, γ and the loss then do not depend on the dose. Each scan of the
//! stack has its own c.

use super::anatomy::{Anatomy, Bodies, Family, Guide, Painted, PublicData, Room};
use super::geometry::{Stack, TrainingScanner};
use super::scan::{Counts, ScanSettings, expected};
use crate::data::Measurement;
use crate::image::ImageGrid;
use crate::operator::GaussianFilter;
use crate::simulate::{Purpose, SimulateError, split, stream};
use coincide_kernels::zeros;
use rand::RngExt;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use std::sync::Arc;

/// What cases are drawn from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Scanners, equally likely.
    pub scanners: Vec<TrainingScanner>,
    /// Slices or a volume.
    pub stack: Stack,
    /// Range of the expected prompts of a slice as thick as a ring.
    pub prompts_per_slice: [f64; 2],
    /// Range of the share of randoms in the prompts.
    pub randoms: [f64; 2],
    /// Range of the share of scatter in the prompts.
    pub scatter: [f64; 2],
    /// Standard deviation of the logarithm of the crystals' efficiencies.
    pub efficiency_sigma: f64,
    /// Truth is blurred to this FWHM in mm.
    pub target_fwhm_mm: f64,
    /// Share of the counts that are reconstructed, the others are held out; `None` reconstructs all.
    pub held_out: Option<f64>,
    /// Fine voxels along the side of a voxel.
    pub fineness: usize,
    /// Families that bodies are drawn from; the mix of [`Anatomy::random`] where there are none.
    pub families: Vec<Family>,
    /// Public data that bodies and lesions are made of besides.
    pub public: PublicData,
    /// Seed of everything.
    pub seed: u64,
}

/// A scan to learn from.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is reconstructed.
    pub measurement: Arc<Measurement>,
    /// Counts of the same image that are held out.
    pub rest: Option<Arc<Measurement>>,
    /// Where.
    pub grid: ImageGrid,
    /// The resolution model's FWHM in mm.
    pub resolution_mm: [f64; 3],
    /// The image to be reached.
    pub truth: Vec<f32>,
    /// Expected prompts of each scan.
    pub prompts: Vec<f64>,
}

impl Source {
    /// The case of an index; the same seed and index make the same case.
    pub fn case(&self, index: usize) -> Result<Case, SimulateError> {
        let random = &mut stream(self.seed, Purpose::Scan, index);
        let scanner = &self.scanners[random.random_range(0..self.scanners.len())];
        let grid = scanner.grid(self.stack, within(scanner.voxel_mm, random));
        let fwhm = within(scanner.resolution_mm, random);
        let along = if self.stack.slices_apart() { 0.0 } else { fwhm };
        let fine = finer(&grid, self.fineness);
        let painted = self.painted(&fine, index);
        let scans: Vec<Counts> = (0..self.stack.scans()).map(|_| self.counts(random)).collect();
        let settings = ScanSettings {
            scans,
            resolution_mm: [fwhm, fwhm, along],
            efficiency_sigma: self.efficiency_sigma,
            seed: random.random_range(0..u64::MAX),
        };
        let geometry = scanner.geometry(self.stack)?;
        let expected = expected(&geometry, self.stack, fine, &painted.activity, &painted.attenuation, &settings)?;
        let whole = expected.measurement(expected.counts(settings.seed));
        // Nobody knows the resolution of a scanner exactly.
        let known = random.random_range(0.9..1.1);
        let (measurement, rest): (_, Option<Measurement>) = match self.held_out {
            Some(share) => {
                let (first, second) = split(&whole, share, settings.seed)?;
                (first, Some(second))
            }
            None => (whole, None),
        };
        let truth = self.truth(&painted.activity, &fine, &grid);
        let prompts = settings.scans.iter().map(|counts| counts.prompts).collect();
        let (measurement, rest) = (Arc::new(measurement), rest.map(Arc::new));
        Ok(Case { measurement, rest, grid, resolution_mm: settings.resolution_mm.map(|mm| mm * known), truth, prompts })
    }

    fn counts(&self, random: &mut Pcg64) -> Counts {
        let [low, high] = self.prompts_per_slice;
        let slices = match self.stack {
            Stack::Slices { .. } => 1.0,
            Stack::Volume { rings, .. } => rings as f64,
        };
        let prompts = slices * low * (high / low).powf(random.random_range(0.0..1.0));
        Counts { prompts, randoms: within(self.randoms, random), scatter: within(self.scatter, random) }
    }

    /// Bodies on the fine grid: one for each slice, or one for all.
    fn painted(&self, fine: &ImageGrid, index: usize) -> Painted {
        let room_mm = 0.5 * fine.voxel_mm[0] * fine.shape[0].min(fine.shape[1]) as f64;
        let scans = self.stack.scans();
        let apart = self.stack.slices_apart();
        let half_height_mm = if apart { 0.0 } else { 0.5 * fine.voxel_mm[2] * fine.shape[2] as f64 };
        let room = Room { radius_mm: room_mm, half_height_mm };
        let bodies = Bodies { families: &self.families, guide: Some(Guide::Blank), room, public: &self.public };
        let body = |scan| match self.families.is_empty() {
            true => Anatomy::random(self.seed, index * scans + scan, room_mm, &self.public),
            false => bodies.draw(self.seed, index * scans + scan),
        };
        if !apart {
            return body(0).paint_with_lesions(fine);
        }
        let [nx, ny, slices] = fine.shape;
        let slice = ImageGrid { shape: [nx, ny, 1], origin_mm: [fine.origin_mm[0], fine.origin_mm[1], 0.0], ..*fine };
        let mut all = Painted::empty(fine);
        for scan in 0..slices {
            let one = body(scan).paint_with_lesions(&slice);
            for (all, one) in [(&mut all.activity, &one.activity), (&mut all.attenuation, &one.attenuation)] {
                all.iter_mut().skip(scan).step_by(slices).zip(one).for_each(|(all, one)| *all = *one);
            }
        }
        all
    }

    /// The fine image at the target's resolution, averaged over the voxels of the coarse grid.
    fn truth(&self, activity: &[f32], fine: &ImageGrid, grid: &ImageGrid) -> Vec<f32> {
        let along = if self.stack.slices_apart() { 0.0 } else { self.target_fwhm_mm };
        let mut blurred = zeros(activity.len());
        GaussianFilter::new(fine, [self.target_fwhm_mm, self.target_fwhm_mm, along]).apply(activity, &mut blurred);
        let ([_, ny, nz], n) = (grid.shape, self.fineness);
        let voxel = |voxel: usize| {
            let [i, j, k] = [voxel / (ny * nz), voxel / nz % ny, voxel % nz];
            let parts = (0..n * n).map(|part| fine.index([i * n + part / n, j * n + part % n, k]));
            parts.map(|part| blurred[part]).sum::<f32>() / (n * n) as f32
        };
        (0..grid.voxels()).into_par_iter().map(voxel).collect()
    }
}

impl Case {
    /// Makes c the unit of activity of each scan.
    pub(super) fn in_units_of(&mut self, scale: &[f32], stack: Stack) {
        let planes = self.measurement.geometry.planes();
        let of_plane = |plane: usize| scale[stack.scan_of_plane(plane)];
        for measurement in std::iter::once(&mut self.measurement).chain(&mut self.rest) {
            let factors = Arc::make_mut(measurement).factors.iter_mut().flatten();
            factors.enumerate().for_each(|(bin, factor)| *factor *= of_plane(bin % planes));
        }
        let slices = self.grid.shape[2];
        self.truth.iter_mut().enumerate().for_each(|(voxel, truth)| *truth /= of_plane(voxel % slices));
    }
}

/// The grid with voxels cut into `n` × `n` across the axis.
fn finer(grid: &ImageGrid, n: usize) -> ImageGrid {
    let [x, y, z] = grid.shape;
    let [vx, vy, vz] = grid.voxel_mm;
    let mut fine = ImageGrid::centred([x * n, y * n, z], [vx / n as f64, vy / n as f64, vz]);
    fine.origin_mm[2] = grid.origin_mm[2];
    fine
}

/// A number between two, equally likely.
fn within([low, high]: [f64; 2], random: &mut Pcg64) -> f64 {
    low + (high - low) * random.random_range(0.0..1.0)
}
