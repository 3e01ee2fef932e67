//! Siemens mMR list-mode → measurement: prompts, randoms from the delayeds, efficiencies from the component
//! normalisation.

use super::scan::{Scan, input};
use super::{Options, RunError};
use crate::config::{MmrListmodeConfig, RandomsConfig};
use crate::data::{Background, Measurement, NormParts, smooth_randoms};
use crate::io::listmode::{Histogram, ListMode};
use crate::io::norm::read_norm;
use crate::scanner::SinogramGeometry;
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The geometry that the config asks for.
pub(super) fn listmode_geometry(config: &MmrListmodeConfig) -> Result<SinogramGeometry, RunError> {
    Ok(ListMode::open(&header_of(&config.file))?.geometry(config.span)?)
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
    let mut inputs = vec![input(header.clone())?, input(data_of(&header))?];
    let mut factors = None;
    if let Some(path) = &config.normalisation {
        let path = header_of(path);
        factors = Some(read_norm(&path)?.efficiencies(&geometry, NormParts::default(), None)?);
        inputs.extend([input(path.clone())?, input(data_of(&path))?]);
    }
    let Histogram { prompts, delayeds, .. } = histogram;
    let background = match config.randoms {
        RandomsConfig::SmoothedDelayeds => Some(smooth_randoms(&geometry, &delayeds.into())?),
        RandomsConfig::Delayeds => Some(Background::of_bins(geometry.shape(), delayeds)),
        RandomsConfig::None => None,
    };
    let duration_s = counts.duration_s();
    let prompts = prompts.into();
    let measurement = Measurement { geometry, prompts, factors, background, calibrated: false, duration_s };
    Ok(Scan { measurement, inputs, seed: None })
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

/// `scan.l.hdr` → `scan.l`
fn data_of(header: &Path) -> PathBuf {
    header.with_extension("")
}
