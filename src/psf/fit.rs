//! Fisher's scoring over all bins that the grids reach.

use super::SeenPoint;
use super::source::{NUMBERS, PointModel};
use crate::data::Measurement;
use crate::operator::{LinearOperator, Projector};
use crate::scanner::SinogramGeometry;
use crate::units::FWHM_PER_SIGMA;
use coincide_kernels::cholesky::Cholesky;
use rayon::prelude::*;

/// Most steps on one set of grids.
const MOST_STEPS: usize = 40;
/// Times that a step is halved which makes the likelihood smaller.
const MOST_HALVINGS: usize = 30;
/// Floats of the projections that are there at once, about.
const FLOATS: usize = 1 << 27;

/// Sources on their grids, and a flat background.
pub(super) struct Fit<'a> {
    measurement: &'a Measurement,
    geometry: SinogramGeometry,
    projectors: Vec<Projector>,
    pub points: Vec<PointModel>,
    /// ln c
    pub log_flat: f64,
}

/// Σ y ln ȳ − ȳ, its slope and Fisher's information, over some bins.
#[derive(Clone)]
struct Sums {
    value: f64,
    slope: Vec<f64>,
    information: Vec<Vec<f64>>,
    /// Bins, counts, and what is expected of each source.
    bins: f64,
    counts: f64,
    expected: Vec<f64>,
}

impl<'a> Fit<'a> {
    /// The fit on grids of a half-length in mm, or on ones that go with the widths; it starts from what is known,
    /// amplitudes and background included, where the latter is.
    pub fn new(
        measurement: &'a Measurement,
        mut points: Vec<PointModel>,
        log_flat: Option<f64>,
        half_mm: Option<f64>,
    ) -> Self {
        points.iter_mut().for_each(PointModel::settle);
        let geometry = SinogramGeometry { tof: None, ..measurement.geometry.clone() };
        let grid = |point: &PointModel| point.grid(&geometry.scanner, half_mm);
        let projectors = points.iter().map(|point| Projector::new(&geometry, grid(point))).collect();
        let mut fit = Self { measurement, geometry, projectors, points, log_flat: log_flat.unwrap_or_default() };
        if log_flat.is_none() {
            fit.start();
        }
        fit
    }

    /// Amplitudes and flat background that share the counts.
    fn start(&mut self) {
        self.log_flat = f64::NEG_INFINITY;
        let sums = self.sums(&self.points, self.log_flat);
        let share = 0.9 * sums.counts / self.points.len() as f64;
        for (point, expected) in self.points.iter_mut().zip(&sums.expected) {
            point.log_counts += (share / expected.max(f64::MIN_POSITIVE)).max(f64::MIN_POSITIVE).ln();
        }
        self.log_flat = (0.1 * sums.counts / sums.bins.max(1.0)).max(f64::MIN_POSITIVE).ln();
    }

    /// Steps until they are shorter than `least` standard errors; whether they became so.
    pub fn run(&mut self, least: f64) -> bool {
        let mut now = self.sums(&self.points, self.log_flat);
        for _ in 0..MOST_STEPS {
            let Some(factor) = Cholesky::new(now.information.clone()) else { return false };
            let mut step = factor.solve(now.slope.clone());
            // A background that is not there is never reached, only left behind: its steps do not count.
            let errors = factor.inverse_diagonal().into_iter().take(step.len() - 1).map(f64::sqrt);
            let longest = step.iter().zip(errors).map(|(step, error)| (step / error).abs()).fold(0.0, f64::max);
            let better = (0..MOST_HALVINGS).find_map(|_| {
                let of_point = |(k, point): (usize, &PointModel)| point.stepped(&step[k * NUMBERS..][..NUMBERS]);
                let points: Vec<PointModel> = self.points.iter().enumerate().map(of_point).collect();
                let log_flat = self.log_flat + step[step.len() - 1].clamp(-2.0, 2.0);
                let sums = self.sums(&points, log_flat);
                step.iter_mut().for_each(|step| *step *= 0.5);
                (sums.value >= now.value).then_some((points, log_flat, sums))
            });
            // At the maximum, rounding is all that is left.
            let Some((points, log_flat, sums)) = better else { return longest < 1.0 };
            (self.points, self.log_flat, now) = (points, log_flat, sums);
            if longest < least {
                return true;
            }
        }
        false
    }

    /// What was found; `None` where the counts do not tell it.
    pub fn seen(&self) -> Option<Vec<SeenPoint>> {
        let sums = self.sums(&self.points, self.log_flat);
        let variances = Cholesky::new(sums.information)?.inverse_diagonal();
        let of_point = |(k, point): (usize, &PointModel)| {
            let fwhm_mm = point.sigma_mm().map(|sigma| sigma * FWHM_PER_SIGMA);
            let error = |axis: usize| fwhm_mm[axis] * variances[k * NUMBERS + 4 + axis].sqrt();
            let error_mm = std::array::from_fn(error);
            SeenPoint { centre_mm: point.centre_mm, fwhm_mm, error_mm, counts: sums.expected[k] }
        };
        Some(self.points.iter().enumerate().map(of_point).collect())
    }

    fn sums(&self, points: &[PointModel], log_flat: f64) -> Sums {
        let [views, radial, _, planes] = self.geometry.shape();
        let images: Vec<_> = points
            .iter()
            .zip(&self.projectors)
            .flat_map(|(point, projector)| {
                let ones = vec![1.0; projector.grid().voxels()];
                point.images(&projector.grid()).into_iter().chain([ones]).map(move |image| (projector, image))
            })
            .collect();
        let together = (FLOATS / (images.len() * radial * planes)).clamp(1, views);
        let mut sums = Sums::new(points.len());
        for first in (0..views).step_by(together) {
            let some: Vec<usize> = (first..(first + together).min(views)).collect();
            let project = |(projector, image): &(&Projector, Vec<f32>)| {
                let mut out = vec![0.0; some.len() * radial * planes];
                projector.subset(&some).forward(image, &mut out);
                out
            };
            let projections: Vec<Vec<f32>> = images.iter().map(project).collect();
            let view = |(place, view): (usize, &usize)| {
                let part = place * radial * planes..(place + 1) * radial * planes;
                let projections: Vec<&[f32]> = projections.iter().map(|all| &all[part.clone()]).collect();
                self.of_view(*view, &projections, log_flat)
            };
            let of_views: Vec<Sums> = some.par_iter().enumerate().map(view).collect();
            of_views.iter().for_each(|view| sums.add(view));
        }
        sums
    }

    /// The sums over one view, from its projections `[radial, plane]`: those of each source and of its grid.
    fn of_view(&self, view: usize, projections: &[&[f32]], log_flat: f64) -> Sums {
        let [_, radial_bins, _, planes] = self.geometry.shape();
        let (points, flat) = (projections.len() / (NUMBERS + 1), log_flat.exp());
        let mut sums = Sums::new(points);
        let mut slopes = vec![0.0; points * NUMBERS + 1];
        for radial in 0..radial_bins {
            let bins = radial * planes..(radial + 1) * planes;
            let met = |k: usize| projections[k * (NUMBERS + 1) + NUMBERS][bins.clone()].iter().any(|p| *p > 0.0);
            if !(0..points).any(met) {
                continue;
            }
            let line = self.line(view * radial_bins + radial);
            for (plane, [y, m, b]) in line.into_iter().enumerate() {
                let bin = radial * planes + plane;
                let reached = |k: usize| projections[k * (NUMBERS + 1) + NUMBERS][bin] > 0.0;
                if m == 0.0 || !(0..points).any(reached) {
                    continue;
                }
                let mut mean = b + flat;
                for k in 0..points {
                    for number in 0..NUMBERS {
                        slopes[k * NUMBERS + number] = m * f64::from(projections[k * (NUMBERS + 1) + number][bin]);
                    }
                    mean += slopes[k * NUMBERS];
                    sums.expected[k] += slopes[k * NUMBERS];
                }
                slopes[points * NUMBERS] = flat;
                sums.bin(y, mean, &slopes);
            }
        }
        sums
    }

    /// y, m and b of the planes of a line, summed over TOF.
    fn line(&self, line: usize) -> Vec<[f64; 3]> {
        let planes = self.geometry.planes();
        let [prompts, background] = self.measurement.over_time(line, 0..planes);
        let factors = self.measurement.factors.as_ref().map(|m| &m[line * planes..][..planes]);
        let factor = |plane: usize| factors.map_or(1.0, |m| f64::from(m[plane]));
        (0..planes).map(|plane| [prompts[plane], factor(plane), background[plane]]).collect()
    }
}

impl Sums {
    fn new(points: usize) -> Self {
        let numbers = points * NUMBERS + 1;
        let (slope, information) = (vec![0.0; numbers], vec![vec![0.0; numbers]; numbers]);
        Self { value: 0.0, slope, information, bins: 0.0, counts: 0.0, expected: vec![0.0; points] }
    }

    fn bin(&mut self, y: f64, mean: f64, slopes: &[f64]) {
        self.bins += 1.0;
        self.counts += y;
        if mean <= 0.0 {
            return;
        }
        self.value += if y > 0.0 { y * mean.ln() - mean } else { -mean };
        let (residual, weight) = (y / mean - 1.0, mean.recip());
        for (i, slope) in slopes.iter().enumerate().filter(|(_, slope)| **slope != 0.0) {
            self.slope[i] += residual * slope;
            let scaled = weight * slope;
            self.information[i][..=i].iter_mut().zip(slopes).for_each(|(sum, other)| *sum += scaled * other);
        }
    }

    fn add(&mut self, other: &Self) {
        let add = |sums: &mut [f64], terms: &[f64]| sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        self.value += other.value;
        self.bins += other.bins;
        self.counts += other.counts;
        add(&mut self.slope, &other.slope);
        add(&mut self.expected, &other.expected);
        self.information.iter_mut().zip(&other.information).for_each(|(sums, terms)| add(sums, terms));
    }
}
