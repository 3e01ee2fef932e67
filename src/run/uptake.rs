//! SUV of the image's unit.
//!
//!   SUV = C w / (A q),   q = 2^(−(u − m) / T)                    where C is the activity m before the start
//!                        q = β / D ∫ 2^(−(u + t) / T) dt         where C is the mean rate of positrons of the frame
//!
//! with u from the injection to the start of the acquisition, T the half-life, β the branching ratio, D the duration.

use super::measurement::one_isotope;
use crate::config::{ConfigError, DecayConfig, Source, SuvConfig};
use crate::data::{Clock, Isotope, Ledger};

/// SUV of 1 Bq/mL of an image of such a measurement.
pub(crate) fn suv_of(
    config: &SuvConfig,
    ledger: &Ledger,
    clock: &Clock,
    decay: Option<&DecayConfig>,
    source: &Source,
) -> Result<f64, ConfigError> {
    let wrong = |key: &str, message: String, help: &str| source.mistake(key, message, Some(help.into()));
    if !ledger.calibrated {
        let help = "give a normalisation that is calibrated, or leave [suv] out";
        return Err(wrong("suv", "the images of this measurement are in counts/mm, not in Bq/mL".into(), help));
    }
    let known = decay.map(|decay| decay.isotope).or(clock.isotope);
    let isotope = one_isotope(known, config.isotope, "suv.isotope", source)?;
    let uptake_s = uptake(config, clock, source)?;
    let unknown = || wrong("suv", "it is not known what decays".into(), "add `isotope = \"F-18\"` to [suv]");
    let left = match (ledger.moment_s, isotope) {
        (Some(before), _) if uptake_s == before => 1.0,
        (Some(before), Some(isotope)) => 0.5_f64.powf((uptake_s - before) / Isotope::half_life_s(isotope)),
        (None, Some(isotope)) => {
            let duration = clock.duration_s.ok_or_else(|| {
                wrong("suv", "the duration of the scan is not known".into(), "the measurement must state it")
            })?;
            clock.positrons(isotope, uptake_s, duration) / duration
        }
        (_, None) => return Err(unknown()),
    };
    Ok(1e3 * config.weight_kg.get() / (1e6 * config.injected_mbq.get() * left))
}

/// Time from the injection to the start of the acquisition in s.
fn uptake(config: &SuvConfig, clock: &Clock, source: &Source) -> Result<f64, ConfigError> {
    let wrong = |key: &str, message: String, help: &str| source.mistake(key, message, Some(help.into()));
    let stated = config.uptake_min.map(|minutes| 60.0 * minutes.get());
    let by_moment = match (config.injected_at, clock.start) {
        (None, _) => None,
        (Some(at), Some(start)) => {
            let seconds = start.seconds_after(at);
            if seconds < 0.0 {
                let message = format!("the acquisition starts at {start}, before the injection");
                return Err(wrong("suv.injected_at", message, "correct the moment of the injection"));
            }
            Some(seconds)
        }
        (Some(_), None) => {
            let message = "the measurement does not say when it starts".into();
            return Err(wrong("suv.injected_at", message, "give `uptake_min` instead"));
        }
    };
    // Minutes are told as whole numbers.
    let differ = |a: f64, b: f64| (a - b).abs() > 60.0;
    let all = [("suv.uptake_min", stated), ("suv.injected_at", by_moment), ("the measurement", clock.uptake_s)];
    let known: Vec<_> = all.into_iter().filter_map(|(who, seconds)| Some((who, seconds?))).collect();
    if let [first, rest @ ..] = &known[..]
        && let Some(other) = rest.iter().find(|other| differ(first.1, other.1))
    {
        let message =
            format!("{} says {:.0} s from injection to start, {} {:.0} s", first.0, first.1, other.0, other.1);
        return Err(wrong(first.0, message, "correct the one or the other"));
    }
    Ok(known.first().map_or(0.0, |(_, seconds)| *seconds))
}
