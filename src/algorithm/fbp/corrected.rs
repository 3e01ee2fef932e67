//! Line integrals p = (y − b) / m of a pair of segments, `[turn view, radial, plane]`, plane contiguous.
//!
//! Turn views run over 360°: 0..V are the views of the first segment, V..2V those of its partner seen from detector B
//! to detector A, which mirrors the radial axis. Bins with m = 0 were not measured; each takes the mean of the nearest
//! measured bins up and down in radial position and in view, weighted by the inverse of their distance in bins.

use super::FbpError;
use super::pairs::Pair;
use crate::data::Measurement;
use rayon::prelude::*;

/// The radial bin of the same line seen from its other end; `None` at the edge of an even number of bins.
pub(super) fn mirrored(radial: usize, radial_bins: usize) -> Option<usize> {
    (2 * (radial_bins / 2)).checked_sub(radial).filter(|&mirrored| mirrored < radial_bins)
}

/// Corrects, joins and fills the pair's bins; planes of no weight are 0.
pub(super) fn corrected(measurement: &Measurement, pair: &Pair, weights: &[f32]) -> Result<Vec<f32>, FbpError> {
    let [views, radial_bins, _, _] = measurement.geometry.shape();
    let row = radial_bins * pair.planes.len();
    let mut values = vec![f32::NAN; 2 * views * row];
    values.par_chunks_mut(row).enumerate().try_for_each(|(w, bins)| {
        for (radial, bins) in bins.chunks_mut(pair.planes.len()).enumerate() {
            let source = if w < views { Some(radial) } else { mirrored(radial, radial_bins) };
            if let Some(source) = source {
                line(measurement, w % views, source, pair.first[w / views], bins)?;
            }
        }
        Ok(())
    })?;
    fill(&mut values, radial_bins, weights);
    Ok(values)
}

/// All planes of one transaxial line; NaN where m = 0.
fn line(m: &Measurement, view: usize, radial: usize, first: usize, bins: &mut [f32]) -> Result<(), FbpError> {
    let [_, radial_bins, _, planes] = m.geometry.shape();
    let transaxial = view * radial_bins + radial;
    let [prompts, background] = m.over_time(transaxial, first..first + bins.len());
    for ((plane, bin), (y, b)) in (first..).zip(bins).zip(prompts.iter().zip(background)) {
        let factor = m.factors.as_ref().map_or(1.0, |factors| factors[transaxial * planes + plane]);
        if factor == 0.0 {
            continue;
        }
        let found = (y - b) as f32 / factor;
        if !found.is_finite() {
            return Err(FbpError::NotFinite { view, radial, plane, found });
        }
        *bin = found;
    }
    Ok(())
}

fn fill(values: &mut [f32], radial_bins: usize, weights: &[f32]) {
    let planes = weights.len();
    let missing: Vec<(usize, f32)> = (0..values.len())
        .into_par_iter()
        .filter(|&index| values[index].is_nan())
        .map(|index| match weights[index % planes] > 0.0 {
            true => (index, neighbours_mean(values, index, radial_bins, planes)),
            false => (index, 0.0),
        })
        .collect();
    for (index, value) in missing {
        values[index] = value;
    }
}

fn neighbours_mean(values: &[f32], index: usize, radial_bins: usize, planes: usize) -> f32 {
    let (plane, radial, w) = (index % planes, index / planes % radial_bins, index / planes / radial_bins);
    let turn = values.len() / (planes * radial_bins);
    let at = |w: usize, radial: usize| values[(w * radial_bins + radial) * planes + plane];
    let nearest = |bin: &dyn Fn(usize) -> Option<f32>| {
        (1..turn.max(radial_bins)).find_map(|d| bin(d).filter(|p| !p.is_nan()).map(|p| (1.0 / d as f32, p)))
    };
    let found = [
        nearest(&|d| radial.checked_sub(d).map(|radial| at(w, radial))),
        nearest(&|d| (radial + d < radial_bins).then(|| at(w, radial + d))),
        nearest(&|d| (d < turn).then(|| at((w + turn - d) % turn, radial))),
        nearest(&|d| (d < turn).then(|| at((w + d) % turn, radial))),
    ];
    let (weight, sum) = found.iter().flatten().fold((0.0, 0.0), |(weight, sum), (w, p)| (weight + w, sum + w * p));
    if weight > 0.0 { sum / weight } else { 0.0 }
}
