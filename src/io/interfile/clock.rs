//! When a scan was made, as Siemens' headers say it:
//!
//! ```text
//! isotope name := F-18
//! %study date (yyyy:mm:dd) := 2017:03:27
//! %study time (hh:mm:ss GMT+00:00) := 17:00:35
//! %tracer injection date (yyyy:mm:dd) := 2017:03:27
//! %tracer injection time (hh:mm:ss GMT+00:00) := 16:07:00
//! ```

use super::header::Header;
use crate::data::{Clock, Isotope, Moment};
use crate::io::IoError;

/// Dates that stand for "not known".
const NO_DATE: [&str; 2] = ["0000:00:00", "1900:01:01"];

/// The clock of a header, without the duration. An isotope that is no emitter of positrons that we know is none.
pub(in crate::io) fn clock(header: &Header) -> Result<Clock, IoError> {
    let (start, injected) = (moment(header, "%study")?, moment(header, "%tracer injection")?);
    // Zones are those of the keys; a difference needs them, the start as told does not.
    let uptake_s = match (start, injected) {
        (Some((start, zone)), Some((injected, other))) => Some(start.seconds_after(injected) - zone + other),
        _ => None,
    };
    if let Some(found) = uptake_s.filter(|seconds| *seconds < 0.0) {
        return Err(header.wrong(
            "%tracer injection time",
            format!("{} s after the start", -found),
            "a time before it",
        ));
    }
    let isotope = header.text("isotope name").and_then(Isotope::named);
    Ok(Clock { isotope, start: start.map(|(start, _)| start), uptake_s, ..Clock::default() })
}

/// Date and time of an event, and the zone that its time is told in, in s.
fn moment(header: &Header, event: &str) -> Result<Option<(Moment, f64)>, IoError> {
    let entry = |what: &str| header.entries().iter().find(|entry| entry.key.starts_with(&format!("{event} {what}")));
    let (Some(date), Some(time)) = (entry("date"), entry("time")) else { return Ok(None) };
    let (day, hour) = (date.value.trim(), time.value.trim());
    if day.is_empty() || hour.is_empty() || NO_DATE.contains(&day) {
        return Ok(None);
    }
    let text = format!("{}T{hour}", day.replace(':', "-"));
    let moment = text
        .parse()
        .map_err(|_| header.wrong(&date.key, format!("{day} {hour}"), "a date yyyy:mm:dd and a time hh:mm:ss"))?;
    Ok(Some((moment, zone_s(&time.key))))
}

/// `… gmt-05:00)` → −18000.
fn zone_s(key: &str) -> f64 {
    let zone = || {
        let (_, zone) = key.split_once("gmt")?;
        let (sign, rest) = (if zone.starts_with('-') { -1.0 } else { 1.0 }, zone.trim_start_matches(['+', '-']));
        let (hours, minutes) = rest.trim_end_matches(')').split_once(':')?;
        Some(sign * (3600.0 * hours.parse::<f64>().ok()? + 60.0 * minutes.parse::<f64>().ok()?))
    };
    zone().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(lines: &str) -> Result<Clock, IoError> {
        clock(&Header::parse(Path::new("a.hdr"), format!("!INTERFILE :=\n{lines}").as_bytes())?)
    }

    #[test]
    fn a_siemens_header_tells_isotope_start_and_uptake() {
        let told = read(
            "isotope name:=F-18\n%study date (yyyy:mm:dd):=2017:03:27\n%study time (hh:mm:ss GMT+00:00):=17:00:35\n\
             %tracer injection date (yyyy:mm:dd):=2017:03:27\n%tracer injection time (hh:mm:ss GMT-01:00):=15:07:00\n",
        )
        .unwrap();
        assert_eq!(told.isotope, Some(Isotope::Fluorine18));
        assert_eq!(told.start.unwrap().to_string(), "2017-03-27T17:00:35");
        assert_eq!(told.uptake_s, Some(3215.0), "15:07 an hour west of Greenwich is 16:07 there");
    }

    #[test]
    fn what_is_not_told_is_not_known_and_nonsense_is_refused() {
        assert_eq!(read("isotope name:=Ge-68\n").unwrap(), Clock::default());
        let late = read(
            "%study date:=2017:03:27\n%study time:=10:00:00\n%tracer injection date:=2017:03:27\n\
             %tracer injection time:=10:00:01\n",
        );
        assert!(late.unwrap_err().to_string().contains("1 s after the start"));
        assert!(read("%study date:=27.3.2017\n%study time:=10:00:00\n").is_err());
    }
}
