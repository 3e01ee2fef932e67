//! Training scans: an image on a fine grid → a measurement.
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
use crate::simulate::{CountsConfig, Efficiencies, Purpose, SimulateError, SimulationConfig, poisson, stream};
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

/// Scans `activity` and `attenuation` on the grid `fine`.
pub(super) fn scan(
    geometry: &SinogramGeometry,
    stack: Stack,
    fine: ImageGrid,
    activity: &[f32],
    attenuation: &[f32],
    settings: &ScanSettings,
) -> Result<Measurement, SimulateError> {
    let projector = Projector::new(geometry, fine);
    let (mut trues, mut factors, mut blurred) = (zeros(geometry.bins()), zeros(geometry.bins()), zeros(activity.len()));
    projector.forward(attenuation, &mut factors);
    GaussianFilter::new(&fine, settings.resolution_mm).apply(activity, &mut blurred);
    projector.forward(&blurred, &mut trues);
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
    Ok(counted(geometry, stack, trues, factors, &efficiencies, settings))
}

fn efficiencies(geometry: &SinogramGeometry, settings: &ScanSettings) -> Result<Efficiencies, SimulateError> {
    let mut config = SimulationConfig::new(CountsConfig::TotalPrompts(units::Counts::constant(1.0)));
    config.efficiency_sigma = NonNegative::try_from(settings.efficiency_sigma).unwrap_or_default();
    config.seed = settings.seed;
    Efficiencies::new(geometry, &config)
}

/// Scales, background and Poisson counts, plane by plane.
fn counted(
    geometry: &SinogramGeometry,
    stack: Stack,
    mut trues: Vec<f32>,
    mut factors: Vec<f32>,
    efficiencies: &Efficiencies,
    settings: &ScanSettings,
) -> Measurement {
    let [views, radial_bins, _, planes] = geometry.shape();
    let profiles = Profiles::new(geometry, &trues);
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
    let length = radial_bins * planes;
    let chunks =
        trues.par_chunks_mut(length).zip(factors.par_chunks_mut(length)).zip(background.par_chunks_mut(length));
    chunks.enumerate().for_each(|(view, ((prompts, factors), background))| {
        let mut random = stream(settings.seed, Purpose::Counts, view);
        let mut efficiency = vec![0.0; planes];
        for bin in 0..length {
            let (radial, plane) = (bin / planes, bin % planes);
            if plane == 0 {
                efficiencies.column(view, radial, &mut efficiency);
            }
            let [trues, randoms, scatter] = scales[stack.scan_of_plane(plane)];
            let extra = f64::from(efficiency[plane]) * (randoms + scatter * profiles.at(radial, plane));
            let mean = trues * f64::from(prompts[bin]) + extra;
            factors[bin] *= trues as f32;
            background[bin] = extra as f32;
            prompts[bin] = poisson(mean, &mut random);
        }
    });
    debug_assert_eq!(trues.len(), views * length);
    let (shape, geometry) = (geometry.shape(), geometry.clone());
    Measurement {
        geometry,
        prompts: trues.into(),
        factors: Some(factors),
        background: Some(Background::of_bins(shape, background)),
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    }
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
