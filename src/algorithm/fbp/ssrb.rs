//! Single-slice rebinning: each oblique plane goes to the slice at its axial middle.
//!
//! p(φ, s; slice) = mean over planes of cos θ · p(φ, s; plane), weighted by ring pairs; θ is the line's tilt, so that
//! the integral is along the transaxial line. Daube-Witherspoon & Muehllehner 1987, J. Nucl. Med. 28:1717.

use super::beam::{MeasuredLines, ParallelBeam};
use super::corrected::corrected;
use super::measured::Measured;
use super::pairs::{Pair, pairs};
use super::resample::to_beam;
use super::slices::Slices;
use super::{DirectSinograms, FbpConfig, FbpError};
use crate::data::Measurement;
use rayon::prelude::*;

pub(super) fn rebin(measurement: &Measurement, config: &FbpConfig) -> Result<DirectSinograms, FbpError> {
    let geometry = &measurement.geometry;
    let (pairs, beam, lines) = (pairs(geometry, config)?, ParallelBeam::of(geometry)?, MeasuredLines::of(geometry));
    let (slices, measured) = (Slices::of(&pairs, geometry.scanner.ring_spacing_mm), Measured::of(measurement));
    let count = slices.z_mm.len();
    let mut values = vec![0.0; beam.views * beam.bins * count];
    let mut norm = vec![0.0f32; count];
    for pair in &pairs {
        let weights = measured.weights(pair);
        let parallel = to_beam(&corrected(measurement, pair, &weights)?, &lines, &beam, pair.planes.len());
        let parts = parts(pair, &weights, &slices);
        add(&mut values, &parallel, &beam, &parts, [pair.planes.len(), count]);
        parts.iter().for_each(|part| norm[part.slice] += 2.0 * part.weight);
    }
    if norm.iter().all(|&weight| weight == 0.0) {
        return Err(FbpError::NoData);
    }
    let has = |slice: usize| norm[slice] > 0.0;
    let empty: Vec<_> =
        (0..count).filter(|&slice| !has(slice)).map(|slice| (slice, slices.around(slice, has))).collect();
    values.par_chunks_mut(count).for_each(|bins| {
        for (bin, &norm) in bins.iter_mut().zip(&norm) {
            *bin = if norm > 0.0 { *bin / norm } else { 0.0 };
        }
        for (slice, around) in &empty {
            bins[*slice] = around.iter().flatten().map(|(slice, share)| share * bins[*slice]).sum();
        }
    });
    Ok(DirectSinograms { beam, slices, values })
}

/// A share of a plane that goes to a slice.
struct Part {
    plane: usize,
    slice: usize,
    weight: f32,
    dz_mm: f64,
}

fn parts(pair: &Pair, weights: &[f32], slices: &Slices) -> Vec<Part> {
    let of_plane = |(plane, weight): (usize, &f32)| {
        let (weight, p) = (*weight, &pair.planes[plane]);
        let place = slices.place(p.z_mm).into_iter().flatten();
        place.map(move |(slice, share)| Part { plane, slice, weight: weight * share, dz_mm: p.dz_mm })
    };
    weights.iter().enumerate().flat_map(of_plane).filter(|part| part.weight > 0.0).collect()
}

/// Adds both halves of a turn to the direct slices; `[planes, slices]` are the lengths of the contiguous axes.
fn add(direct: &mut [f32], parallel: &[f32], beam: &ParallelBeam, parts: &[Part], [planes, slices]: [usize; 2]) {
    direct.par_chunks_mut(beam.bins * slices).enumerate().for_each(|(view, direct)| {
        for (bin, direct) in direct.chunks_mut(slices).enumerate() {
            let row = |w: usize, bin: usize| &parallel[(w * beam.bins + bin) * planes..][..planes];
            let (front, back) = (row(view, bin), row(view + beam.views, beam.bins - 1 - bin));
            for part in parts {
                let weight = part.weight * beam.cosine(bin, part.dz_mm) as f32;
                direct[part.slice] += weight * (front[part.plane] + back[part.plane]);
            }
        }
    });
}
