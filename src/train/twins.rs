//! Twin scans: two noises of one body, each without and with lesions. What the lesions change is all that two of them
//! differ in, what noise changes all that the other two do: so a network can be asked what it does to either.
//!
//! A body comes with its carpet of blobs, if it has one, in all four.

use super::anatomy::{Anatomy, Bodies, Painted, Spot, informations};
use super::case::{Acquisition, Case, Source};
use super::detection::Four;
use super::scan::Expected;
use crate::operator::GaussianFilter;
use crate::simulate::SimulateError;
use coincide_kernels::zeros;

/// Probes of a carpet's visibility.
const PROBES: usize = 8;
/// FWHM of what an observer takes for the surroundings of a lesion, in mm.
const SURROUNDINGS_MM: f64 = 20.0;

/// Four scans of one body, in the unit of its activity.
pub struct Twins {
    /// Of the noises a and b, each without and with lesions: a0, a1, b0, b1.
    pub scans: Four<Case>,
    /// The lesions.
    pub lesions: Vec<Added>,
    /// The anatomical image, on the grid of the scans.
    pub anatomical: Vec<f32>,
}

/// What a lesion adds, on the grid of the scans.
pub struct Added {
    /// u = h − G h of the added activity h at the target's resolution: what an observer looks for.
    pub template: Vec<f32>,
    /// Where it is: its added activity over the largest; negative for a cold one.
    pub mask: Vec<f32>,
}

impl Source {
    /// The twins of an index; the same seed and index make the same.
    pub fn twins(&self, index: usize) -> Result<Twins, SimulateError> {
        let acquisition = self.acquisition(index)?;
        let (fine, seed) = (acquisition.fine, acquisition.settings.seed);
        let bodies = Bodies { families: &self.families, guide: None, room: self.room(&fine), public: &self.public };
        let anatomy = bodies.draw(self.seed, index);
        let mut body = anatomy.paint(&fine);
        if !anatomy.carpet().is_empty() {
            let bare = acquisition.expected(self.stack, &body)?;
            lay_carpet(&anatomy, &bare, &acquisition, &mut body);
        }
        let expected = acquisition.expected(self.stack, &body)?;
        let spots: Vec<Spot> = (0..anatomy.lesions().len()).map(|n| anatomy.paint_lesion(&fine, n)).collect();
        let mut added = zeros(fine.voxels());
        spots.iter().flatten().for_each(|(voxel, value)| added[*voxel] += value);
        let more = expected.of_added(&added);
        let with: Vec<f32> = body.activity.iter().zip(&added).map(|(body, added)| body + added).collect();
        let truths = [&body.activity, &with].map(|activity| self.at_target(activity, &acquisition));
        let scan = |noise: usize| {
            let seed = seed.wrapping_add(noise as u64);
            let without = expected.counts(seed);
            let with = expected.counts_with(&without, &more, seed);
            let case = |counts, truth: &Vec<f32>| acquisition.case(expected.measurement(counts), truth.clone());
            [case(without, &truths[0]), case(with, &truths[1])]
        };
        let ([a0, a1], [b0, b1]) = (scan(0), scan(1));
        let lesions = spots.iter().map(|spot| self.added(spot, &acquisition)).collect();
        Ok(Twins { scans: [a0, a1, b0, b1], lesions, anatomical: acquisition.coarse(&body.anatomical) })
    }

    fn added(&self, spot: &Spot, acquisition: &Acquisition) -> Added {
        let mut sharp = zeros(acquisition.fine.voxels());
        spot.iter().for_each(|(voxel, value)| sharp[*voxel] += value);
        let (mut template, mut mask) = (self.at_target(&sharp, acquisition), acquisition.coarse(&sharp));
        let mut around = zeros(template.len());
        GaussianFilter::new(&acquisition.grid, [SURROUNDINGS_MM; 3]).apply(&template, &mut around);
        template.iter_mut().zip(&around).for_each(|(h, around)| *h -= around);
        let largest = mask.iter().map(|value| value.abs()).fold(0.0, f32::max);
        if largest > 0.0 {
            mask.iter_mut().for_each(|value| *value /= largest);
        }
        Added { template, mask }
    }
}

/// Blobs as visible as they shall be in this scan.
fn lay_carpet(anatomy: &Anatomy, bare: &Expected, acquisition: &Acquisition, body: &mut Painted) {
    let fine = &acquisition.fine;
    let spots: Vec<Spot> = (0..anatomy.carpet().len()).map(|n| anatomy.paint_blob(fine, n)).collect();
    let known = informations(&spots, fine.voxels(), PROBES, acquisition.settings.seed, |image| bare.curvature(image));
    for ((blob, spot), information) in anatomy.carpet().iter().zip(&spots).zip(known) {
        let amplitude = blob.amplitude(information) as f32;
        spot.iter().for_each(|(voxel, value)| body.activity[*voxel] += amplitude * value);
    }
}
