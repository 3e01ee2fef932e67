//! What a measurement lacks of its model ȳ = m ⊙ (G B x) + b: attenuation, normalisation and decay in m, randoms in b.

use super::attenuation::attenuate;
use super::listmode::header_of;
use super::measurement::read_measurement;
use super::{RunError, warn};
use crate::config::{DecayConfig, NormalisationConfig, RandomsSource, ReconConfig, Source};
use crate::data::{Measurement, NormParts, Singles, randoms_of_singles, smooth_randoms};
use crate::io::hdf5::{read_normalisation, read_singles};
use crate::io::norm::read_norm;
use crate::scanner::SinogramGeometry;
use crate::simulate::Isotope;

/// Completes a measurement by what the config names.
pub(super) fn correct(measurement: &mut Measurement, config: &ReconConfig, source: &Source) -> Result<(), RunError> {
    if let Some(attenuation) = &config.attenuation {
        attenuate(measurement, attenuation, source)?;
    }
    if let Some(normalisation) = &config.normalisation {
        normalise(measurement, normalisation, config.decay.as_ref(), source)?;
    } else if let Some(decay) = &config.decay {
        decayed(measurement, decay, source)?;
    }
    if let Some(randoms) = &config.randoms {
        add_randoms(measurement, randoms, config.decay.as_ref(), source)?;
    }
    Ok(())
}

/// Multiplies the factors by efficiencies; with calibrated ones, and the duration, the image comes out in Bq/mL.
pub(super) fn normalise(
    measurement: &mut Measurement,
    config: &NormalisationConfig,
    decay: Option<&DecayConfig>,
    source: &Source,
) -> Result<(), RunError> {
    let path = &config.file;
    let own = path.extension().is_some_and(|ending| ending == "h5" || ending == "hdf5");
    let norm = if own { read_normalisation(path)?.0 } else { read_norm(&header_of(path))? };
    let parts = NormParts {
        crystals: !config.without_crystals,
        geometric: !config.without_geometric,
        interference: !config.without_interference,
        axial: !config.without_axial,
    };
    let geometry = SinogramGeometry { tof: None, ..measurement.geometry.clone() };
    let mut efficiencies = norm.efficiencies(&geometry, parts, None)?;
    let calibrated = norm.calibrated && parts.axial;
    if calibrated {
        let duration = duration(measurement, "normalisation.file", source)?;
        let seconds = decay.map_or(duration, |decay| decay.seconds(duration)) as f32;
        efficiencies.iter_mut().for_each(|efficiency| *efficiency *= seconds);
    }
    measurement.calibrated |= calibrated;
    match &mut measurement.factors {
        None => measurement.factors = Some(efficiencies),
        Some(factors) => factors.iter_mut().zip(efficiencies).for_each(|(factor, own)| *factor *= own),
    }
    if !calibrated && let Some(decay) = decay {
        decayed(measurement, decay, source)?;
    }
    Ok(())
}

/// Multiplies the factors by the positrons per second and Bq over the scan.
fn decayed(measurement: &mut Measurement, decay: &DecayConfig, source: &Source) -> Result<(), RunError> {
    let duration = duration(measurement, "decay", source)?;
    let share = (decay.seconds(duration) / duration) as f32;
    let lines = measurement.geometry.lines();
    let factors = measurement.factors.get_or_insert_with(|| vec![1.0; lines]);
    factors.iter_mut().for_each(|factor| *factor *= share);
    Ok(())
}

/// Adds expected randoms to the background.
pub(super) fn add_randoms(
    measurement: &mut Measurement,
    config: &RandomsSource,
    decay: Option<&DecayConfig>,
    source: &Source,
) -> Result<(), RunError> {
    let geometry = &measurement.geometry;
    let randoms = match config {
        RandomsSource::Delayeds(path) => {
            let delayeds = read_measurement(path)?;
            if delayeds.geometry.shape() != geometry.shape() || delayeds.geometry.segments != geometry.segments {
                let (own, theirs) = (geometry.shape(), delayeds.geometry.shape());
                let message = format!("the delayeds are a sinogram {theirs:?}, the prompts one of {own:?}");
                let help = Some("both must be histogrammed in the same way".into());
                return Err(source.mistake("randoms.delayeds", message, help).into());
            }
            smooth_randoms(geometry, &delayeds.prompts)?
        }
        RandomsSource::Singles(config) => {
            let duration = duration(measurement, "randoms.singles", source)?;
            let singles = read_singles(&config.file, [geometry.scanner.crystals_per_ring, geometry.scanner.rings])?;
            let square_s = duration * square_over_mean(&singles, duration, decay, source)?;
            randoms_of_singles(geometry, &singles.rates, 1e-9 * config.window_ns.get(), square_s)?
        }
    };
    match &mut measurement.background {
        None => measurement.background = Some(randoms),
        Some(background) => background.add(randoms),
    }
    Ok(())
}

/// The mean product of the rates of two crystals over the product of their means: 1 where rates are constant, more
/// where they decay.
///
/// The isotope is the file's, else that of `[decay]`. The time over which it decays is the file's: a measurement that
/// is shorter is taken as a thinned scan, whose counts and randoms both are that much less.
fn square_over_mean(
    singles: &Singles,
    duration_s: f64,
    decay: Option<&DecayConfig>,
    source: &Source,
) -> Result<f64, RunError> {
    let at = "randoms.singles.file";
    let scan_s = singles.duration_s.unwrap_or(duration_s);
    if duration_s > scan_s * (1.0 + 1e-6) {
        let message =
            format!("the singles are those of a scan of {scan_s} s, the measurement is one of {duration_s} s");
        return Err(source.mistake(at, message, Some("name the singles of this scan".into())).into());
    }
    if duration_s < scan_s * (1.0 - 1e-6) {
        let whole = format!("the singles are those of a scan of {scan_s} s, the measurement is one of {duration_s} s");
        warn(&format!("{whole} and taken for a thinning of the whole scan"));
    }
    let own = decay.map(|decay| decay.isotope);
    let isotope = match (singles.isotope.as_deref(), own) {
        (Some(named), Some(own)) if named != own.to_string() => {
            let message = format!("the singles are those of {named}, but `decay.isotope` is {own}");
            return Err(source.mistake(at, message, Some("correct the one or the other".into())).into());
        }
        (Some("none"), _) => None,
        (Some(named), _) => Some(Isotope::named(named).ok_or_else(|| {
            let message = format!("the singles are those of the isotope `{named}`, which is not known");
            source.mistake(
                at,
                message,
                Some("known are those of `decay.isotope`, and `none` for constant rates".into()),
            )
        })?),
        (None, Some(own)) => Some(own),
        (None, None) => {
            let cure = "`isotope` in the file, or [decay], lets them decay";
            warn(&format!("rates of singles are taken to be constant over the scan; {cure}"));
            None
        }
    };
    Ok(isotope.map_or(1.0, |isotope| isotope.square_over_mean(scan_s)))
}

fn duration(measurement: &Measurement, at: &str, source: &Source) -> Result<f64, RunError> {
    measurement.duration_s.ok_or_else(|| {
        let help =
            Some("the measurement must state it: `duration_s` in HDF5, `image duration (sec)` in Interfile".into());
        source.mistake(at, "this needs the duration of the scan, which is not known", help).into()
    })
}
