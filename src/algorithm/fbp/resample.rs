//! Measured lines to a parallel beam, all planes of a line at once.

use super::beam::{MeasuredLines, ParallelBeam};
use rayon::prelude::*;

/// `[turn view, radial, plane]` as measured to `[turn view, bin, plane]` of the beam; 0 beyond the measured lines.
pub(super) fn to_beam(values: &[f32], lines: &MeasuredLines, beam: &ParallelBeam, planes: usize) -> Vec<f32> {
    let mut parallel = vec![0.0; 2 * beam.views * beam.bins * planes];
    parallel.par_chunks_mut(beam.bins * planes).enumerate().for_each(|(w, view)| {
        for (bins, blend) in view.chunks_mut(planes).zip(lines.blends(beam, w)) {
            for (row, weight) in blend.into_iter().flatten().filter(|(_, weight)| *weight != 0.0) {
                let source = &values[row * planes..(row + 1) * planes];
                bins.iter_mut().zip(source).for_each(|(bin, value)| *bin += weight * value);
            }
        }
    });
    parallel
}
