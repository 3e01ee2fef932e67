//! The transaxial lines of a subset, each with its measured bins.

use super::model::Model;
use super::poisson::Bins;
use rayon::prelude::*;

impl Model<'_> {
    /// Calls `change(bins, planes, column)` for every transaxial line of a sinogram of a subset.
    pub fn lines(&self, subset: usize, sinogram: &mut [f32], change: impl Fn(Bins, usize, &mut [f32]) + Sync) {
        self.columns(subset, sinogram).for_each(|(bins, planes, column)| change(bins, planes, column));
    }

    /// The sum of `value(bins, planes, column)` over the transaxial lines of a subset, in an order of its own.
    pub fn sum_lines(
        &self,
        subset: usize,
        sinogram: &mut [f32],
        value: impl Fn(Bins, usize, &mut [f32]) -> f64 + Sync,
    ) -> f64 {
        // Collected first: the order of a parallel sum would depend on the number of threads.
        let sums: Vec<f64> =
            self.columns(subset, sinogram).map(|(bins, planes, column)| value(bins, planes, column)).collect();
        sums.iter().sum()
    }

    /// Floats of one transaxial line.
    pub(super) fn column(&self) -> usize {
        let [_, _, tof, planes] = self.measurement.geometry.shape();
        tof * planes
    }

    /// `(bins, planes, column)` of every transaxial line of a sinogram of a subset.
    pub(super) fn columns<'s>(
        &'s self,
        subset: usize,
        sinogram: &'s mut [f32],
    ) -> impl IndexedParallelIterator<Item = (Bins<'s>, usize, &'s mut [f32])> {
        let [_, radial_bins, tof, planes] = self.measurement.geometry.shape();
        let views = &self.subsets[subset].views;
        let column = tof * planes;
        sinogram.par_chunks_mut(column).enumerate().with_min_len(16).map(move |(line, integrals)| {
            let line = views[line / radial_bins] * radial_bins + line % radial_bins;
            let bins = Bins {
                counts: &self.measurement.prompts[line * column..][..column],
                factors: self.measurement.factors.as_ref().map(|m| &m[line * planes..][..planes]),
                background: self.measurement.background.as_ref().map(|b| &b[line * column..][..column]),
            };
            (bins, planes, integrals)
        })
    }
}
