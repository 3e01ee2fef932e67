//! What methods make of added lesions, at their best settings. Figures are called `lesion.CLASS.…`:
//!
//! - `transmission`: [`transmission`] of image with lesion − image without it, of the same noise; mean over sites, then
//!   realisations.
//! - `erased`: share of lesions of which less than half comes through; with Wilson's interval.
//! - `lg.auc`, `lg.snr`, `gabor.auc`, `gabor.snr`: the channelised Hotelling observer on both kinds of images.
//! - `lg.site_auc`, `lg.auc_difference`, `lg.correlation`: with a template of its own for every site; beside the
//!   yardstick of the study.
//! - `ideal.snr`, `ideal.auc`: what no method can exceed, SNR² = Σ (A d)² / ȳ in the counts; mean over sites.
//!   `lg.efficiency` = (SNR / ideal SNR)².
//! - `false_spots`: where 80 % of the lesions would be called, so many spots of a scan without lesions would be, too.
//! - `flagged`, `erased_unflagged`: shares that the sentinel flagged, and that were erased without being flagged.

use super::beside::{of_yardstick, yardstick};
use super::cache::Cache;
use super::cells::CellScores;
use super::plan::{Plan, Subject, WithLesions};
use crate::config::Study;
use crate::metrics::{
    ChannelSet, Channels, Detection, ERASED, ERASED_UNFLAGGED, Estimate, FALSE_SPOTS, FLAGGED, GABOR_AUC,
    GABOR_EFFICIENCY, GABOR_SNR, IDEAL_AUC, IDEAL_SNR, LG_AUC, LG_AUC_DIFFERENCE, LG_AUC_OF_SITE, LG_CORRELATION,
    LG_EFFICIENCY, LG_SITE_AUC, LG_SNR, Responses, Scores, SiteTests, SpotSearch, TRANSMISSION, TRANSMISSION_RATIO,
    auc_of, detection, transmission, wilson,
};
use crate::operator::GaussianFilter;
use crate::phantom::Phantom;
use crate::run::RunError;
use crate::simulate::{AddedLesion, SimulationConfig, simulate};
use std::collections::BTreeMap;

/// A lesion is erased where less of it comes through.
const ERASED_BELOW: f64 = 0.5;
/// Share of the lesions that a reader shall find, where false spots are counted.
const SENSITIVITY: f64 = 0.8;
/// An observer sees so many diameters around a lesion, or half the way to the next one.
const SEEN_DIAMETERS: f64 = 4.0;

/// Adds the figures of the lesions to the scores of the cells that were shown any.
pub(super) fn score(study: &Study, plan: &Plan, cache: &Cache, cells: &mut [CellScores]) -> Result<(), RunError> {
    let classes = study.lesion_classes();
    let seed = study.config.seeds[0];
    let yardstick = yardstick(study);
    let mut seen = Vec::with_capacity(plan.with_lesions.len());
    let mut ideals: BTreeMap<(usize, usize), Ideal> = BTreeMap::new();
    for shown in &plan.with_lesions {
        let (cell, class) = (&plan.cells[shown.cell], &classes[shown.class]);
        let subject = &plan.subjects[cell.subject];
        let scan = &plan.scans[plan.runs[shown.runs[0]].scan];
        let ideal = match ideals.entry((cell.subject, shown.class)) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(Ideal::of(subject, &scan.simulation)?),
        };
        let images = Images::load(plan, cache, shown)?;
        let sites = Sites::of(subject, &class.lesions, study.simulation.resolution_fwhm_mm.get())?;
        let (scores, of_scans) = sites.scores(&class.name, subject, &images, &ideal.at(scan.prompts), seed);
        cells[shown.cell].extend(scores);
        seen.push(of_scans);
    }
    for (shown, own) in plan.with_lesions.iter().zip(&seen) {
        let Some(other) = of_yardstick(plan, shown, yardstick).map(|other| &seen[other]) else { continue };
        let (scores, class) = (&mut cells[shown.cell], &classes[shown.class].name);
        let ratio = Estimate::of_ratio(&own.gains, &other.gains);
        if ratio.mean.is_finite() {
            scores.add_of(&TRANSMISSION_RATIO, class, ratio);
        }
        if let (Some(own), Some(other)) = (&own.observers, &other.observers) {
            let difference = own.difference(other, seed);
            let correlation = Estimate { count: difference.count, ..Estimate::of(&[own.correlation(other)]) };
            scores.add_of(&LG_AUC_DIFFERENCE, class, difference);
            scores.add_of(&LG_CORRELATION, class, correlation);
        }
    }
    Ok(())
}

/// The ideal observer of every site at some number of prompts.
struct Ideal {
    prompts: f64,
    snr: Vec<f64>,
}

impl Ideal {
    fn of(subject: &Subject, with: &SimulationConfig) -> Result<Self, RunError> {
        let mean = |lesions: Vec<AddedLesion>| {
            let config = SimulationConfig { noise: false, lesions, ..with.clone() };
            let scan = simulate(&subject.phantom, &subject.geometry, &config, &|_, _| ())?.pop();
            Ok::<_, RunError>(scan.map(|scan| scan.prompts.to_vec()).unwrap_or_default())
        };
        let without = mean(Vec::new())?;
        let prompts = without.iter().map(|&count| f64::from(count)).sum();
        let snr = |lesion: &AddedLesion| {
            let with = mean(vec![*lesion])?;
            let bins = with.iter().zip(&without).filter(|(_, without)| **without > 0.0);
            let square =
                bins.map(|(with, without)| f64::from(with - without).powi(2) / f64::from(*without)).sum::<f64>();
            Ok(square.sqrt())
        };
        Ok(Self { prompts, snr: with.lesions.iter().map(snr).collect::<Result<_, RunError>>()? })
    }

    /// With other counts: ȳ and A d are proportional to them.
    fn at(&self, prompts: f64) -> Vec<f64> {
        self.snr.iter().map(|snr| snr * (prompts / self.prompts).sqrt()).collect()
    }
}

/// Images without and with lesions of the same noise, in the order of the seeds, and what the runs with lesions say.
struct Images {
    without: Vec<Vec<f32>>,
    with: Vec<Vec<f32>>,
    scores: Vec<Scores>,
}

impl Images {
    fn load(plan: &Plan, cache: &Cache, shown: &WithLesions) -> Result<Self, RunError> {
        let load = |&run: &usize| cache.load(&plan.runs[run].key);
        let without = plan.cells[shown.cell].runs.iter().map(|run| Ok(load(run)?.0.values));
        let without = without.collect::<Result<_, RunError>>()?;
        let with: Vec<_> = shown.runs.iter().map(load).collect::<Result<_, RunError>>()?;
        let (with, scores) = with.into_iter().map(|(image, scores)| (image.values, scores)).unzip();
        Ok(Self { without, with, scores })
    }
}

/// A lesion on the grid.
struct Site {
    lesion: AddedLesion,
    /// The voxel nearest to its centre.
    voxel: usize,
    /// Share of each voxel inside of it.
    mask: Vec<f32>,
    /// Its activity at the scanner's resolution.
    seen: Vec<f32>,
}

/// What is compared with the yardstick.
struct OfScans {
    /// What comes through, scan by scan.
    gains: Vec<f64>,
    observers: Option<SiteTests>,
}

struct Sites {
    sites: Vec<Site>,
    /// How far an observer sees, in mm.
    reach_mm: f64,
}

impl Sites {
    fn of(subject: &Subject, lesions: &[AddedLesion], fwhm_mm: f64) -> Result<Self, RunError> {
        let grid = &subject.grid;
        let site = |lesion: &AddedLesion| {
            let activity = lesion.added_activity(&subject.phantom)?;
            let ball = Phantom::balls("lesion", &[(lesion.centre_mm, 0.5 * lesion.diameter_mm.get(), activity)]);
            let added = ball.activity_image(grid).values;
            let mut seen = vec![0.0; added.len()];
            GaussianFilter::new(grid, [fwhm_mm; 3]).apply(&added, &mut seen);
            let mask = added.iter().map(|value| value / activity as f32).collect();
            Ok(Site { lesion: *lesion, voxel: grid.nearest(lesion.centre_mm), mask, seen })
        };
        let sites: Vec<Site> = lesions.iter().map(site).collect::<Result<_, RunError>>()?;
        let apart = |(n, a): (usize, &AddedLesion)| {
            let to = |b: &AddedLesion| (0..3).map(|axis| (a.centre_mm[axis] - b.centre_mm[axis]).powi(2)).sum::<f64>();
            lesions[..n].iter().map(|b| to(b).sqrt()).fold(f64::INFINITY, f64::min)
        };
        let nearest = lesions.iter().enumerate().map(apart).fold(f64::INFINITY, f64::min);
        let seen = SEEN_DIAMETERS * lesions.first().map_or(0.0, |lesion| lesion.diameter_mm.get());
        Ok(Self { sites, reach_mm: seen.min(0.5 * nearest) })
    }

    /// The figures of a class, and those of its scans; `seed` is the bootstrap's.
    fn scores(
        &self,
        class: &str,
        subject: &Subject,
        images: &Images,
        ideal: &[f64],
        seed: u64,
    ) -> (CellScores, OfScans) {
        let mut scores = CellScores::default();
        let gains: Vec<Vec<f64>> = images.with.iter().zip(&images.without).map(|(a, b)| self.gains(a, b)).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let of_scans: Vec<f64> = gains.iter().map(|sites| mean(sites)).collect();
        scores.add_of(&TRANSMISSION, class, Estimate::of(&of_scans));
        let erased: Vec<bool> = gains.iter().flatten().map(|gain| *gain < ERASED_BELOW).collect();
        scores.add_of(&ERASED, class, share(&erased));
        let sites = 0..self.sites.len();
        let at = |run: &Scores, site: usize| run.get_of(&FLAGGED, &site.to_string()).copied();
        let flagged = images.scores.iter().flat_map(|run| sites.clone().map(move |site| at(run, site)));
        if let Some(flagged) = flagged.map(|value| value.map(|value| value > 0.0)).collect::<Option<Vec<bool>>>() {
            let unseen: Vec<bool> = erased.iter().zip(&flagged).map(|(erased, flagged)| *erased && !flagged).collect();
            scores.add_of(&FLAGGED, class, share(&flagged));
            scores.add_of(&ERASED_UNFLAGGED, class, share(&unseen));
        }
        let number = |value: f64| Estimate { count: images.with.len(), ..Estimate::of(&[value]) };
        scores.add_of(&IDEAL_SNR, class, number(mean(ideal)));
        scores.add_of(&IDEAL_AUC, class, number(mean(&ideal.iter().map(|snr| auc_of(*snr)).collect::<Vec<_>>())));
        let [laguerre_gauss, gabor] =
            [ChannelSet::LaguerreGauss, ChannelSet::Gabor].map(|set| self.responses(subject, set, images));
        let observers = [
            (&laguerre_gauss, [&LG_SNR, &LG_AUC, &LG_EFFICIENCY]),
            (&gabor, [&GABOR_SNR, &GABOR_AUC, &GABOR_EFFICIENCY]),
        ];
        for ([absent, present], [of_snr, of_auc, of_efficiency]) in observers {
            if let Some(Detection { snr, auc, low, high }) = detection(absent, present, 0) {
                scores.add_of(of_snr, class, number(snr));
                let range = Estimate { low: Some(low), high: Some(high), ..number(auc) };
                scores.add_of(of_auc, class, range);
                scores.add_of(of_efficiency, class, number((snr / mean(ideal)).powi(2)));
            }
        }
        let [absent, present] = &laguerre_gauss;
        let observers = SiteTests::new(absent, present);
        if let Some(observers) = &observers {
            scores.add_of(&LG_SITE_AUC, class, observers.auc(seed));
            for (site, auc) in observers.of_sites().into_iter().enumerate() {
                scores.add_of(&LG_AUC_OF_SITE, format!("{class}.site-{}", site + 1), number(auc));
            }
        }
        if let Some(spots) = self.false_spots(subject, images) {
            scores.add_of(&FALSE_SPOTS, class, spots);
        }
        (scores, OfScans { gains: of_scans, observers })
    }

    fn gains(&self, with: &[f32], without: &[f32]) -> Vec<f64> {
        self.sites.iter().map(|site| transmission(with, without, &site.mask, &site.seen)).collect()
    }

    /// Of the images without and with lesions.
    fn responses(&self, subject: &Subject, set: ChannelSet, images: &Images) -> [Responses; 2] {
        let channels: Vec<Channels> = self
            .sites
            .iter()
            .map(|Site { lesion, .. }| {
                let (centre_mm, diameter_mm) = (lesion.centre_mm, lesion.diameter_mm.get());
                Channels::around(set, &subject.grid, centre_mm, diameter_mm, self.reach_mm)
            })
            .collect();
        let responses = |images: &[Vec<f32>]| -> Responses {
            images.iter().map(|image| channels.iter().map(|channels| channels.responses(image)).collect()).collect()
        };
        [responses(&images.without), responses(&images.with)]
    }

    /// Spots of scans without lesions, in what they show beyond their mean. `None` with one realisation.
    fn false_spots(&self, subject: &Subject, images: &Images) -> Option<Estimate> {
        let count = images.without.len();
        let diameter_mm = self.sites.first()?.lesion.diameter_mm.get();
        let object = subject.reference.object.as_deref().filter(|_| count > 1)?;
        let search = SpotSearch::new(&subject.grid, diameter_mm, object.iter().map(|share| *share > 0.999).collect());
        let mut mean = vec![0.0; object.len()];
        for image in &images.without {
            mean.iter_mut().zip(image).for_each(|(mean, value)| *mean += value / count as f32);
        }
        // The mean holds a share of each image's own noise.
        let own = (count as f32 / (count - 1) as f32).sqrt();
        let excess = |image: &Vec<f32>| image.iter().zip(&mean).map(|(x, mean)| own * (x - mean)).collect::<Vec<f32>>();
        let mut found: Vec<f64> = Vec::new();
        for (with, without) in images.with.iter().zip(&images.without) {
            let mut shown = excess(without);
            shown
                .iter_mut()
                .zip(with.iter().zip(without))
                .for_each(|(shown, (with, without))| *shown += with - without);
            found.extend(self.sites.iter().map(|site| search.near(&shown, site.voxel)));
        }
        found.sort_by(f64::total_cmp);
        let threshold = found[((1.0 - SENSITIVITY) * found.len() as f64) as usize];
        let spots = |image| search.spots(&search.responses(&excess(image)), threshold) as f64;
        Some(Estimate::of(&images.without.iter().map(spots).collect::<Vec<_>>()))
    }
}

fn share(hits: &[bool]) -> Estimate {
    let (count, hit) = (hits.len(), hits.iter().filter(|hit| **hit).count());
    let [low, high] = wilson(hit, count);
    Estimate { mean: hit as f64 / count as f64, sd: None, low: Some(low), high: Some(high), count }
}
