//! One acquisition: emission and attenuation of all views, then scales, background and counts.

use super::blur::SinogramBlur;
use super::calibration::calibration;
use super::counts::{poisson, thinned};
use super::efficiency::Efficiencies;
use super::lesions::{LesionTracer, added};
use super::randoms::Randoms;
use super::scatter::{ScatterShape, ViewScatter};
use super::singles::{face_mm2, live_shares, rates};
use super::trace::{Attenuation, ViewTracer};
use super::{Correction, CountsConfig, Purpose, SimulateError, SimulationConfig, stream, zeros};
use crate::data::{Background, Counts, Measurement, Product, Singles};
use crate::phantom::Phantom;
use crate::scanner::{RadialSampling, SinogramGeometry};
use crate::units::NonNegative;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One acquisition and everything it is made of.
pub(super) struct Scan<'a> {
    phantom: &'a Phantom,
    geometry: &'a SinogramGeometry,
    config: &'a SimulationConfig,
    efficiencies: Efficiencies,
    /// What the model takes the efficiencies for; `None` where it knows them.
    assumed: Option<Efficiencies>,
    /// Counts per (Bq/mL · mm) of an efficiency of 1, and what the model takes it for; `None` where the prompts are
    /// given.
    calibration: Option<[f64; 2]>,
    randoms: Randoms<'a>,
    scatter: ScatterShape<'a>,
    lesions: Option<Phantom>,
    done: AtomicUsize,
    on_progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Share of its singles that every crystal counts, `[crystal, ring]`; `None` without dead time. The rates are those of
/// the mean activity.
fn live(
    phantom: &Phantom,
    geometry: &SinogramGeometry,
    config: &SimulationConfig,
    efficiencies: &Efficiencies,
) -> Result<Option<Vec<f32>>, SimulateError> {
    let (Some(singles), CountsConfig::Scan(scan)) = (&config.singles, &config.counts) else { return Ok(None) };
    let (dead_time_us, scanner) = (singles.dead_time_us.get(), &geometry.scanner);
    if dead_time_us == 0.0 {
        return Ok(None);
    }
    if geometry.sampling != RadialSampling::Crystals {
        return Err(SimulateError::NotCrystals);
    }
    if scanner.rings_per_block == 0 || scanner.crystals_per_block == 0 {
        return Err(SimulateError::NoBlocks);
    }
    let activity = scan.seconds() / scan.duration_s.get();
    let rates = rates(scanner, phantom, singles);
    let of_crystal = |(rate, efficiency): (&f64, f32)| activity * rate * f64::from(efficiency);
    let rates: Vec<f64> = rates.iter().zip(efficiencies.of_crystals()).map(of_crystal).collect();
    Ok(Some(live_shares(scanner, &rates, dead_time_us)))
}

/// Sums of efficiency × shape over all bins.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    trues: f64,
    randoms: f64,
    scatter: f64,
}

/// Bins whose emission is kept between the pass that finds the scales and the one that counts; that of others is traced
/// twice.
pub(crate) const KEPT_EMISSION: usize = 1 << 30;

/// Emission of a view, `[radial, tof, plane]`.
struct Emission {
    phantom: Vec<f32>,
    /// That of added lesions.
    lesions: Option<Vec<f32>>,
}

/// What traces the views.
struct Tracers<'a> {
    geometry: &'a SinogramGeometry,
    phantom: ViewTracer<'a>,
    lesions: Option<LesionTracer<'a>>,
    blur: Option<SinogramBlur<'a>>,
}

impl<'a> Tracers<'a> {
    fn new(scan: &'a Scan<'a>) -> Self {
        let (geometry, config) = (scan.geometry, scan.config);
        let attenuation = if config.attenuation { Attenuation::Applied } else { Attenuation::None };
        Self {
            geometry,
            phantom: ViewTracer::new(geometry, scan.phantom, config.sub_lines, attenuation),
            lesions: scan.lesions.as_ref().map(|of| LesionTracer::new(geometry, of, config.sub_lines)),
            blur: SinogramBlur::new(geometry, config.resolution_fwhm_mm.get()),
        }
    }

    /// The emission of a view; its attenuation `[radial, plane]` is written, too.
    fn emission(&self, view: usize, attenuation: &mut [f32]) -> Emission {
        let mut phantom = vec![0.0; attenuation.len() * self.geometry.tof_bins()];
        self.phantom.trace(view, &mut phantom, attenuation);
        let mut lesions = self.lesions.as_ref().map(|of| of.trace(view, attenuation, self.geometry));
        if let Some(blur) = &self.blur {
            blur.apply(view, &mut phantom);
            lesions.iter_mut().for_each(|emission| blur.apply(view, emission));
        }
        Emission { phantom, lesions }
    }
}

/// Counts per unit of each shape.
#[derive(Clone, Copy, Debug)]
struct Scales {
    trues: f64,
    /// What the model takes that of the trues for.
    assumed: f64,
    randoms: f64,
    scatter: f64,
}

impl<'a> Scan<'a> {
    pub fn new(
        phantom: &'a Phantom,
        geometry: &'a SinogramGeometry,
        config: &'a SimulationConfig,
        on_progress: &'a (dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, SimulateError> {
        let alive = Efficiencies::new(geometry, config)?;
        let live = live(phantom, geometry, config, &alive)?;
        let dead = |efficiencies: &Efficiencies| live.as_ref().map(|live| efficiencies.times(live));
        let assumed = match [Correction::Normalisation, Correction::DeadTime].map(|known| config.corrects(known)) {
            [true, true] => None,
            [true, false] => Some(alive.clone()),
            [false, dead_time] => {
                let equal = SimulationConfig { efficiency_sigma: NonNegative::default(), ..config.clone() };
                let equal = Efficiencies::new(geometry, &equal)?;
                Some(if dead_time { dead(&equal).unwrap_or(equal) } else { equal })
            }
        };
        let calibration = match &config.counts {
            CountsConfig::TotalPrompts(_) => None,
            CountsConfig::Scan(scan) => {
                let per_second = calibration(geometry, &alive, scan.sensitivity_cps_per_kbq.get());
                let seconds = if config.corrects(Correction::Decay) { scan.seconds() } else { scan.duration_s.get() };
                Some([scan.seconds(), seconds].map(|seconds| seconds * per_second))
            }
        };
        Ok(Self {
            phantom,
            geometry,
            config,
            efficiencies: dead(&alive).unwrap_or(alive),
            assumed,
            calibration,
            randoms: Randoms::new(geometry, phantom, config),
            scatter: ScatterShape::new(geometry),
            lesions: added(phantom, &config.lesions)?,
            done: AtomicUsize::new(0),
            on_progress,
        })
    }

    pub fn acquire(&self) -> Result<Measurement, SimulateError> {
        let (views, lines, bins) = (self.geometry.views, self.geometry.lines(), self.geometry.bins());
        let (view_bins, view_lines) = (bins / views, lines / views);
        let [mut factors, mut randoms, mut scatter] = [zeros(lines)?, zeros(lines)?, zeros(lines)?];
        let tracers = Tracers::new(self);
        let kept = KEPT_EMISSION / (view_bins * (1 + usize::from(self.lesions.is_some())));
        let traced = factors.par_chunks_mut(view_lines).enumerate().map(|(view, attenuation)| {
            let emission = tracers.emission(view, attenuation);
            let shape = self.scatter.of_view(view, &emission.phantom);
            let totals = self.totals(view, &emission.phantom, &shape);
            self.step();
            ((view < kept).then_some(emission), (shape, totals))
        });
        let (emissions, (shapes, totals)): (Vec<_>, (Vec<_>, Vec<_>)) = traced.unzip();
        let scales = self.scales(&totals)?;
        let parts = randoms.par_chunks_mut(view_lines).zip(scatter.par_chunks_mut(view_lines));
        let parts = factors.par_chunks_mut(view_lines).zip(parts).zip(&shapes).enumerate();
        parts.for_each(|(view, ((factors, (randoms, scatter)), shape))| {
            self.known(view, &scales, shape, [factors, randoms, scatter]);
        });
        let prompts = Counts::of_views(views, view_bins, |view, prompts| {
            let again;
            let emission = match &emissions[view] {
                Some(kept) => kept,
                None => {
                    again = tracers.emission(view, &mut vec![0.0; view_lines]);
                    &again
                }
            };
            self.count(view, &scales, &shapes[view], &emission.phantom, prompts);
            if let Some(lesions) = &emission.lesions {
                self.add_lesions(view, scales.trues, lesions, prompts);
            }
            self.step();
        });
        let times: Vec<f32> = shapes.iter().flat_map(|shape| shape.times.iter().map(|share| *share as f32)).collect();
        let background = (scales.randoms > 0.0 || scales.scatter > 0.0).then(|| {
            let mut background = Background::even(self.geometry.shape(), randoms);
            let scatter = Product { lines: scatter, times };
            background.add(Background::of_products(self.geometry.shape(), vec![scatter]));
            background
        });
        Ok(Measurement {
            geometry: self.geometry.clone(),
            prompts,
            factors: Some(factors),
            background,
            ledger: self.config.ledger(),
            clock: self.config.clock(),
        })
    }

    /// Singles that every crystal counts per s, `[crystal, ring]`, the mean over the scan.
    pub fn singles_rates(&self) -> Option<Singles> {
        let (Some(singles), CountsConfig::Scan(scan)) = (&self.config.singles, &self.config.counts) else {
            return None;
        };
        let activity = scan.seconds() / scan.duration_s.get();
        let rates = rates(&self.geometry.scanner, self.phantom, singles).into_iter();
        let own = rates.zip(self.efficiencies.of_crystals()).map(|(rate, own)| (activity * rate) as f32 * own);
        let isotope = scan.isotope.map_or("none".into(), |isotope| isotope.to_string());
        Some(Singles { rates: own.collect(), duration_s: Some(scan.duration_s.get()), isotope: Some(isotope) })
    }

    fn totals(&self, view: usize, emission: &[f32], scatter: &ViewScatter) -> Totals {
        let [_, radial_bins, tof, planes] = self.geometry.shape();
        let (mut efficiency, mut shape) = (vec![0.0; planes], vec![0.0; planes]);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        let mut totals = Totals::default();
        for radial in 0..radial_bins {
            self.efficiencies.column(view, radial, &mut efficiency);
            self.randoms.column(view, radial, &mut shape);
            totals.randoms += dot(&efficiency, &shape);
            self.scatter.column(scatter, view, radial, &mut shape);
            totals.scatter += dot(&efficiency, &shape);
            let column = &emission[radial * tof * planes..(radial + 1) * tof * planes];
            totals.trues += column.chunks_exact(planes).map(|row| dot(&efficiency, row)).sum::<f64>();
        }
        totals
    }

    /// Counts per unit of trues, randoms and scatter.
    fn scales(&self, views: &[Totals]) -> Result<Scales, SimulateError> {
        let sum = |part: fn(&Totals) -> f64| views.iter().map(part).sum::<f64>();
        let totals = Totals { trues: sum(|t| t.trues), randoms: sum(|t| t.randoms), scatter: sum(|t| t.scatter) };
        if totals.trues <= 0.0 {
            let (scanner, phantom) = (self.geometry.scanner.name.clone(), self.phantom.name.clone());
            return Err(SimulateError::NoActivity { scanner, phantom });
        }
        let fraction = self.config.trues_fraction();
        let [trues, assumed] = match (&self.config.counts, self.calibration) {
            (CountsConfig::TotalPrompts(prompts), _) => [fraction * prompts.get() / totals.trues; 2],
            (CountsConfig::Scan(_), calibration) => calibration.unwrap_or_default(),
        };
        let prompts = trues * totals.trues / fraction;
        let scale = |fraction: f64, total: f64| if total > 0.0 { fraction * prompts / total } else { 0.0 };
        let randoms = match (&self.config.singles, &self.config.counts) {
            (Some(singles), CountsConfig::Scan(scan)) => {
                let single = singles.share.get() * face_mm2(&self.geometry.scanner);
                1e-9 * singles.window_ns.get() * single * single * scan.seconds_of_square()
            }
            _ => scale(self.config.randoms_fraction.get(), totals.randoms),
        };
        Ok(Scales { trues, assumed, randoms, scatter: scale(self.config.scatter_fraction.get(), totals.scatter) })
    }

    /// What the model knows of a view: turns attenuation into factors, and fills the background of all TOF bins
    /// together.
    fn known(
        &self,
        view: usize,
        scales: &Scales,
        scatter: &ViewScatter,
        [factors, randoms, scattered]: [&mut [f32]; 3],
    ) {
        let planes = self.geometry.planes();
        let [mut efficiency, mut assumed] = [(); 2].map(|()| vec![0.0; planes]);
        let known = |correction| if self.config.corrects(correction) { 1.0 } else { 0.0 };
        let [randoms_scale, scatter_scale] =
            [known(Correction::Randoms) * scales.randoms, known(Correction::Scatter) * scales.scatter];
        let knows_attenuation = self.config.corrects(Correction::Attenuation);
        let columns = randoms.chunks_exact_mut(planes).zip(scattered.chunks_exact_mut(planes));
        let columns = factors.chunks_exact_mut(planes).zip(columns).enumerate();
        for (radial, (factors, (randoms, scattered))) in columns {
            self.efficiencies.column(view, radial, &mut efficiency);
            self.randoms.column(view, radial, randoms);
            self.scatter.column(scatter, view, radial, scattered);
            match &self.assumed {
                Some(of) => of.column(view, radial, &mut assumed),
                None => assumed.copy_from_slice(&efficiency),
            }
            for (factor, &assumed) in factors.iter_mut().zip(&assumed) {
                let attenuation = if knows_attenuation { f64::from(*factor) } else { 1.0 };
                *factor = (scales.assumed * f64::from(assumed) * attenuation) as f32;
            }
            for (counts, scale) in [(randoms, randoms_scale), (scattered, scatter_scale)] {
                let scaled = |(counts, efficiency): (&mut f32, &f32)| {
                    *counts = (scale * f64::from(*efficiency) * f64::from(*counts)) as f32;
                };
                counts.iter_mut().zip(&efficiency).for_each(scaled);
            }
        }
    }

    /// Counts a view: its trues, randoms and scatter.
    fn count(&self, view: usize, scales: &Scales, scatter: &ViewScatter, emission: &[f32], prompts: &mut [f32]) {
        let [_, _, tof, planes] = self.geometry.shape();
        let mut random = stream(self.config.seed, Purpose::Counts, view);
        let [mut efficiency, mut randoms, mut scattered] = [(); 3].map(|()| vec![0.0; planes]);
        let rows = prompts.chunks_exact_mut(planes).zip(emission.chunks_exact(planes)).enumerate();
        for (row, (prompts, emission)) in rows {
            let (radial, time) = (row / tof, row % tof);
            if time == 0 {
                self.efficiencies.column(view, radial, &mut efficiency);
                self.randoms.column(view, radial, &mut randoms);
                self.scatter.column(scatter, view, radial, &mut scattered);
            }
            let (randoms_scale, scatter_scale) = (scales.randoms / tof as f64, scales.scatter * scatter.times[time]);
            for plane in 0..planes {
                let efficiency = f64::from(efficiency[plane]);
                let extra = randoms_scale * f64::from(randoms[plane]) + scatter_scale * f64::from(scattered[plane]);
                let mean =
                    scales.trues * efficiency * f64::from(emission[plane]) + f64::from((efficiency * extra) as f32);
                prompts[plane] = if self.config.noise { poisson(mean, &mut random) } else { mean as f32 };
            }
        }
    }

    /// Adds the counts of the lesions, which have random numbers of their own.
    fn add_lesions(&self, view: usize, scale: f64, emission: &[f32], prompts: &mut [f32]) {
        let [_, _, tof, planes] = self.geometry.shape();
        let mut random = stream(self.config.seed, Purpose::Lesions, view);
        let mut efficiency = vec![0.0; planes];
        let rows = prompts.chunks_exact_mut(planes).zip(emission.chunks_exact(planes)).enumerate();
        for (row, (prompts, emission)) in rows {
            if row % tof == 0 {
                self.efficiencies.column(view, row / tof, &mut efficiency);
            }
            for ((prompts, &emission), &efficiency) in prompts.iter_mut().zip(emission).zip(&efficiency) {
                let mean = scale * f64::from(efficiency) * f64::from(emission);
                *prompts += if self.config.noise { poisson(mean, &mut random) } else { mean as f32 };
            }
        }
    }

    pub fn at_dose(&self, full: &Measurement, level: usize, dose: f64) -> Measurement {
        if dose == 1.0 { full.clone() } else { thinned(full, dose, level, self.config.noise, self.config.seed) }
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.on_progress)(done, 2 * self.geometry.views);
    }
}
