//! Siemens mMR list-mode → measurement: prompts, randoms from the delayeds, efficiencies from the component
//! normalisation.

use super::scan::{Scan, inputs};
use super::{Options, RunError};
use crate::config::{MmrListmodeConfig, RandomsConfig};
use crate::data::{Background, Clock, Correction, Ledger, Measurement, NormParts, Outline, smooth_randoms};
use crate::io::listmode::{Histogram, ListMode};
use crate::io::norm::read_norm;
use crate::units::DelaySeconds;
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is known of the measurement before the events are sorted.
pub(super) fn listmode_outline(config: &MmrListmodeConfig) -> Result<Outline, RunError> {
    let listmode = ListMode::open(&header_of(&config.file))?;
    let geometry = listmode.geometry(config.span)?;
    let end = config.stop_s.map(DelaySeconds::get).or(listmode.announced_duration_s);
    let start = config.start_s.map_or(0.0, DelaySeconds::get);
    let clock = Clock { duration_s: end.map(|end| end - start), frame_s: start, ..listmode.clock };
    let [factors, background] = [config.normalisation.is_some(), config.randoms != RandomsConfig::None];
    Ok(Outline { ledger: ledger(config), factors, background, ..Outline::of_counts(geometry, clock) })
}

fn ledger(config: &MmrListmodeConfig) -> Ledger {
    let held = [
        (Correction::Normalisation, config.normalisation.is_some()),
        (Correction::Randoms, config.randoms != RandomsConfig::None),
    ];
    Ledger::of(held.into_iter().filter(|(_, held)| *held).map(|(correction, _)| correction))
}

/// Histograms the events and estimates the randoms; without dead time, which needs singles rates.
pub(super) fn from_listmode(config: &MmrListmodeConfig, options: &Options) -> Result<Scan, RunError> {
    let header = header_of(&config.file);
    let listmode = ListMode::open(&header)?;
    let geometry = listmode.geometry(config.span)?;
    let progress = options.console.progress("sorting events");
    let histogram =
        listmode.histogram(&geometry, window_ms(config), &mut |done, of| progress.set(done as usize, of as usize))?;
    drop(progress);
    let counts = histogram.counts;
    options.console.say(format!("{} prompts, {} delayeds", counts.prompts, counts.delayeds));
    let mut hashed = inputs(&header)?;
    let mut factors = None;
    if let Some(path) = &config.normalisation {
        let path = header_of(path);
        factors = Some(read_norm(&path)?.efficiencies(&geometry, NormParts::default(), None)?);
        hashed.extend(inputs(&path)?);
    }
    let Histogram { prompts, delayeds, .. } = histogram;
    let background = match config.randoms {
        RandomsConfig::SmoothedDelayeds => Some(smooth_randoms(&geometry, &delayeds.into())?),
        RandomsConfig::Delayeds => Some(Background::of_bins(geometry.shape(), delayeds)),
        RandomsConfig::None => None,
    };
    let ledger = ledger(config);
    let clock = Clock { duration_s: counts.duration_s(), frame_s: counts.frame_s(), ..listmode.clock };
    let prompts = prompts.into();
    let measurement = Measurement { geometry, prompts, factors, background, ledger, clock };
    Ok(Scan { inputs: hashed, ..measurement.into() })
}

/// The frame; the whole file where neither end is given.
fn window_ms(config: &MmrListmodeConfig) -> Option<Range<u64>> {
    let ms = |seconds: f64| (seconds * 1000.0).round() as u64;
    match (config.start_s, config.stop_s) {
        (None, None) => None,
        (start, stop) => Some(start.map_or(0, |s| ms(s.get()))..stop.map_or(u64::MAX, |s| ms(s.get()))),
    }
}

/// `scan.l` → `scan.l.hdr`; headers stay as they are.
pub(super) fn header_of(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|ending| ending == "hdr") {
        return path.into();
    }
    let mut header = OsString::from(path);
    header.push(".hdr");
    header.into()
}
