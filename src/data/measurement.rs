//! y ~ Poisson(m ⊙ G B x + b)

use super::{Background, Clock, Counts, Ledger};
use crate::scanner::SinogramGeometry;
use rayon::prelude::*;
use std::ops::Range;

/// Everything a reconstruction needs of a scan. Bins are `[view, radial, tof, plane]`, plane contiguous.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Where the lines are.
    pub geometry: SinogramGeometry,
    /// Measured prompts y, in counts.
    pub prompts: Counts,
    /// Multiplicative factors m (attenuation × normalisation × calibration), the same for all TOF bins:
    /// `[view, radial, plane]`. `None` means 1.
    pub factors: Option<Vec<f32>>,
    /// Expected randoms and scatter b, in counts, `[view, radial, tof, plane]`. `None` means 0.
    pub background: Option<Background>,
    /// What m and b hold already.
    pub ledger: Ledger,
    /// When it was measured, and of what.
    pub clock: Clock,
}

impl Measurement {
    /// Total prompts.
    pub fn total_prompts(&self) -> f64 {
        self.prompts.total()
    }

    /// Total expected background.
    pub fn total_background(&self) -> f64 {
        self.background.as_ref().map_or(0.0, Background::total)
    }

    /// Whether some bin has counts but no background, which only activity on its line can explain.
    pub fn has_bare_counts(&self) -> bool {
        let Some(background) = &self.background else { return true };
        let [views, radial, tof, planes] = self.geometry.shape();
        let bare = |(counts, expected): &mut (Vec<f32>, Vec<f32>), line: usize| {
            let counts = self.prompts.range(line * tof * planes..(line + 1) * tof * planes, counts);
            counts.iter().zip(background.line(line, expected)).any(|(y, b)| *y > 0.0 && *b <= 0.0)
        };
        (0..views * radial).into_par_iter().map_init(Default::default, bare).any(|bare| bare)
    }

    /// Bins of one view.
    pub fn view_bins(&self) -> usize {
        let [_, radial, tof, planes] = self.geometry.shape();
        radial * tof * planes
    }

    /// Prompts and background of some planes of the transaxial line number `line`, each summed over the TOF bins.
    pub fn over_time(&self, line: usize, planes: Range<usize>) -> [Vec<f64>; 2] {
        let [_, _, tof, all] = self.geometry.shape();
        let first = line * tof * all;
        let prompts = |plane: usize| (0..tof).map(|t| f64::from(self.prompts.at(first + t * all + plane))).sum();
        let mut background = vec![0.0; planes.len()];
        if let Some(of) = &self.background {
            of.add_over_time(line, planes.clone(), &mut background);
        }
        [planes.map(prompts).collect(), background]
    }

    /// Bytes of the counts, the factors and the background.
    pub fn bytes(&self) -> usize {
        let factors = self.factors.as_ref().map_or(0, |factors| 4 * factors.len());
        self.prompts.bytes() + factors + self.background.as_ref().map_or(0, Background::bytes)
    }
}
