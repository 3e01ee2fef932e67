//! A training case: a random scan of random bodies, and the images that a network shall make of it.
//!
//! All images are in units of c, the mean activity in the body as an early OSEM image shows it, and the factors of the
//! measurement are multiplied by c: the reconstruction, γ and the loss then do not depend on the dose. Each scan of the
//! stack has its own c.

use super::anatomy::{Anatomy, Bodies, Family, Guide, Painted, PublicData, Room};
use super::geometry::{Stack, TrainingScanner};
use super::scan::{Counts, Expected, ScanSettings, expected};
use crate::data::Measurement;
use crate::image::ImageGrid;
use crate::operator::GaussianFilter;
use crate::scanner::SinogramGeometry;
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
        let acquisition = self.acquisition(index)?;
        let (fine, seed) = (acquisition.fine, acquisition.settings.seed);
        let painted = self.painted(&fine, index);
        let expected = acquisition.expected(self.stack, &painted)?;
        let whole = expected.measurement(expected.counts(seed));
        let (measurement, rest): (_, Option<Measurement>) = match self.held_out {
            Some(share) => {
                let (first, second) = split(&whole, share, seed)?;
                (first, Some(second))
            }
            None => (whole, None),
        };
        let truth = self.at_target(&painted.activity, &acquisition);
        Ok(Case { rest: rest.map(Arc::new), ..acquisition.case(measurement, truth) })
    }

    /// What is drawn of a scan besides its bodies.
    pub(super) fn acquisition(&self, index: usize) -> Result<Acquisition, SimulateError> {
        let random = &mut stream(self.seed, Purpose::Scan, index);
        let scanner = &self.scanners[random.random_range(0..self.scanners.len())];
        let grid = scanner.grid(self.stack, within(scanner.voxel_mm, random));
        let fwhm = within(scanner.resolution_mm, random);
        let along = if self.stack.slices_apart() { 0.0 } else { fwhm };
        let scans: Vec<Counts> = (0..self.stack.scans()).map(|_| self.counts(random)).collect();
        let settings = ScanSettings {
            scans,
            resolution_mm: [fwhm, fwhm, along],
            efficiency_sigma: self.efficiency_sigma,
            seed: random.random_range(0..u64::MAX),
        };
        // Nobody knows the resolution of a scanner exactly.
        let known = random.random_range(0.9..1.1);
        let (geometry, fine) = (scanner.geometry(self.stack)?, finer(&grid, self.fineness));
        Ok(Acquisition { geometry, grid, fine, settings, known })
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
        let (scans, apart, room) = (self.stack.scans(), self.stack.slices_apart(), self.room(fine));
        let bodies = Bodies { families: &self.families, guide: Some(Guide::Blank), room, public: &self.public };
        let body = |scan| match self.families.is_empty() {
            true => Anatomy::random(self.seed, index * scans + scan, room.radius_mm, &self.public),
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

    /// Where bodies are painted on the fine grid.
    pub(super) fn room(&self, fine: &ImageGrid) -> Room {
        let length = |axis: usize| fine.voxel_mm[axis] * fine.shape[axis] as f64;
        let half_height_mm = if self.stack.slices_apart() { 0.0 } else { 0.5 * length(2) };
        Room { radius_mm: 0.5 * length(0).min(length(1)), half_height_mm }
    }

    /// The fine image at the target's resolution, averaged over the voxels of the coarse grid.
    pub(super) fn at_target(&self, activity: &[f32], acquisition: &Acquisition) -> Vec<f32> {
        let along = if self.stack.slices_apart() { 0.0 } else { self.target_fwhm_mm };
        let mut blurred = zeros(activity.len());
        let widths = [self.target_fwhm_mm, self.target_fwhm_mm, along];
        GaussianFilter::new(&acquisition.fine, widths).apply(activity, &mut blurred);
        acquisition.coarse(&blurred)
    }
}

/// A scan before there is a body in it.
pub(super) struct Acquisition {
    geometry: SinogramGeometry,
    /// Grid of the reconstruction.
    pub grid: ImageGrid,
    /// Grid of the bodies: its voxels cut across the axis.
    pub fine: ImageGrid,
    pub settings: ScanSettings,
    /// The resolution that the reconstruction takes over the true one.
    known: f64,
}

impl Acquisition {
    /// The expected counts of a body.
    pub fn expected(&self, stack: Stack, body: &Painted) -> Result<Expected, SimulateError> {
        expected(&self.geometry, stack, self.fine, &body.activity, &body.attenuation, &self.settings)
    }

    /// A case of such a measurement.
    pub fn case(&self, measurement: Measurement, truth: Vec<f32>) -> Case {
        Case {
            measurement: Arc::new(measurement),
            rest: None,
            grid: self.grid,
            resolution_mm: self.settings.resolution_mm.map(|mm| mm * self.known),
            truth,
            prompts: self.settings.scans.iter().map(|counts| counts.prompts).collect(),
        }
    }

    /// Means of a fine image over the voxels of the coarse grid.
    pub fn coarse(&self, image: &[f32]) -> Vec<f32> {
        let ([_, ny, nz], n) = (self.grid.shape, self.fine.shape[0] / self.grid.shape[0]);
        let voxel = |voxel: usize| {
            let [i, j, k] = [voxel / (ny * nz), voxel / nz % ny, voxel % nz];
            let parts = (0..n * n).map(|part| self.fine.index([i * n + part / n, j * n + part % n, k]));
            parts.map(|part| image[part]).sum::<f32>() / (n * n) as f32
        };
        (0..self.grid.voxels()).into_par_iter().map(voxel).collect()
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
