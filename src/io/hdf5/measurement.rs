//! Measurements: datasets `prompts`, `factors` and `background`, and their geometry.

use super::array::put_array;
use super::{IoError, Kind, Provenance, Source, field, geometry, write};
use crate::data::Measurement;
use crate::io::values::Rule;
use std::path::Path;

/// Writes a measurement and where it comes from.
pub fn write_measurement(
    path: &Path,
    overwrite: bool,
    measurement: &Measurement,
    provenance: &Provenance,
) -> Result<(), IoError> {
    geometry::check(path, &measurement.geometry)?;
    if let Some(found) = measurement.duration_s.filter(|&duration| !is_duration(duration)) {
        let (field, expected) = ("duration_s".into(), DURATION.into());
        return Err(IoError::Field { path: path.into(), field, found: found.to_string(), expected });
    }
    let shape = measurement.geometry.shape();
    let [views, radial, _, planes] = shape;
    let arrays = [
        ("prompts", Some(&measurement.prompts), &shape[..]),
        ("factors", measurement.factors.as_ref(), &[views, radial, planes]),
        ("background", measurement.background.as_ref(), &shape),
    ];
    for (name, values, shape) in arrays {
        if let Some(values) = values {
            Rule::NotNegative.check(path, name, values, shape)?;
        }
    }
    write(path, overwrite, Kind::Measurement, provenance, |file| {
        field::put_integer(file, "calibrated", measurement.calibrated.into())?;
        if let Some(duration) = measurement.duration_s {
            field::put_number(file, "duration_s", duration)?;
        }
        geometry::put(file, &measurement.geometry)?;
        for (name, values, shape) in arrays {
            if let Some(values) = values {
                put_array(file, name, shape, values)?;
            }
        }
        Ok(())
    })
}

const DURATION: &str = "a finite time > 0 s";

fn is_duration(duration_s: f64) -> bool {
    duration_s.is_finite() && duration_s > 0.0
}

/// Reads a measurement and where it comes from.
pub fn read_measurement(path: &Path) -> Result<(Measurement, Provenance), IoError> {
    let source = Source::open_kind(path, Kind::Measurement)?;
    let prompts = source.array(&source.file, "prompts")?;
    let Ok(shape) = <[usize; 4]>::try_from(prompts.shape.clone()) else {
        let found = format!("{:?}", prompts.shape);
        return Err(source.wrong("the shape of prompts", found, "four axes [view, radial, tof, plane]"));
    };
    let geometry = source.geometry(shape)?;
    let [views, radial, _, planes] = shape;
    let calibrated = match source.integer(&source.file, "calibrated")? {
        0 => false,
        1 => true,
        other => return Err(source.wrong("calibrated", other, "0 or 1")),
    };
    let duration_s = source.duration()?;
    let prompts = source.values(&prompts, "prompts", &shape, Rule::NotNegative)?;
    let factors = source.optional("factors", &[views, radial, planes])?;
    let background = source.optional("background", &shape)?;
    let provenance = source.provenance()?;
    Ok((Measurement { geometry, prompts, factors, background, calibrated, duration_s }, provenance))
}

impl Source {
    fn optional(&self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, IoError> {
        if !self.holds(&self.file, name)? {
            return Ok(None);
        }
        let array = self.array(&self.file, name)?;
        self.values(&array, name, shape, Rule::NotNegative).map(Some)
    }

    fn duration(&self) -> Result<Option<f64>, IoError> {
        if !self.has(&self.file, "duration_s")? {
            return Ok(None);
        }
        match self.numbers(&self.file, "duration_s")? {
            [duration] if is_duration(duration) => Ok(Some(duration)),
            [duration] => Err(self.wrong("duration_s", duration, DURATION)),
        }
    }
}
