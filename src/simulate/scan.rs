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
use crate::data::Measurement;
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
    /// Counts per (Bq/mL · mm) of an efficiency of 1, and what the model takes it for; `None` where the prompts are given.
    calibration: Option<[f64; 2]>,
    randoms: Randoms<'a>,
    scatter: ScatterShape<'a>,
    lesions: Option<Phantom>,
    done: AtomicUsize,
    on_progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Share of its singles that every crystal counts, `[crystal, ring]`; `None` without dead time. The rates are those of the mean activity.
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

/// What a view's counts besides the phantom's own are made of.
struct Shapes {
    scatter: ViewScatter,
    /// Emission of added lesions.
    lesions: Option<Vec<f32>>,
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
        let mut prompts = zeros(self.geometry.bins())?;
        let mut factors = zeros(self.geometry.lines())?;
        let mut background = zeros(self.geometry.bins())?;
        let (view_bins, view_lines) = (prompts.len() / self.geometry.views, factors.len() / self.geometry.views);
        let attenuation = if self.config.attenuation { Attenuation::Applied } else { Attenuation::None };
        let tracer = ViewTracer::new(self.geometry, self.phantom, self.config.sub_lines, attenuation);
        let lesions = self.lesions.as_ref().map(|of| LesionTracer::new(self.geometry, of, self.config.sub_lines));
        let blur = SinogramBlur::new(self.geometry, self.config.resolution_fwhm_mm.get());
        let views = prompts.par_chunks_mut(view_bins).zip(factors.par_chunks_mut(view_lines)).enumerate();
        let (shapes, totals): (Vec<_>, Vec<_>) = views
            .map(|(view, (emission, attenuation))| {
                tracer.trace(view, emission, attenuation);
                let mut lesions = lesions.as_ref().map(|of| of.trace(view, attenuation, self.geometry));
                if let Some(blur) = &blur {
                    blur.apply(view, emission);
                    lesions.iter_mut().for_each(|emission| blur.apply(view, emission));
                }
                let scatter = self.scatter.of_view(view, emission);
                let totals = self.totals(view, emission, &scatter);
                self.step();
                (Shapes { scatter, lesions }, totals)
            })
            .unzip();
        let scales = self.scales(&totals)?;
        let views = prompts.par_chunks_mut(view_bins).zip(factors.par_chunks_mut(view_lines));
        let views = views.zip(background.par_chunks_mut(view_bins)).zip(&shapes).enumerate();
        views.for_each(|(view, (((prompts, factors), background), shapes))| {
            self.count(view, &scales, &shapes.scatter, [prompts, factors, background]);
            if let Some(emission) = &shapes.lesions {
                self.add_lesions(view, scales.trues, emission, prompts);
            }
            self.step();
        });
        let has_background = scales.randoms > 0.0 || scales.scatter > 0.0;
        Ok(Measurement {
            geometry: self.geometry.clone(),
            prompts,
            factors: Some(factors),
            background: has_background.then_some(background),
            calibrated: true,
            duration_s: match self.config.counts {
                CountsConfig::Scan(scan) => Some(scan.duration_s.get()),
                CountsConfig::TotalPrompts(_) => None,
            },
        })
    }

    /// Singles that every crystal counts per s, `[crystal, ring]`.
    pub fn singles_rates(&self) -> Option<Vec<f32>> {
        let (Some(singles), CountsConfig::Scan(scan)) = (&self.config.singles, &self.config.counts) else {
            return None;
        };
        let activity = scan.seconds() / scan.duration_s.get();
        let rates = rates(&self.geometry.scanner, self.phantom, singles).into_iter();
        Some(rates.zip(self.efficiencies.of_crystals()).map(|(rate, own)| (activity * rate) as f32 * own).collect())
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

    /// Turns emission into prompts, attenuation into factors, and fills the background.
    fn count(
        &self,
        view: usize,
        scales: &Scales,
        scatter: &ViewScatter,
        [prompts, factors, background]: [&mut [f32]; 3],
    ) {
        let [_, _, tof, planes] = self.geometry.shape();
        let mut random = stream(self.config.seed, Purpose::Counts, view);
        let [mut efficiency, mut assumed, mut randoms, mut scattered] = [(); 4].map(|()| vec![0.0; planes]);
        let known = |correction| if self.config.corrects(correction) { 1.0 } else { 0.0 };
        let [knows_randoms, knows_scatter] = [Correction::Randoms, Correction::Scatter].map(known);
        let knows_attenuation = self.config.corrects(Correction::Attenuation);
        for (radial, factors) in factors.chunks_exact_mut(planes).enumerate() {
            self.efficiencies.column(view, radial, &mut efficiency);
            self.randoms.column(view, radial, &mut randoms);
            self.scatter.column(scatter, view, radial, &mut scattered);
            match &self.assumed {
                Some(of) => of.column(view, radial, &mut assumed),
                None => assumed.copy_from_slice(&efficiency),
            }
            for (factor, &assumed) in factors.iter_mut().zip(&assumed) {
                let attenuation = if knows_attenuation { f64::from(*factor) } else { 1.0 };
                *factor = (scales.assumed * f64::from(assumed) * attenuation) as f32;
            }
            for time in 0..tof {
                let bins = (radial * tof + time) * planes..(radial * tof + time + 1) * planes;
                let (prompts, background) = (&mut prompts[bins.clone()], &mut background[bins]);
                let (randoms_scale, scatter_scale) =
                    (scales.randoms / tof as f64, scales.scatter * scatter.times[time]);
                for plane in 0..planes {
                    let efficiency = f64::from(efficiency[plane]);
                    let randoms = randoms_scale * f64::from(randoms[plane]);
                    let scatter = scatter_scale * f64::from(scattered[plane]);
                    background[plane] = (efficiency * (knows_randoms * randoms + knows_scatter * scatter)) as f32;
                    let extra = (efficiency * (randoms + scatter)) as f32;
                    let mean = scales.trues * efficiency * f64::from(prompts[plane]) + f64::from(extra);
                    prompts[plane] = if self.config.noise { poisson(mean, &mut random) } else { mean as f32 };
                }
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
