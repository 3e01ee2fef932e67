//! Fourier rebinning: the component (ω, k) of an oblique sinogram belongs to the direct slice it came from.
//!
//! With p(φ, s; z, δ) the transaxial integral of the line at axial middle z and slope δ = dz/(2R), and
//! P(ω, k) = ΣΣ p exp(−i(ωs + kφ)) over a full turn, a source at transaxial (s, t) = (ρ cos, −ρ sin)(φ − α) traces
//! ds/dφ = t, so that its energy lies at t = −k/ω (frequency–distance relation). There the line is at z + tδ:
//!
//! P(ω, k; z, δ) ≈ P(ω, k; z − kδ/ω, 0)          Defrise et al. 1997, IEEE Trans. Med. Imaging 16:145
//!
//! - |k/ω| beyond the object's radius: nothing but noise, set to 0.
//! - low ω or low k, where the approximation fails: nearly direct planes only, at their middle (single-slice). Beside a
//!   virtual ring a slice has none; it takes the least oblique planes that were measured there.
//! - each (ω, k, slice) is divided by the summed weights of its contributions; where there are none, it lies between
//!   the nearest slices that have some.
//!
//! Accumulated `[ω >= 0, slice, k]`: the data are real, so that negative ω follows by symmetry.

use super::beam::{MeasuredLines, ParallelBeam};
use super::corrected::corrected;
use super::measured::Measured;
use super::pairs::{Pair, pairs};
use super::resample::to_beam;
use super::slices::{Place, Slices};
use super::{DirectSinograms, FbpConfig, FbpError, ForeConfig};
use crate::data::Measurement;
use rayon::prelude::*;
use rustfft::num_complex::Complex;

mod spectrum;
use spectrum::Transform;

/// Planes that are transformed before they are added to the slices: bounds the memory of the spectra.
const BATCH: usize = 16;

pub(super) fn rebin(measurement: &Measurement, config: &FbpConfig) -> Result<DirectSinograms, FbpError> {
    let geometry = &measurement.geometry;
    let (pairs, beam, lines) = (pairs(geometry, config)?, ParallelBeam::of(geometry)?, MeasuredLines::of(geometry));
    let slices = Slices::of(&pairs, geometry.scanner.ring_spacing_mm);
    let transform = Transform::new(&beam);
    let measured = Measured::of(measurement);
    let planes: Vec<_> = pairs.iter().map(|pair| oblique(pair, &measured.weights(pair), &beam)).collect();
    if planes.iter().all(Vec::is_empty) {
        return Err(FbpError::NoData);
    }
    let relation = Relation::new(&beam, &slices, &transform, &config.fore, &planes.concat());
    let mut sums = vec![Complex::default(); transform.radial() * slices.z_mm.len() * transform.turn()];
    for (pair, planes) in pairs.iter().zip(&planes) {
        let turn = corrected(measurement, pair, &measured.weights(pair))?;
        let parallel = to_beam(&turn, &lines, &beam, pair.planes.len());
        drop(turn);
        for batch in planes.chunks(BATCH) {
            relation.add(batch, &transform.planes(batch, &parallel, pair.planes.len(), &beam), &mut sums);
        }
    }
    relation.normalise(&planes.concat(), &mut sums);
    let values = transform.direct(&mut sums, &beam, slices.z_mm.len());
    Ok(DirectSinograms { beam, slices, values })
}

/// A plane with its slope.
#[derive(Clone)]
struct Oblique {
    /// Index within its segment.
    plane: usize,
    z_mm: f64,
    dz_mm: f64,
    slope: f64,
    ring_difference: f64,
    weight: f32,
}

fn oblique(pair: &Pair, weights: &[f32], beam: &ParallelBeam) -> Vec<Oblique> {
    let of_plane = |(plane, &weight): (usize, &f32)| {
        let (z_mm, dz_mm) = (pair.planes[plane].z_mm, pair.planes[plane].dz_mm);
        let slope = 0.5 * dz_mm / beam.radius_mm;
        Oblique { plane, z_mm, dz_mm, slope, ring_difference: pair.ring_difference, weight }
    };
    weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0).map(of_plane).collect()
}

/// Where each frequency of an oblique plane goes.
struct Relation<'a> {
    slices: &'a Slices,
    limits: ForeConfig,
    /// Largest ring difference that is nearly direct, of each slice.
    nearly_direct: Vec<f64>,
    /// Radius in mm that holds the object.
    radius_mm: f64,
    /// ω of index 1, in rad/mm.
    step: f64,
    /// Largest ω index that is low.
    low_radial: f64,
    /// Angular frequencies, a full turn of views.
    turn: usize,
}

impl<'a> Relation<'a> {
    fn new(
        beam: &ParallelBeam,
        slices: &'a Slices,
        transform: &Transform,
        limits: &ForeConfig,
        planes: &[Oblique],
    ) -> Self {
        let step = transform.step(beam);
        let cycle = std::f64::consts::PI / beam.edge_mm();
        Self {
            slices,
            limits: *limits,
            nearly_direct: nearly_direct(slices, limits.low_ring_difference, planes),
            radius_mm: limits.object_radius_mm.map_or(beam.edge_mm(), |radius| radius.get()),
            step,
            low_radial: limits.low_radial_cycles * cycle / step,
            turn: transform.turn(),
        }
    }

    /// The slices of the component (ω index `j`, k index `n`) of a plane.
    fn place(&self, plane: &Oblique, j: usize, n: usize) -> Option<Place> {
        let k = if n > self.turn / 2 { n as f64 - self.turn as f64 } else { n as f64 };
        if j as f64 <= self.low_radial || k.abs() <= self.limits.low_angular_cycles as f64 {
            let used = |slice: usize| plane.ring_difference <= self.nearly_direct[slice];
            return Some(
                self.slices.place(plane.z_mm)?.map(|(slice, share)| (slice, if used(slice) { share } else { 0.0 })),
            );
        }
        let distance = -k / (j as f64 * self.step);
        if distance.abs() > self.radius_mm { None } else { self.slices.place(plane.z_mm + distance * plane.slope) }
    }

    /// Adds the spectra `[plane, ω, k]` of some planes to the sums `[ω, slice, k]`.
    fn add(&self, planes: &[Oblique], spectra: &[Complex<f32>], sums: &mut [Complex<f32>]) {
        let (turn, size) = (self.turn, spectra.len() / planes.len());
        sums.par_chunks_mut(self.slices.z_mm.len() * turn).enumerate().for_each(|(j, sums)| {
            for (plane, spectrum) in planes.iter().zip(spectra.chunks(size)) {
                for (n, component) in spectrum[j * turn..(j + 1) * turn].iter().enumerate() {
                    for (slice, share) in self.place(plane, j, n).into_iter().flatten() {
                        sums[slice * turn + n] += component * (plane.weight * share);
                    }
                }
            }
        });
    }

    /// Divides each component by the weights that went into it.
    fn normalise(&self, planes: &[Oblique], sums: &mut [Complex<f32>]) {
        let size = self.slices.z_mm.len() * self.turn;
        sums.par_chunks_mut(size).enumerate().for_each(|(j, sums)| {
            let mut weights = vec![0.0f32; size];
            for plane in planes {
                for n in 0..self.turn {
                    for (slice, share) in self.place(plane, j, n).into_iter().flatten() {
                        weights[slice * self.turn + n] += plane.weight * share;
                    }
                }
            }
            for (sum, &weight) in sums.iter_mut().zip(&weights) {
                *sum = if weight > 0.0 { *sum / weight } else { Complex::default() };
            }
            for at in (0..size).filter(|&at| weights[at] == 0.0) {
                let n = at % self.turn;
                let around = self.slices.around(at / self.turn, |slice| weights[slice * self.turn + n] > 0.0);
                sums[at] = around.iter().flatten().map(|(slice, share)| sums[slice * self.turn + n] * share).sum();
            }
        });
    }
}

/// The limit of the settings, or the smallest ring difference of all planes at a slice where that is larger.
fn nearly_direct(slices: &Slices, limit: f64, planes: &[Oblique]) -> Vec<f64> {
    let mut least = vec![f64::INFINITY; slices.z_mm.len()];
    for plane in planes {
        let place = slices.place(plane.z_mm).into_iter().flatten().filter(|(_, share)| *share >= 0.5);
        place.for_each(|(slice, _)| least[slice] = least[slice].min(plane.ring_difference));
    }
    least.into_iter().map(|least| least.max(limit)).collect()
}
