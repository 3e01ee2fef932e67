//! Training scans: an image on a fine grid → expected counts → measurements.
//!
//!   ȳ = k · ε ⊙ exp(−∫ µ dl) ⊙ (G B λ) + b,   y ~ Poisson(ȳ)
//!
//! The grid is finer than that of the reconstruction, so that no scan is made by the very operator that inverts it. ε
//! are the crystals' efficiencies (gaps included), b uniform randoms and a broad scatter with stated shares of the
//! prompts. Each scan in the stack has counts of its own: every slice, or all planes together. Bins are `[view, radial,
//! tof = 1, plane]`.

use super::geometry::Stack;
use crate::data::{Background, Clock, Ledger, Measurement};
use crate::image::ImageGrid;
use crate::operator::{GaussianFilter, LinearOperator, Projector};
use crate::scanner::SinogramGeometry;
use crate::simulate::{
    CountsConfig, Efficiencies, Purpose, SimulateError, SimulationConfig, binomial, poisson, stream,
};
use crate::units::{self, NonNegative};
use coincide_kernels::zeros;
use rayon::prelude::*;

/// What a scan is besides its anatomy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScanSettings {
    /// Expected prompts of each scan in the stack, and the shares of randoms and scatter in them.
    pub scans: Vec<Counts>,
    /// Resolution (FWHM) across and along the axis in mm.
    pub resolution_mm: [f64; 3],
    /// Standard deviation of the logarithm of the crystals' efficiencies.
    pub efficiency_sigma: f64,
    /// Seed of crystals and counts.
    pub seed: u64,
}

/// Counts of one scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Counts {
    pub prompts: f64,
    pub randoms: f64,
    pub scatter: f64,
}

/// Cells of a scatter profile over the radial distance.
const CELLS: usize = 64;

/// The expected counts of a stack of scans.
pub(super) struct Expected {
    geometry: SinogramGeometry,
    fine: ImageGrid,
    resolution_mm: [f64; 3],
    /// k ε exp(−∫ µ dl) ⊙ G B λ
    trues: Vec<f32>,
    /// k ε exp(−∫ µ dl)
    factors: Vec<f32>,
    background: Vec<f32>,
}

/// Expected counts of `activity` and `attenuation` on the grid `fine`.
pub(super) fn expected(
    geometry: &SinogramGeometry,
    stack: Stack,
    fine: ImageGrid,
    activity: &[f32],
    attenuation: &[f32],
    settings: &ScanSettings,
) -> Result<Expected, SimulateError> {
    let projector = Projector::new(geometry, fine);
    let (mut trues, mut factors) = (zeros(geometry.bins()), zeros(geometry.bins()));
    projector.forward(attenuation, &mut factors);
    projector.forward(&blurred(activity, &fine, settings.resolution_mm), &mut trues);
    let efficiencies = efficiencies(geometry, settings)?;
    let planes = geometry.planes();
    let columns = trues.par_chunks_mut(planes).zip(factors.par_chunks_mut(planes)).enumerate();
    columns.for_each(|(line, (trues, factors))| {
        let mut efficiency = vec![0.0; planes];
        efficiencies.column(line / geometry.radial_bins, line % geometry.radial_bins, &mut efficiency);
        for ((trues, factor), efficiency) in trues.iter_mut().zip(factors).zip(efficiency) {
            // ∫µ dl: µ is in 1/cm, lengths are in mm.
            *factor = efficiency * (-0.1 * *factor).exp();
            *trues *= *factor;
        }
    });
    let background = scaled(geometry, stack, [&mut trues, &mut factors], &efficiencies, settings);
    let resolution_mm = settings.resolution_mm;
    Ok(Expected { geometry: geometry.clone(), fine, resolution_mm, trues, factors, background })
}

impl Expected {
    /// Poisson counts.
    pub fn counts(&self, seed: u64) -> Vec<f32> {
        let mut counts = self.trues.clone();
        let per_view = self.per_view();
        let views = counts.par_chunks_mut(per_view).zip(self.background.par_chunks(per_view)).enumerate();
        views.for_each(|(view, (counts, background))| {
            let mut random = stream(seed, Purpose::Counts, view);
            for (count, extra) in counts.iter_mut().zip(background) {
                *count = poisson(f64::from(*count) + f64::from(*extra), &mut random);
            }
        });
        counts
    }

    /// What `added` activity on the fine grid adds to the expected counts.
    pub fn of_added(&self, added: &[f32]) -> Vec<f32> {
        let mut counts = zeros(self.geometry.bins());
        let seen = blurred(added, &self.fine, self.resolution_mm);
        Projector::new(&self.geometry, self.fine).forward(&seen, &mut counts);
        counts.par_iter_mut().zip(&self.factors).for_each(|(count, factor)| *count *= factor);
        counts
    }

    /// The same noise with more, or less, activity: what is added are Poisson counts of their own, and where there is
    /// less, counts are left out at random. `added` is what [`Expected::of_added`] says.
    pub fn counts_with(&self, counts: &[f32], added: &[f32], seed: u64) -> Vec<f32> {
        let mut with = counts.to_vec();
        let per_view = self.per_view();
        with.par_chunks_mut(per_view).enumerate().for_each(|(view, with)| {
            let mut random = stream(seed, Purpose::Lesions, view);
            for (bin, count) in with.iter_mut().enumerate() {
                let bin = view * per_view + bin;
                let (mean, more) =
                    (f64::from(self.trues[bin]) + f64::from(self.background[bin]), f64::from(added[bin]));
                if more > 0.0 {
                    *count += poisson(more, &mut random);
                } else if more < 0.0 && mean > 0.0 {
                    *count = binomial(*count, (1.0 + more / mean).max(0.0), &mut random);
                }
            }
        });
        with
    }

    /// Aᵀ (A x / ȳ) of an image on the fine grid, at the scanner's resolution: what F of a blob is made of.
    pub fn curvature(&self, image: &[f32]) -> Vec<f32> {
        let mut counts = self.of_added(image);
        let per_bin = counts.par_iter_mut().zip(&self.trues).zip(&self.background).zip(&self.factors);
        per_bin.for_each(|(((count, trues), extra), factor)| {
            let mean = trues + extra;
            *count = if mean > 0.0 { *count * factor / mean } else { 0.0 };
        });
        let mut back = zeros(image.len());
        Projector::new(&self.geometry, self.fine).adjoint(&counts, &mut back);
        blurred(&back, &self.fine, self.resolution_mm)
    }

    /// A measurement with such counts.
    pub fn measurement(&self, counts: Vec<f32>) -> Measurement {
        let background = Background::of_bins(self.geometry.shape(), self.background.clone());
        Measurement {
            geometry: self.geometry.clone(),
            prompts: counts.into(),
            factors: Some(self.factors.clone()),
            background: Some(background),
            ledger: Ledger::raw().calibrated(),
            clock: Clock::default(),
        }
    }

    fn per_view(&self) -> usize {
        self.geometry.bins() / self.geometry.views
    }
}

fn blurred(image: &[f32], grid: &ImageGrid, fwhm_mm: [f64; 3]) -> Vec<f32> {
    let mut blurred = zeros(image.len());
    GaussianFilter::new(grid, fwhm_mm).apply(image, &mut blurred);
    blurred
}

fn efficiencies(geometry: &SinogramGeometry, settings: &ScanSettings) -> Result<Efficiencies, SimulateError> {
    let mut config = SimulationConfig::new(CountsConfig::TotalPrompts(units::Counts::constant(1.0)));
    config.efficiency_sigma = NonNegative::try_from(settings.efficiency_sigma).unwrap_or_default();
    config.seed = settings.seed;
    Efficiencies::new(geometry, &config)
}

/// Scales trues and factors, plane by plane, to the counts that are wanted; returns the background.
fn scaled(
    geometry: &SinogramGeometry,
    stack: Stack,
    [trues, factors]: [&mut [f32]; 2],
    efficiencies: &Efficiencies,
    settings: &ScanSettings,
) -> Vec<f32> {
    let [_, radial_bins, _, planes] = geometry.shape();
    let profiles = Profiles::new(geometry, trues);
    let mut totals = vec![[0.0; 3]; settings.scans.len()];
    let mut efficiency = vec![0.0; planes];
    for (line, trues) in trues.chunks_exact(planes).enumerate() {
        efficiencies.column(line / radial_bins, line % radial_bins, &mut efficiency);
        for plane in 0..planes {
            let (total, efficiency) = (&mut totals[stack.scan_of_plane(plane)], f64::from(efficiency[plane]));
            total[0] += f64::from(trues[plane]);
            total[1] += efficiency;
            total[2] += efficiency * profiles.at(line % radial_bins, plane);
        }
    }
    let scales: Vec<[f64; 3]> =
        settings.scans.iter().zip(&totals).map(|(counts, totals)| counts.scales(*totals)).collect();
    let mut background = zeros(trues.len());
    let lines = trues.par_chunks_mut(planes).zip(factors.par_chunks_mut(planes)).zip(background.par_chunks_mut(planes));
    lines.enumerate().for_each(|(line, ((trues, factors), background))| {
        let (view, radial) = (line / radial_bins, line % radial_bins);
        let mut efficiency = vec![0.0; planes];
        efficiencies.column(view, radial, &mut efficiency);
        for plane in 0..planes {
            let [of_trues, randoms, scatter] = scales[stack.scan_of_plane(plane)];
            trues[plane] *= of_trues as f32;
            factors[plane] *= of_trues as f32;
            background[plane] =
                (f64::from(efficiency[plane]) * (randoms + scatter * profiles.at(radial, plane))) as f32;
        }
    });
    background
}

impl Counts {
    /// Counts per unit of trues, randoms and scatter, whose sums are given.
    fn scales(self, totals: [f64; 3]) -> [f64; 3] {
        let shares = [1.0 - self.randoms - self.scatter, self.randoms, self.scatter];
        std::array::from_fn(|part| if totals[part] > 0.0 { self.prompts * shares[part] / totals[part] } else { 0.0 })
    }
}

/// Scatter over the radial distance, one profile per plane: the trues of all views, blurred by a Gaussian of a quarter
/// of the detectors' radius.
struct Profiles {
    planes: usize,
    /// Cell of each radial bin.
    cells: Vec<usize>,
    /// `[cell, plane]`
    table: Vec<f64>,
}

impl Profiles {
    fn new(geometry: &SinogramGeometry, trues: &[f32]) -> Self {
        let [_, radial_bins, _, planes] = geometry.shape();
        let radius = geometry.scanner.effective_radius_mm();
        let cell = |radial| {
            let s = geometry.line(0, radial).distance_and_angle().0;
            ((0.5 * (s / radius + 1.0)).clamp(0.0, 1.0) * (CELLS - 1) as f64).round() as usize
        };
        let cells: Vec<usize> = (0..radial_bins).map(cell).collect();
        let mut sums = vec![0.0; CELLS * planes];
        for (line, trues) in trues.chunks_exact(planes).enumerate() {
            let row = &mut sums[cells[line % radial_bins] * planes..][..planes];
            row.iter_mut().zip(trues).for_each(|(sum, &trues)| *sum += f64::from(trues));
        }
        let sigma = CELLS as f64 / 8.0;
        let weights: Vec<f64> = (0..CELLS).map(|n| (-0.5 * (n as f64 / sigma).powi(2)).exp()).collect();
        let mut table = vec![0.0; CELLS * planes];
        for (to, from) in (0..CELLS).flat_map(|to| (0..CELLS).map(move |from| (to, from))) {
            for plane in 0..planes {
                table[to * planes + plane] += weights[to.abs_diff(from)] * sums[from * planes + plane];
            }
        }
        Self { planes, cells, table }
    }

    fn at(&self, radial: usize, plane: usize) -> f64 {
        self.table[self.cells[radial] * self.planes + plane]
    }
}
