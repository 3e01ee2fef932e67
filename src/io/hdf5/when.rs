//! What a measurement holds, and when it was made: attributes of the file, as [`super::known`] lists them.

use super::{IoError, Source, field};
use crate::data::{Clock, Correction, Isotope, Ledger};
use ::hdf5::{File, Result as Hdf5Result};

pub(super) const DURATION: &str = "a finite time > 0 s";

pub(super) fn is_duration(duration_s: f64) -> bool {
    duration_s.is_finite() && duration_s > 0.0
}

pub(super) fn put(file: &File, ledger: &Ledger, clock: &Clock) -> Hdf5Result<()> {
    field::put_integer(file, "calibrated", ledger.calibrated.into())?;
    if ledger.contains.is_some() {
        field::put_label(file, "contains", &ledger.in_words())?;
    }
    let labels = [
        ("isotope", clock.isotope.map(|isotope| isotope.to_string())),
        ("start", clock.start.map(|start| start.to_string())),
    ];
    for (name, label) in labels {
        label.map_or(Ok(()), |label| field::put_label(file, name, &label))?;
    }
    let numbers = [
        ("moment_s", ledger.moment_s),
        ("frame_s", Some(clock.frame_s).filter(|seconds| *seconds != 0.0)),
        ("duration_s", clock.duration_s),
        ("uptake_s", clock.uptake_s),
        ("kept", Some(clock.kept).filter(|share| *share != 1.0)),
    ];
    numbers
        .into_iter()
        .try_for_each(|(name, number)| number.map_or(Ok(()), |number| field::put_number(file, name, number)))
}

impl Source {
    pub(super) fn ledger(&self) -> Result<Ledger, IoError> {
        let calibrated = match self.integer(&self.file, "calibrated")? {
            0 => false,
            1 => true,
            other => return Err(self.wrong("calibrated", other, "0 or 1")),
        };
        let known = || Correction::ALL.map(|correction| correction.to_string()).join(", ");
        let contains = self.told("contains")?.map(|words| {
            Ledger::parse(&words)
                .map_err(|word| self.wrong("contains", format!("`{word}`"), format!("some of {}, or none", known())))
        });
        let ledger = Ledger { contains: contains.transpose()?, calibrated, moment_s: self.time("moment_s")? };
        match (ledger.holds(Correction::Decay), ledger.moment_s) {
            (true, None) => Err(self.missing("moment_s", "the time in s from the moment of the activity to the start")),
            (false, Some(moment)) if ledger.contains.is_some() => {
                Err(self.wrong("moment_s", moment, "none: `contains` does not name decay"))
            }
            _ => Ok(ledger),
        }
    }

    pub(super) fn clock(&self) -> Result<Clock, IoError> {
        let isotope = self.told("isotope")?.map(|name| {
            Isotope::named(&name).ok_or_else(|| self.wrong("isotope", format!("`{name}`"), Isotope::names()))
        });
        let start = self.told("start")?.map(|text| {
            text.parse().map_err(|_| self.wrong("start", format!("`{text}`"), "a moment such as 2026-03-31T09:30:00"))
        });
        let duration_s = self.time("duration_s")?;
        if let Some(found) = duration_s.filter(|&duration| !is_duration(duration)) {
            return Err(self.wrong("duration_s", found, DURATION));
        }
        let kept = self.time("kept")?.unwrap_or(1.0);
        if !(kept > 0.0 && kept <= 1.0) {
            return Err(self.wrong("kept", kept, "a share above 0 and at most 1"));
        }
        Ok(Clock {
            isotope: isotope.transpose()?,
            start: start.transpose()?,
            frame_s: self.time("frame_s")?.unwrap_or(0.0),
            duration_s,
            uptake_s: self.time("uptake_s")?,
            kept,
        })
    }

    fn told(&self, name: &str) -> Result<Option<String>, IoError> {
        self.has(&self.file, name)?.then(|| self.label(&self.file, name)).transpose()
    }

    /// A time in s that is not negative.
    fn time(&self, name: &str) -> Result<Option<f64>, IoError> {
        if !self.has(&self.file, name)? {
            return Ok(None);
        }
        match self.numbers(&self.file, name)? {
            [seconds] if seconds >= 0.0 => Ok(Some(seconds)),
            [seconds] => Err(self.wrong(name, seconds, "a number >= 0")),
        }
    }
}
