//! `coincide psf`: scans of point sources → widths of the resolution model.

use super::corrections::{components, normalise};
use super::measurement::{acquire, outline};
use super::scan::Scan;
use super::{Options, RunError, first};
use crate::config::{ConfigError, PsfConfig, Source};
use crate::data::Outline;
use crate::psf::{STAGES, SeenPoint, seen_points, widths};
use crate::report::{Table, significant};
use serde::Serialize;
use std::cell::Cell;
use std::path::Path;
use std::time::Instant;

/// Result of `coincide psf`.
#[derive(Clone, Debug, Serialize)]
pub struct PsfResult {
    /// The sources, as they are listed.
    pub points: Vec<SeenPoint>,
    /// Radius in mm, and FWHM in mm there: along x, y, z at the axis, then radial, tangential and axial.
    pub by_radius: Vec<(f64, [f64; 3])>,
    /// Time in s.
    pub seconds: f64,
}

/// What keeps the widths of a config's sources from being found.
pub(super) fn problems(source: &Source, config: &PsfConfig) -> Result<Vec<ConfigError>, RunError> {
    let mut problems = config.conflicts(source);
    if !problems.is_empty() {
        return Ok(problems);
    }
    for (number, scan) in config.scans.iter().enumerate() {
        let outline = outline(&scan.measurement, source)?;
        let field = outline.geometry.field_of_view();
        if let Some(point) = scan.points_mm.iter().find(|point| !field.contains(**point)) {
            let message = format!("{point:?} mm lies outside of the field of view");
            problems.push(source.mistake(&format!("scans.{number}.points_mm"), message, None));
        }
        if let Some(normalisation) = &config.normalisation {
            let unfit = components(normalisation, &outline, source).err();
            problems.extend(unfit.map(|error| error.at("normalisation.file", source)));
        }
    }
    Ok(problems)
}

/// Finds the widths of a config's sources.
pub fn psf(path: &Path, options: &Options) -> Result<PsfResult, RunError> {
    let (source, config) = PsfConfig::read(path)?;
    first(problems(&source, &config)?)?;
    let start = Instant::now();
    let seen = options.pool(config.run.threads)?.install(|| -> Result<_, RunError> {
        let mut seen = Vec::new();
        let (progress, stages) = (options.console.progress("fitting sources"), Cell::new(0));
        for scan in &config.scans {
            let Scan { mut measurement, .. } = acquire(&scan.measurement, &source, options)?;
            if let Some(normalisation) = &config.normalisation {
                let (norm, parts) = components(normalisation, &Outline::from(&measurement), &source)?;
                normalise(&mut measurement, &norm, parts, &source)?;
            }
            seen.extend(seen_points(&measurement, &scan.points_mm, &|| {
                stages.set(stages.get() + 1);
                progress.set(stages.get(), STAGES * config.scans.len());
            })?);
        }
        Ok(seen)
    })?;
    Ok(PsfResult { by_radius: widths(&seen).by_radius, points: seen, seconds: start.elapsed().as_secs_f64() })
}

impl std::fmt::Display for PsfResult {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let mut table = Table::new(["source (mm)", "radius", "FWHM radial (mm)", "tangential", "axial", "counts"]);
        for point in &self.points {
            let [x, y, z] = point.centre_mm.map(|mm| format!("{mm:.1}"));
            let width = |axis: usize| format!("{:.2} ± {:.2}", point.fwhm_mm[axis], point.error_mm[axis]);
            let (place, radius) = (format!("{x}, {y}, {z}"), format!("{:.1}", point.radius_mm()));
            table.row([place, radius, width(0), width(1), width(2), significant(point.counts)]);
        }
        writeln!(f, "{table}")?;
        let width = |fwhm_mm: &[f64; 3]| fwhm_mm.map(|mm| format!("{mm:.2}")).join(", ");
        if let [(_, axis), further @ ..] = &self.by_radius[..] {
            writeln!(f, "[resolution]\nfwhm_mm = [{}]", width(axis))?;
            if !further.is_empty() {
                writeln!(f, "by_radius = [")?;
                for (radius, fwhm_mm) in further {
                    writeln!(f, "    {{ radius_mm = {radius:.1}, fwhm_mm = [{}] }},", width(fwhm_mm))?;
                }
                writeln!(f, "]")?;
            }
        }
        writeln!(f, "\n{:.1} s", self.seconds)
    }
}
