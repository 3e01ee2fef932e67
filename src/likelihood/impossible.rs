//! Counted bins that the model cannot explain: ȳ = 0 < y.

use super::lines::{AT_LEAST, Unpacked};
use super::model::Model;
use super::poisson::{Bins, term};
use rayon::prelude::*;

impl Model {
    /// Counted bins that an image makes impossible, by their places in the sinogram `[view, radial, tof, plane]`. L is
    /// −∞ where there are any.
    ///
    /// Of an image that is positive wherever the model may have activity they are those that *every* image makes
    /// impossible: lines that miss the field of view or have no factor, without a background.
    pub fn impossible(&self, x: &[f32]) -> Vec<usize> {
        let (mut places, mut sinogram) = (Vec::new(), self.system.sinogram());
        for subset in 0..self.subsets() {
            self.system.forward(subset, x, &mut sinogram);
            let lines = sinogram.par_chunks(self.column()).enumerate().with_min_len(AT_LEAST);
            let of_lines = lines.map_init(Unpacked::default, |room, (line, integrals)| {
                let first = self.line(subset, line) * self.column();
                let bins = self.bins(subset, line, room);
                of_line(bins, self.planes(), integrals).map(|bin| first + bin).collect::<Vec<_>>()
            });
            places.extend(of_lines.collect::<Vec<_>>().into_iter().flatten());
        }
        places.sort_unstable();
        places
    }
}

fn of_line<'a>(bins: Bins<'a>, planes: usize, integrals: &'a [f32]) -> impl Iterator<Item = usize> + 'a {
    (0..integrals.len()).filter(move |&bin| {
        let (y, m, b) = bins.at(bin, planes);
        term(integrals[bin], y, m, b) == f64::NEG_INFINITY
    })
}
