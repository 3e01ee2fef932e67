//! The scan of a known object, the components as they stand, and the sums over its bins.

use super::compression;
use crate::data::{Measurement, NormComponents};
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use rayon::prelude::*;

/// Parts in which views are summed: fixed, so that sums do not depend on the number of threads.
const PARTS: usize = 16;

/// Efficiency over that of the other crystals below which one is silent: a gap, or dead.
const SILENT: f64 = 0.02;

pub(super) struct Scan<'a> {
    measurement: &'a Measurement,
    geometry: &'a SinogramGeometry,
    /// `[ring A, ring B]`
    planes: Vec<[usize; 2]>,
    /// e `[view, radial, plane]`
    expected: Vec<f32>,
    /// Crystals of a block.
    block: usize,
    /// ε `[crystal, ring]`
    crystals: Vec<f64>,
    /// g `[ring sum, radial]`
    geometric: Vec<f64>,
    /// Which of them any line through the object has.
    seen: Vec<bool>,
    /// f `[radial, view mod block]`
    interference: Vec<f64>,
    /// 1/α `[plane]`
    axial: Vec<f64>,
}

/// Where a bin lies, and where its factors are.
struct Bin {
    crystals: [usize; 2],
    geometric: usize,
    interference: usize,
    plane: usize,
}

/// Σ t y/ȳ and Σ t of every factor of a component.
struct Sums {
    measured: Vec<f64>,
    expected: Vec<f64>,
}

impl Sums {
    fn zeros(len: usize) -> Self {
        Self { measured: vec![0.0; len], expected: vec![0.0; len] }
    }

    /// The sums of all parts.
    fn of(parts: Vec<Option<Self>>, len: usize) -> Self {
        let mut all = Self::zeros(len);
        for part in parts.into_iter().flatten() {
            let add = |sum: &mut [f64], part: &[f64]| sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            add(&mut all.measured, &part.measured);
            add(&mut all.expected, &part.expected);
        }
        all
    }

    /// Steps every factor that any bin holds.
    fn step(&self, factors: &mut [f64], power: f64) {
        for (factor, (measured, expected)) in factors.iter_mut().zip(self.measured.iter().zip(&self.expected)) {
            if *expected > 0.0 {
                *factor *= (measured / expected).powf(power);
            }
        }
    }
}

impl<'a> Scan<'a> {
    pub fn new(measurement: &'a Measurement, object: &Phantom, seconds: f64, planes: Vec<[usize; 2]>) -> Self {
        let geometry = &measurement.geometry;
        let scanner = &geometry.scanner;
        let block = scanner.crystals_per_block.max(1);
        let expected = emission(geometry, object, seconds);
        let mut seen = vec![false; (2 * scanner.rings - 1) * geometry.radial_bins];
        for (line, column) in expected.chunks(planes.len()).enumerate() {
            let radial = line % geometry.radial_bins;
            for ([a, b], _) in planes.iter().zip(column).filter(|(_, expected)| **expected > 0.0) {
                seen[(a + b) * geometry.radial_bins + radial] = true;
            }
        }
        Self {
            measurement,
            geometry,
            expected,
            seen,
            block,
            crystals: vec![1.0; scanner.crystals_per_ring * scanner.rings],
            geometric: vec![1.0; (2 * scanner.rings - 1) * geometry.radial_bins],
            interference: vec![1.0; geometry.radial_bins * block],
            axial: vec![1.0; planes.len()],
            planes,
        }
    }

    /// Prompts on lines through the object, and the number of these lines.
    pub fn seen(&self) -> (f64, usize) {
        let planes = self.planes.len();
        let column = |(line, expected): (usize, &[f32])| {
            let [prompts, _] = self.measurement.over_time(line, 0..planes);
            let own = || prompts.iter().zip(expected).filter(|(_, expected)| **expected > 0.0);
            (own().map(|(prompts, _)| prompts).sum::<f64>(), own().count())
        };
        let columns = self.expected.chunks(planes).enumerate().map(column);
        columns.fold((0.0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
    }

    pub fn step_crystals(&mut self) {
        let sums = self.sums(self.crystals.len(), |bin| bin.crystals);
        sums.step(&mut self.crystals, 0.5);
    }

    pub fn step_geometric(&mut self) {
        let sums = self.sums(self.geometric.len(), |bin| [bin.geometric]);
        sums.step(&mut self.geometric, 1.0);
    }

    pub fn step_interference(&mut self) {
        let sums = self.sums(self.interference.len(), |bin| [bin.interference]);
        sums.step(&mut self.interference, 1.0);
    }

    pub fn step_planes(&mut self) {
        let sums = self.sums(self.axial.len(), |bin| [bin.plane]);
        sums.step(&mut self.axial, 1.0);
    }

    /// Gives the efficiency 0 to crystals that count nothing but the background: gaps, and dead ones.
    pub fn silence(&mut self) {
        let parts = self.parts(|part, sums: &mut Option<Sums>| {
            let sums = sums.get_or_insert_with(|| Sums::zeros(self.crystals.len()));
            self.bins(part, |bin, trues, prompts, background| {
                for crystal in bin.crystals {
                    sums.measured[crystal] += prompts - background;
                    sums.expected[crystal] += trues;
                }
            });
        });
        let sums = Sums::of(parts, self.crystals.len());
        let usual = sums.measured.iter().sum::<f64>() / sums.expected.iter().sum::<f64>();
        for (crystal, (measured, expected)) in self.crystals.iter_mut().zip(sums.measured.iter().zip(&sums.expected)) {
            if *measured < SILENT * usual * expected {
                *crystal = 0.0;
            }
        }
    }

    /// All planes are alike.
    pub fn one_plane(&mut self) {
        let mean = self.axial.iter().sum::<f64>() / self.axial.len() as f64;
        self.axial.fill(mean);
    }

    /// Puts what components share into one of them; m stays what it is.
    pub fn settle(&mut self) {
        let (rings, radial_bins) = (self.geometry.scanner.rings, self.geometry.radial_bins);
        let mut of_ring = vec![1.0; rings];
        for (ring, mean) in of_ring.iter_mut().enumerate() {
            *mean = settled(self.crystals.iter_mut().skip(ring).step_by(rings));
        }
        let of_radial: Vec<f64> = self.interference.chunks_mut(self.block).map(|f| settled(f.iter_mut())).collect();
        for (n, geometric) in self.geometric.iter_mut().enumerate() {
            *geometric *= of_radial[n % radial_bins];
        }
        let rows = self.geometric.chunks_mut(radial_bins).zip(self.seen.chunks(radial_bins));
        let of_seen = |(g, seen): (&mut [f64], &[bool])| {
            settled(g.iter_mut().zip(seen).filter(|(_, seen)| **seen).map(|(g, _)| g))
        };
        let of_sum: Vec<f64> = rows.map(of_seen).collect();
        for (axial, [a, b]) in self.axial.iter_mut().zip(&self.planes) {
            *axial *= of_ring[*a] * of_ring[*b] * of_sum[a + b];
        }
    }

    /// Σ y ln ȳ − ȳ over the lines through the object.
    pub fn log_likelihood(&self) -> f64 {
        let parts = self.parts(|part, sum: &mut f64| {
            self.bins(part, |_, trues, prompts, background| {
                let mean = trues + background;
                *sum += if prompts > 0.0 { prompts * mean.ln() } else { 0.0 } - mean;
            });
        });
        parts.iter().sum()
    }

    /// g, where no line goes through the object that of the nearest radial bin which has one.
    fn profiles(&self) -> Vec<f32> {
        let radial_bins = self.geometry.radial_bins;
        let rows = self.geometric.chunks(radial_bins).zip(self.seen.chunks(radial_bins));
        let row = |(g, seen): (&[f64], &[bool])| {
            let nearest = |radial: usize| {
                let known = (0..radial_bins).filter(|&other| seen[other]);
                known.min_by_key(|other| other.abs_diff(radial)).map_or(1.0, |other| g[other] as f32)
            };
            (0..radial_bins).map(nearest).collect::<Vec<_>>()
        };
        rows.flat_map(row).collect()
    }

    /// The components in single precision, ring by ring.
    pub fn components(&self) -> NormComponents {
        let scanner = &self.geometry.scanner;
        let (rings, crystals_per_ring) = (scanner.rings, scanner.crystals_per_ring);
        let narrow = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
        let by_ring = |n: usize| self.crystals[n % crystals_per_ring * rings + n / crystals_per_ring] as f32;
        // A plane that counts nothing has the largest correction there is.
        let correction = |axial: &f64| if *axial > 0.0 { (1.0 / axial) as f32 } else { f32::MAX };
        NormComponents {
            rings,
            crystals_per_ring,
            crystals_per_block: self.block,
            radial_bins: self.geometry.radial_bins,
            crystals: (0..self.crystals.len()).map(by_ring).collect(),
            geometric: self.profiles(),
            interference: narrow(&self.interference),
            axial: self.axial.iter().map(correction).collect(),
            axial_compression: compression(self.geometry),
            dead_time: None,
            quantification: None,
            cross_calibration: None,
            calibrated: true,
        }
    }

    /// The sums of a component whose factors of a bin `of` names.
    fn sums<const N: usize>(&self, len: usize, of: impl Fn(&Bin) -> [usize; N] + Sync) -> Sums {
        let parts = self.parts(|part, sums: &mut Option<Sums>| {
            let sums = sums.get_or_insert_with(|| Sums::zeros(len));
            self.bins(part, |bin, trues, prompts, background| {
                let mean = trues + background;
                let measured = if mean > 0.0 { trues * prompts / mean } else { 0.0 };
                for factor in of(bin) {
                    sums.measured[factor] += measured;
                    sums.expected[factor] += trues;
                }
            });
        });
        Sums::of(parts, len)
    }

    fn parts<T: Default + Send>(&self, run: impl Fn(usize, &mut T) + Sync) -> Vec<T> {
        let part = |part| {
            let mut own = T::default();
            run(part, &mut own);
            own
        };
        (0..PARTS).into_par_iter().map(part).collect()
    }

    /// Visits the lines through the object of one part of the views: the bin, t, y and b, summed over TOF.
    fn bins(&self, part: usize, mut visit: impl FnMut(&Bin, f64, f64, f64)) {
        let [views, radial_bins, _, planes] = self.geometry.shape();
        let rings = self.geometry.scanner.rings;
        for view in part * views / PARTS..(part + 1) * views / PARTS {
            for radial in 0..radial_bins {
                let Some([c, d]) = self.geometry.crystals(view, radial) else { continue };
                let line = view * radial_bins + radial;
                let interference = radial * self.block + view % self.block;
                let [prompts, background] = self.measurement.over_time(line, 0..planes);
                for (plane, [a, b]) in self.planes.iter().copied().enumerate() {
                    let expected = f64::from(self.expected[line * planes + plane]);
                    if expected == 0.0 {
                        continue;
                    }
                    let crystals = [c * rings + a, d * rings + b];
                    let bin = Bin { crystals, geometric: (a + b) * radial_bins + radial, interference, plane };
                    let [i, j] = crystals.map(|crystal| self.crystals[crystal]);
                    let factors = self.geometric[bin.geometric] * self.interference[interference] * self.axial[plane];
                    visit(&bin, expected * i * j * factors, prompts[plane], background[plane]);
                }
            }
        }
    }
}

/// Divides factors by the mean of those that are not 0, and returns it; 1 where all are 0.
fn settled<'f>(factors: impl Iterator<Item = &'f mut f64>) -> f64 {
    let factors: Vec<&mut f64> = factors.filter(|factor| **factor > 0.0).collect();
    if factors.is_empty() {
        return 1.0;
    }
    let mean = factors.iter().map(|factor| **factor).sum::<f64>() / factors.len() as f64;
    factors.into_iter().for_each(|factor| *factor /= mean);
    mean
}

/// e: activity along every line times its attenuation, times the duration.
fn emission(geometry: &SinogramGeometry, object: &Phantom, seconds: f64) -> Vec<f32> {
    let mut emission = vec![0.0; geometry.lines()];
    let columns = emission.par_chunks_mut(geometry.planes()).enumerate();
    columns.for_each_init(
        || object.tracer(),
        |tracer, (line, column)| {
            let (view, radial) = (line / geometry.radial_bins, line % geometry.radial_bins);
            for (plane, value) in geometry.all_planes().zip(column) {
                let [a, b] = geometry.line_of_response(view, radial, plane);
                let found = tracer.line_integrals(a, b);
                *value = (seconds * found.activity * (-found.attenuation).exp()) as f32;
            }
        },
    );
    emission
}
