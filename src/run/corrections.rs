//! What a measurement lacks of its model ȳ = m ⊙ (G B x) + b: attenuation, normalisation and decay in m, randoms in b.
//!
//! Each is applied once: the ledger of the measurement says what is there already, and [`correction_conflicts`] what of
//! a config cannot be applied, before anything is.

use super::attenuation::{Attenuation, attenuate, read_attenuation};
use super::listmode::header_of;
use super::measurement::{one_isotope, same_geometry};
use super::{Options, RunError};
use crate::config::{
    ConfigError, DecayConfig, MeasurementConfig, NormalisationConfig, RandomsSource, ReconConfig, Source,
};
use crate::data::{
    Clock, Correction, Isotope, Ledger, Measurement, NormComponents, NormParts, Outline, Singles, randoms_of_singles,
    smooth_randoms,
};
use crate::image::ImageUnit;
use crate::io::hdf5::{read_normalisation, read_singles};
use crate::io::norm::read_norm;
use crate::io::{self, Holds};
use crate::scanner::SinogramGeometry;

/// Maps and components of a config, read and held against the measurement.
pub(crate) struct Corrections {
    attenuation: Option<Attenuation>,
    normalisation: Option<(NormComponents, NormParts)>,
}

impl Corrections {
    /// Reads what the config names; the conflicts of what is named twice, or lacks something.
    pub fn read(
        config: &ReconConfig,
        outline: &Outline,
        source: &Source,
        options: &Options,
    ) -> (Self, Vec<ConfigError>) {
        let mut conflicts = correction_conflicts(config, outline, source);
        // A file that is not there is told by its key alone.
        let missing = [
            config.attenuation.as_ref().and_then(|attenuation| attenuation.conflicts(source)),
            config.normalisation.as_ref().and_then(|norm| source.missing("normalisation.file", &norm.file)),
            config.randoms.as_ref().and_then(|randoms| randoms.conflicts(source)),
        ];
        let [no_attenuation, no_normalisation, no_randoms] = missing.each_ref().map(Option::is_some);
        conflicts.extend(missing.into_iter().flatten());
        let mut told = |error: RunError, at: &str| conflicts.push(error.at(at, source));
        let attenuation = config.attenuation.as_ref().filter(|_| !no_attenuation).and_then(|attenuation| {
            let read = read_attenuation(attenuation, &outline.geometry, source, options);
            read.map_err(|error| told(error, "attenuation")).ok()
        });
        let normalisation = config.normalisation.as_ref().filter(|_| !no_normalisation).and_then(|config| {
            let read = components(config, outline, source);
            read.map_err(|error| told(error, "normalisation.file")).ok()
        });
        if let Some(randoms) = config.randoms.as_ref().filter(|_| !no_randoms) {
            judge_randoms(randoms, config.decay.as_ref(), outline, source)
                .unwrap_or_else(|error| told(error, "randoms"));
        }
        (Self { attenuation, normalisation }, conflicts)
    }
}

impl Corrections {
    /// Unit of the images of a measurement that is corrected so.
    pub fn unit(&self, own: &Ledger) -> ImageUnit {
        let calibrates = self.normalisation.as_ref().is_some_and(|(norm, parts)| norm.calibrated && parts.axial);
        Ledger { calibrated: own.calibrated || calibrates, ..Ledger::default() }.unit()
    }

    /// Its ledger, as far as decay and unit go.
    pub fn ledger(&self, config: &ReconConfig, own: &Ledger) -> Ledger {
        let moment_s = config.decay.as_ref().map(|decay| decay.start_s.get()).or(own.moment_s);
        Ledger { moment_s, calibrated: self.unit(own) == ImageUnit::BecquerelPerMl, ..own.clone() }
    }
}

/// Refuses delayeds of another sinogram or frame, and singles of another scanner, scan or isotope.
pub(super) fn judge_randoms(
    config: &RandomsSource,
    decay: Option<&DecayConfig>,
    outline: &Outline,
    source: &Source,
) -> Result<(), RunError> {
    match config {
        RandomsSource::Delayeds(path) => {
            let delayeds = io::outline(path)?;
            same_geometry(path, &delayeds.geometry, &outline.geometry, "randoms.delayeds", source)?;
            same_duration(&outline.clock, &delayeds.clock, source)?;
        }
        RandomsSource::Singles(config) => {
            let scanner = &outline.geometry.scanner;
            let singles = read_singles(&config.file, [scanner.crystals_per_ring, scanner.rings])?;
            // That the duration is not known has been told.
            if outline.clock.duration_s.is_some() {
                isotope_of(&singles, &outline.clock, decay, source)?;
            }
        }
    }
    Ok(())
}

/// What of a config cannot be applied to such a measurement, as far as no file says it.
fn correction_conflicts(config: &ReconConfig, outline: &Outline, source: &Source) -> Vec<ConfigError> {
    let mut ledger = outline.ledger.clone();
    ledger.assume(outline.factors, outline.background);
    let mut conflicts = Vec::new();
    let given = [
        ("attenuation", config.attenuation.is_some(), Correction::Attenuation),
        ("normalisation", config.normalisation.is_some(), Correction::Normalisation),
        ("decay", config.decay.is_some(), Correction::Decay),
        ("randoms", config.randoms.is_some(), Correction::Randoms),
    ];
    for (table, _, correction) in given.into_iter().filter(|(_, given, held)| *given && ledger.holds(*held)) {
        conflicts.push(source.mistake(
            table,
            held(correction, &outline.ledger),
            Some(cure(table, &config.measurement, &outline.ledger)),
        ));
    }
    let at = |key: &str| source.mistake(key, NO_DURATION, Some(DURATION_HELP.into()));
    if outline.clock.duration_s.is_none() {
        conflicts.extend(config.decay.is_some().then(|| at("decay")));
        conflicts.extend(matches!(config.randoms, Some(RandomsSource::Singles(_))).then(|| at("randoms.singles")));
    }
    if let Some(decay) = &config.decay {
        conflicts.extend(one_isotope(outline.clock.isotope, Some(decay.isotope), "decay.isotope", source).err());
    }
    conflicts
}

const NO_DURATION: &str = "this needs the duration of the scan, which is not known";
const DURATION_HELP: &str = "the measurement must state it: `duration_s` in HDF5, `image duration (sec)` in Interfile";

fn held(correction: Correction, own: &Ledger) -> String {
    match own.contains {
        Some(_) => format!("the measurement has its {correction} already"),
        None => format!("the factors or the background of the measurement are taken to hold {correction} already"),
    }
}

fn cure(table: &str, measurement: &MeasurementConfig, own: &Ledger) -> String {
    let say = match measurement {
        MeasurementConfig::Simulated(_) => "name it in `simulation.uncorrected`".to_owned(),
        MeasurementConfig::File(_) if own.contains.is_some() => {
            return format!("remove [{table}]; the file says that it holds {}", own.in_words());
        }
        MeasurementConfig::File(_) => {
            "say what the file holds: `file = { path = …, contains = [\"normalisation\"] }`".into()
        }
        MeasurementConfig::Interfile(_) => "say what the files hold: `contains = [\"normalisation\"]`".into(),
        MeasurementConfig::MmrListmode(_) => "leave it out of [measurement.mmr-listmode]".into(),
        MeasurementConfig::Memory => "leave it out of the measurement and its ledger".into(),
    };
    format!("remove [{table}], or {say}")
}

/// The components of a normalisation that fit the measurement.
pub(super) fn components(
    config: &NormalisationConfig,
    outline: &Outline,
    source: &Source,
) -> Result<(NormComponents, NormParts), RunError> {
    let path = &config.file;
    let norm = match io::holds(&header_of(path)).or_else(|_| io::holds(path))? {
        (format, Holds::Normalisation) if format.name == io::FORMATS[0].name => read_normalisation(path)?.0,
        (_, Holds::Normalisation) => read_norm(&header_of(path))?,
        (_, other) => {
            let message = format!("{} holds {other:?}, not the components of a normalisation", path.display());
            let help = Some("`coincide normalise` writes such a file; that of a Siemens mMR is norm.n.hdr".into());
            return Err(source.mistake("normalisation.file", message, help).into());
        }
    };
    let parts = NormParts {
        crystals: !config.without_crystals,
        geometric: !config.without_geometric,
        interference: !config.without_interference,
        axial: !config.without_axial,
    };
    norm.check(&outline.geometry)?;
    if norm.calibrated && parts.axial {
        if outline.ledger.calibrated {
            let message = "the measurement is calibrated already, and so is this normalisation";
            let help = "`without_axial = true` takes the efficiencies of the crystals without the scale; or leave the \
                        calibration out of the measurement";
            return Err(source.mistake("normalisation.file", message, Some(help.into())).into());
        }
        if outline.clock.duration_s.is_none() {
            return Err(source.mistake("normalisation.file", NO_DURATION, Some(DURATION_HELP.into())).into());
        }
    }
    Ok((norm, parts))
}

/// Completes a measurement by what the config names.
pub(super) fn correct(
    measurement: &mut Measurement,
    corrections: &Corrections,
    config: &ReconConfig,
    source: &Source,
    options: &Options,
) -> Result<(), RunError> {
    let (factors, background) = (measurement.factors.is_some(), measurement.background.is_some());
    measurement.ledger.assume(factors, background).iter().for_each(|told| options.warn(told));
    if let Some(attenuation) = &corrections.attenuation {
        apply(measurement, Correction::Attenuation, "attenuation", source)?;
        attenuate(measurement, attenuation, options);
    }
    if let Some((norm, parts)) = &corrections.normalisation {
        normalise(measurement, norm, *parts, source)?;
    }
    if let Some(decay) = &config.decay {
        decayed(measurement, decay, source)?;
    }
    if let Some(randoms) = &config.randoms {
        add_randoms(measurement, randoms, config.decay.as_ref(), source, options)?;
    }
    Ok(())
}

/// Writes a correction into the ledger, or refuses it.
fn apply(measurement: &mut Measurement, correction: Correction, at: &str, source: &Source) -> Result<(), ConfigError> {
    measurement.ledger.apply(correction).map_err(|held| source.mistake(at, held.to_string(), None))
}

/// Multiplies the factors by efficiencies; with calibrated ones, and the duration, the image comes out in Bq/mL.
pub(super) fn normalise(
    measurement: &mut Measurement,
    norm: &NormComponents,
    parts: NormParts,
    source: &Source,
) -> Result<(), RunError> {
    apply(measurement, Correction::Normalisation, "normalisation", source)?;
    let geometry = SinogramGeometry { tof: None, ..measurement.geometry.clone() };
    let mut efficiencies = norm.efficiencies(&geometry, parts, None)?;
    if norm.calibrated && parts.axial {
        let seconds = (measurement.clock.kept * duration(measurement, "normalisation.file", source)?) as f32;
        efficiencies.iter_mut().for_each(|efficiency| *efficiency *= seconds);
        measurement.ledger.calibrated = true;
    }
    match &mut measurement.factors {
        None => measurement.factors = Some(efficiencies),
        Some(factors) => factors.iter_mut().zip(efficiencies).for_each(|(factor, own)| *factor *= own),
    }
    Ok(())
}

/// Multiplies the factors by the mean rate of positrons over the scan per Bq at the stated moment.
fn decayed(measurement: &mut Measurement, decay: &DecayConfig, source: &Source) -> Result<(), RunError> {
    apply(measurement, Correction::Decay, "decay", source)?;
    let duration = duration(measurement, "decay", source)?;
    let before = decay.start_s.get();
    let share = (measurement.clock.positrons(decay.isotope, before, duration) / duration) as f32;
    let lines = measurement.geometry.lines();
    let factors = measurement.factors.get_or_insert_with(|| vec![1.0; lines]);
    factors.iter_mut().for_each(|factor| *factor *= share);
    measurement.ledger.moment_s = Some(before);
    measurement.clock.isotope = Some(decay.isotope);
    Ok(())
}

/// Adds expected randoms to the background.
pub(super) fn add_randoms(
    measurement: &mut Measurement,
    config: &RandomsSource,
    decay: Option<&DecayConfig>,
    source: &Source,
    options: &Options,
) -> Result<(), RunError> {
    apply(measurement, Correction::Randoms, "randoms", source)?;
    let geometry = &measurement.geometry;
    let randoms = match config {
        RandomsSource::Delayeds(path) => {
            let (delayeds, _) = io::open_measurement(path)?;
            same_geometry(path, &delayeds.geometry, geometry, "randoms.delayeds", source)?;
            same_duration(&measurement.clock, &delayeds.clock, source)?;
            smooth_randoms(geometry, &delayeds.prompts)?
        }
        RandomsSource::Singles(config) => {
            let duration = measurement.clock.kept * duration(measurement, "randoms.singles", source)?;
            let singles = read_singles(&config.file, [geometry.scanner.crystals_per_ring, geometry.scanner.rings])?;
            let isotope = isotope_of(&singles, &measurement.clock, decay, source)?;
            if isotope.is_none() && singles.isotope.is_none() {
                let cure = "`isotope` in the file, or [decay], lets them decay";
                options.warn(&format!("rates of singles are taken to be constant over the scan; {cure}"));
            }
            let scan_s = singles.duration_s.unwrap_or(duration);
            let square_s = duration * isotope.map_or(1.0, |isotope| isotope.square_over_mean(scan_s));
            randoms_of_singles(geometry, &singles.rates, 1e-9 * config.window_ns.get(), square_s)?
        }
    };
    match &mut measurement.background {
        None => measurement.background = Some(randoms),
        Some(background) => background.add(randoms),
    }
    Ok(())
}

/// Relative difference of durations that files round.
const ROUNDED: f64 = 1e-3;

/// Delayeds of another frame are not those of the prompts.
fn same_duration(prompts: &Clock, delayeds: &Clock, source: &Source) -> Result<(), ConfigError> {
    let of = |clock: &Clock| Some(clock.duration_s? * clock.kept);
    match (of(prompts), of(delayeds)) {
        (Some(own), Some(its)) if (own - its).abs() > ROUNDED * own.max(its) => {
            let message = format!("the delayeds are those of {its} s, the prompts are those of {own} s");
            let help = Some("name the delayeds of this frame".into());
            Err(source.mistake("randoms.delayeds", message, help))
        }
        _ => Ok(()),
    }
}

/// What the singles decay with: the isotope of their file, else that of `[decay]` or the measurement; `None` where they
/// are constant, or nobody knows. Singles of another scan are refused.
fn isotope_of(
    singles: &Singles,
    clock: &Clock,
    decay: Option<&DecayConfig>,
    source: &Source,
) -> Result<Option<Isotope>, RunError> {
    let at = "randoms.singles.file";
    let duration_s = clock.duration_s.ok_or_else(|| source.mistake(at, NO_DURATION, Some(DURATION_HELP.into())))?;
    let scan_s = singles.duration_s.unwrap_or(duration_s);
    if (duration_s - scan_s).abs() > ROUNDED * scan_s {
        let message =
            format!("the singles are those of a scan of {scan_s} s, the measurement is one of {duration_s} s");
        return Err(source.mistake(at, message, Some("name the singles of this scan".into())).into());
    }
    let own = decay.map(|decay| decay.isotope).or(clock.isotope);
    Ok(match (singles.isotope.as_deref(), own) {
        (Some(named), Some(own)) if named != own.to_string() => {
            let message = format!("the singles are those of {named}, but the isotope of the measurement is {own}");
            return Err(source.mistake(at, message, Some("correct the one or the other".into())).into());
        }
        (Some("none"), _) => None,
        (Some(named), _) => Some(Isotope::named(named).ok_or_else(|| {
            let message = format!("the singles are those of the isotope `{named}`, which is not known");
            let help = format!("known are {}, and `none` for constant rates", Isotope::names());
            source.mistake(at, message, Some(help))
        })?),
        (None, own) => own,
    })
}

fn duration(measurement: &Measurement, at: &str, source: &Source) -> Result<f64, RunError> {
    let known = measurement.clock.duration_s;
    known.ok_or_else(|| source.mistake(at, NO_DURATION, Some(DURATION_HELP.into())).into())
}
