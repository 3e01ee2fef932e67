//! Simulated scans: phantom → measurement.
//!
//!   ȳ = m ⊙ (G x) + b,   y ~ Poisson(ȳ),   m = c · ε ⊙ exp(−∫ µ dl)
//!
//! G x are exact chords of the analytic phantom (never a projector of a voxel image, so no inverse crime), x in Bq/mL,
//! ε the crystals' efficiencies times the number of crystal pairs of a bin, c the calibration in counts per (Bq/mL ·
//! mm), b randoms and scatter with stated shares of the prompts. What the scanner does beyond the model of a
//! reconstruction, where asked for: lines spread over the crystal faces, attenuation averaged with the emission, and a
//! blur in the sinogram instead of the image. With `counts.scan`, x decays, and c holds the positrons per Bq of the
//! whole scan; with `singles`, randoms are 2τ s₁ s₂, and blocks of a singles rate R count the share exp(−R τ_d) of
//! theirs, which is part of ε.
//!
//! Bins are `[view, radial, tof, plane]`, factors `[view, radial, plane]`. Views are independent and have their own
//! random streams: the same configuration and seed give the same bytes on any number of threads.

mod blur;
mod calibration;
mod config;
mod counts;
mod efficiency;
mod error;
mod faces;
mod lesions;
mod randoms;
mod scan;
mod scatter;
mod singles;
mod timing;
mod trace;
mod unfit;

pub use config::{CountsConfig, DoseLevel, RandomsShape, ScanConfig, SimulationConfig};
use counts::countable;
pub(crate) use counts::{binomial, poisson};
pub use counts::{resampled, split};
pub(crate) use efficiency::Efficiencies;
pub use error::SimulateError;
pub use lesions::{AddedLesion, added};
pub(crate) use scan::KEPT_EMISSION;
pub use singles::SinglesConfig;
pub use trace::{Projection, project};
pub use unfit::unfit;

use crate::data::{Correction, Counts, Ledger, Measurement, Singles};
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use scan::Scan;

/// What random numbers are for; each purpose has streams of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Crystals = 1,
    Counts = 2,
    Thinning = 3,
    Anatomy = 4,
    Scan = 5,
    Weights = 6,
    Filter = 7,
    Resampling = 8,
    Lesions = 9,
    Delayeds = 10,
}

/// Random numbers of one purpose and one view, unrelated to those of all others.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: usize) -> Pcg64 {
    Pcg64::seed_from_u64(mixed(mixed(seed).wrapping_add((purpose as u64) << 48 | index as u64)))
}

/// SplitMix64 (Steele, Lea and Flood 2014): neighbouring numbers become unrelated ones.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// Simulates a scan; one measurement per dose level, in the order of the configuration. `on_progress` is called with
/// the steps done and their total, from any thread.
pub fn simulate(
    phantom: &Phantom,
    geometry: &SinogramGeometry,
    config: &SimulationConfig,
    on_progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Measurement>, SimulateError> {
    config.check()?;
    let scan = Scan::new(phantom, geometry, config, on_progress)?;
    let full = countable(scan.acquire()?)?;
    if config.dose_levels == [DoseLevel::FULL] {
        return Ok(vec![full]);
    }
    let levels = config.dose_levels.iter().enumerate();
    Ok(levels.map(|(level, dose)| scan.at_dose(&full, level, dose.get())).collect())
}

/// Delayed coincidences: counts of the expected randoms of a scan, independent of its prompts. A measurement without
/// factors or background.
pub fn delayeds(
    phantom: &Phantom,
    geometry: &SinogramGeometry,
    config: &SimulationConfig,
) -> Result<Measurement, SimulateError> {
    let without_prompts = SimulationConfig {
        uncorrected: vec![Correction::Scatter],
        noise: false,
        dose_levels: vec![DoseLevel::FULL],
        lesions: Vec::new(),
        ..config.clone()
    };
    let scan = simulate(phantom, geometry, &without_prompts, &|_, _| ())?.remove(0);
    let column = scan.geometry.planes() * scan.geometry.tof_bins();
    let prompts = Counts::of_views(geometry.views, scan.view_bins(), |view, bins| {
        let (mut random, mut room) = (stream(config.seed, Purpose::Delayeds, view), Vec::new());
        let Some(randoms) = &scan.background else { return bins.fill(0.0) };
        for (radial, bins) in bins.chunks_mut(column).enumerate() {
            bins.copy_from_slice(randoms.line(view * geometry.radial_bins + radial, &mut room));
            bins.iter_mut().filter(|_| config.noise).for_each(|bin| *bin = poisson(f64::from(*bin), &mut random));
        }
    });
    countable(Measurement { prompts, factors: None, background: None, ledger: Ledger::raw(), ..scan })
}

/// Singles that every crystal counts per s, `[crystal, ring]`, the mean over the scan; `None` where the config asks for
/// none.
pub fn singles_rates(
    phantom: &Phantom,
    geometry: &SinogramGeometry,
    config: &SimulationConfig,
) -> Result<Option<Singles>, SimulateError> {
    config.check()?;
    Ok(Scan::new(phantom, geometry, config, &|_, _| ())?.singles_rates())
}

/// An array of the sinogram, or the reason why there is no room for it.
fn zeros(bins: usize) -> Result<Vec<f32>, SimulateError> {
    let mut values = Vec::new();
    let gigabytes = bins as f64 * 4e-9;
    values.try_reserve_exact(bins).map_err(|_| SimulateError::Memory { bins, gigabytes })?;
    values.resize(bins, 0.0);
    Ok(values)
}
