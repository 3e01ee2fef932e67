//! Lesions that only the counts hold: where they are put, and whether the sentinel finds them.

use super::plan::Subject;
use crate::config::{ErasedConfig, ReconConfig, ResolutionConfig};
use crate::data::Measurement;
use crate::image::Image;
use crate::likelihood::Model;
use crate::metrics::{Ball, ERASED_DIAMETER, ERASED_FLAGGED, ERASED_SNR, Scores};
use crate::operator::Margin;
use crate::phantom::Phantom;
use crate::prior::mean_activity;
use crate::run::{RunError, flagged_missing, held_out};
use crate::simulate::{AddedLesion, SimulationConfig, simulate, split};
use crate::units::Positive;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::sync::Arc;

/// Lesions of a scan are so far apart that none disturbs another.
const APART_MM: f64 = 60.0;
/// Distance from the ends of the image, beside the lesion's radius.
const FROM_ENDS_MM: f64 = 12.0;
/// Tissue in which a lesion may lie, over the mean activity.
const TISSUE: [f32; 2] = [0.4, 2.5];
/// Voxels that are tried for each lesion.
const TRIES: usize = 200;

/// What the sentinel says of lesions that only the counts hold. `whole`: the scan without them; `whole_image`: what was
/// made of it; `threshold`: what the sentinel of that image used.
pub(super) fn of_run(
    asked: &ErasedConfig,
    subject: &Subject,
    simulation: &SimulationConfig,
    config: &ReconConfig,
    whole: &Measurement,
    whole_image: &(Image, Margin),
    threshold: f64,
) -> Result<Scores, RunError> {
    let Some(sentinel) = config.sentinel() else { return Ok(Scores::default()) };
    let (_, kept) = held_out(Some(&sentinel), whole.clone())?;
    let mut kept = kept.unwrap_or_else(|| whole.clone());
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    let sites = sites(asked, subject, simulation.seed);
    let shown: Vec<(Site, AddedLesion)> = {
        let model = Model::new(&Arc::new(kept.clone()), subject.grid, widths.clone(), 1)?;
        let truth = model.expected(&subject.reference.truth.values);
        let silent = Measurement { background: None, ..kept.clone() };
        let silent = model.with_measurement(silent);
        let hot = |site: Site| {
            let lesion = site.lesion(&subject.phantom, &silent, &truth).transpose()?;
            Some(lesion.map(|lesion| (site, lesion)))
        };
        sites.into_iter().filter_map(hot).collect::<Result<_, RunError>>()?
    };
    if shown.is_empty() {
        return Ok(Scores::default());
    }
    let lesions = shown.iter().map(|(_, lesion)| *lesion).collect();
    let with = SimulationConfig { lesions, ..simulation.clone() };
    let Some(with) = simulate(&subject.phantom, &subject.geometry, &with, &|_, _| ())?.pop() else {
        return Ok(Scores::default());
    };
    // The counts of the lesions alone, as many as were kept of all.
    let added: Vec<f32> = with.prompts.iter().zip(whole.prompts.iter()).map(|(with, without)| with - without).collect();
    let mut added = Measurement { prompts: added.into(), ..whole.clone() };
    if sentinel.held_out.get() > 0.0 {
        added = split(&added, 1.0 - sentinel.held_out.get(), sentinel.seed.wrapping_add(1))?.1;
    }
    let both: Vec<f32> = kept.prompts.iter().zip(added.prompts.iter()).map(|(kept, added)| kept + added).collect();
    kept.prompts = both.into();
    let model = Model::new(&Arc::new(kept), whole_image.1.wider(), widths.clone(), 1)?;
    let missing = flagged_missing(&sentinel, &model, whole_image, threshold);
    let mut scores = Scores::default();
    for (number, (site, lesion)) in shown.iter().enumerate() {
        let ball = Ball::new(&subject.grid, 0.5 * site.diameter_mm);
        let found = ball.around(subject.grid.nearest(lesion.centre_mm)).any(|voxel| missing[voxel]);
        scores.add_of(&ERASED_SNR, number.to_string(), site.snr);
        scores.add_of(&ERASED_DIAMETER, number.to_string(), site.diameter_mm);
        scores.add_of(&ERASED_FLAGGED, number.to_string(), f64::from(u8::from(found)));
    }
    Ok(scores)
}

/// Where a lesion is to be, and how visible.
struct Site {
    centre_mm: [f64; 3],
    diameter_mm: f64,
    snr: f64,
}

impl Site {
    /// The lesion that an ideal observer sees with this signal-to-noise ratio; `None` where the scan sees nothing.
    fn lesion(&self, phantom: &Phantom, silent: &Model, mean: &[f32]) -> Result<Option<AddedLesion>, RunError> {
        let twice = AddedLesion {
            centre_mm: self.centre_mm,
            diameter_mm: Positive::constant(self.diameter_mm),
            contrast: Positive::constant(2.0),
        };
        let activity = twice.added_activity(phantom)?;
        let ball = Phantom::balls("lesion", &[(self.centre_mm, 0.5 * self.diameter_mm, activity)]);
        let counts = silent.expected(&ball.activity_image(&silent.grid()).values);
        let bins = counts.iter().zip(mean).filter(|(_, mean)| **mean > 0.0);
        let square: f64 = bins.map(|(count, mean)| f64::from(*count).powi(2) / f64::from(*mean)).sum();
        let contrast = 1.0 + self.snr / square.sqrt();
        Ok(contrast.is_finite().then(|| AddedLesion { contrast: Positive::constant(contrast), ..twice }))
    }
}

/// Places in active tissue, drawn at random.
fn sites(asked: &ErasedConfig, subject: &Subject, seed: u64) -> Vec<Site> {
    let (grid, truth) = (&subject.grid, &subject.reference.truth);
    let mean = mean_activity(grid, &truth.values);
    // Other places in every phantom, although their scans have the same seed.
    let own = subject.name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut random = Pcg64::seed_from_u64(own);
    let mut sites: Vec<Site> = Vec::new();
    let [_, ny, nz] = grid.shape;
    let half_mm = 0.5 * nz as f64 * grid.voxel_mm[2];
    let middle_mm = grid.origin_mm[2] + half_mm - 0.5 * grid.voxel_mm[2];
    for _ in 0..asked.sites {
        let diameter_mm = asked.diameter_mm[random.random_range(0..asked.diameter_mm.len())].get();
        let snr = asked.snr[random.random_range(0..asked.snr.len())].get();
        let fits = |&voxel: &usize| {
            let at = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
            let tissue = truth.values[voxel] / mean;
            let apart = |site: &Site| (0..3).map(|axis| (site.centre_mm[axis] - at[axis]).powi(2)).sum::<f64>().sqrt();
            (TISSUE[0]..TISSUE[1]).contains(&tissue)
                && subject.phantom.shape_at(at).is_some_and(|shape| subject.phantom.activity(shape) > 0.0)
                && (at[2] - middle_mm).abs() < half_mm - FROM_ENDS_MM - 0.5 * diameter_mm
                && sites.iter().all(|site| apart(site) > APART_MM)
        };
        let place = (0..TRIES).map(|_| random.random_range(0..grid.voxels())).find(fits);
        if let Some(voxel) = place {
            let centre_mm = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
            sites.push(Site { centre_mm, diameter_mm, snr });
        }
    }
    sites
}
