//! The transaxial lines of a subset, each with its measured bins.

use super::model::Model;
use super::poisson::Bins;
use rayon::prelude::*;

/// Lines that a thread takes at least.
pub(super) const AT_LEAST: usize = 16;

/// Where the bins of a line are unpacked.
#[derive(Default)]
pub(super) struct Unpacked {
    counts: Vec<f32>,
    background: Vec<f32>,
}

impl Model {
    /// Calls `change(bins, planes, column)` for every transaxial line of a sinogram of a subset.
    pub fn lines(&self, subset: usize, sinogram: &mut [f32], change: impl Fn(Bins, usize, &mut [f32]) + Sync) {
        let (planes, lines) = (self.planes(), sinogram.par_chunks_mut(self.column()).enumerate());
        lines.with_min_len(AT_LEAST).for_each_init(Unpacked::default, |room, (line, column)| {
            change(self.bins(subset, line, room), planes, column);
        });
    }

    /// The sum of `value(bins, planes, column)` over the transaxial lines of a subset, in an order of its own.
    pub fn sum_lines(
        &self,
        subset: usize,
        sinogram: &mut [f32],
        value: impl Fn(Bins, usize, &mut [f32]) -> f64 + Sync,
    ) -> f64 {
        let (planes, lines) = (self.planes(), sinogram.par_chunks_mut(self.column()).enumerate());
        let lines = lines
            .with_min_len(AT_LEAST)
            .map_init(Unpacked::default, |room, (line, column)| value(self.bins(subset, line, room), planes, column));
        // Collected first: the order of a parallel sum would depend on the number of threads.
        lines.collect::<Vec<f64>>().iter().sum()
    }

    /// Floats of one transaxial line.
    pub(super) fn column(&self) -> usize {
        self.measurement().geometry.tof_bins() * self.planes()
    }

    pub(super) fn planes(&self) -> usize {
        self.measurement().geometry.planes()
    }

    /// The place of a transaxial line of a subset in the whole sinogram.
    pub(super) fn line(&self, subset: usize, line: usize) -> usize {
        let radial_bins = self.measurement().geometry.radial_bins;
        self.system.views(subset)[line / radial_bins] * radial_bins + line % radial_bins
    }

    /// The bins of a transaxial line of a subset.
    pub(super) fn bins<'a>(&'a self, subset: usize, line: usize, room: &'a mut Unpacked) -> Bins<'a> {
        let (measurement, planes, column) = (self.measurement(), self.planes(), self.column());
        let line = self.line(subset, line);
        Bins {
            counts: measurement.prompts.range(line * column..(line + 1) * column, &mut room.counts),
            factors: measurement.factors.as_ref().map(|m| &m[line * planes..][..planes]),
            background: measurement.background.as_ref().map(|b| b.line(line, &mut room.background)),
        }
    }
}
