//! Which scanner, and how its sinogram is compressed.

use super::source::suggestion;
use super::{ConfigError, Source};
use crate::scanner::{AxialCompression, GeometryError, PRESETS, Scanner, SinogramGeometry, preset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[scanner]`: a preset, a file or a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScannerConfig {
    /// `preset = "siemens-mmr"`: a scanner known by name; `coincide scanners` lists them.
    Preset(String),
    /// `file = "scanner.toml"`: a TOML file with the fields of a scanner.
    File(PathBuf),
    /// `[scanner.custom]`: the fields of a scanner right here.
    Custom(Box<Scanner>),
}

/// `[sinogram]`: how crystal pairs are combined into bins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinogramConfig {
    /// Which ring differences are summed into one segment; by default as the vendor does it.
    #[serde(default)]
    pub axial: Option<AxialCompression>,
    /// Neighbouring views summed into one.
    #[serde(default = "one")]
    pub view_mashing: usize,
    /// Neighbouring time bins summed into one; 0 means no time of flight.
    #[serde(default)]
    pub tof_mashing: usize,
}

fn one() -> usize {
    1
}

impl Default for SinogramConfig {
    fn default() -> Self {
        Self { axial: None, view_mashing: 1, tof_mashing: 0 }
    }
}

impl ScannerConfig {
    /// The scanner; `at` is the dotted path of this table.
    pub fn scanner(&self, source: &Source, at: &str) -> Result<Scanner, ConfigError> {
        let (scanner, at) = match self {
            Self::Preset(name) => {
                let help = || Some(suggestion(name, PRESETS));
                let unknown = |_| source.mistake(&format!("{at}.preset"), format!("no scanner `{name}`"), help());
                (preset(name).map_err(unknown)?, format!("{at}.preset"))
            }
            Self::File(path) => {
                let file = Source::read(&source.resolve(path))
                    .map_err(|error| source.mistake(&format!("{at}.file"), error.to_string(), None))?;
                let scanner: Scanner = file.parse()?;
                scanner.check().map_err(|error| wrong(&file, "", error))?;
                (scanner, format!("{at}.file"))
            }
            Self::Custom(scanner) => (scanner.as_ref().clone(), format!("{at}.custom")),
        };
        scanner.check().map_err(|error| wrong(source, &at, error))?;
        Ok(scanner)
    }
}

impl SinogramConfig {
    /// The geometry of the sinogram; `at` is the dotted path of the `sinogram` table.
    pub fn geometry(&self, scanner: Scanner, source: &Source, at: &str) -> Result<SinogramGeometry, ConfigError> {
        let axial = self.axial.unwrap_or_else(|| usual_compression(&scanner));
        SinogramGeometry::new(scanner, axial, self.view_mashing, self.tof_mashing).map_err(|error| {
            let kind = match axial {
                AxialCompression::Span { .. } => "span",
                AxialCompression::Ge { .. } => "ge",
            };
            let key = match &error {
                GeometryError::Span { .. } => format!("axial.{kind}.span"),
                GeometryError::RingDifference { .. } => format!("axial.{kind}.max_ring_difference"),
                GeometryError::ViewMashing { .. } => "view_mashing".into(),
                GeometryError::TofMashing { .. } | GeometryError::NoTof { .. } => "tof_mashing".into(),
                GeometryError::Scanner { .. } | GeometryError::Unknown { .. } => String::new(),
            };
            source.mistake(&format!("{at}.{key}"), error.to_string(), None)
        })
    }
}

fn wrong(source: &Source, at: &str, error: GeometryError) -> ConfigError {
    let path = match &error {
        GeometryError::Scanner { field, .. } if at.is_empty() => field.to_string(),
        GeometryError::Scanner { field, .. } => format!("{at}.{field}"),
        _ => at.into(),
    };
    source.mistake(&path, error.to_string(), None)
}

/// Axial compression of the vendor's own sinograms; uncompressed for scanners that we do not know.
fn usual_compression(scanner: &Scanner) -> AxialCompression {
    let largest = scanner.rings - 1;
    let span = |span, max_ring_difference| AxialCompression::Span { span, max_ring_difference };
    match scanner.name.as_str() {
        "Siemens mMR" => span(11, 60),
        "Siemens mCT" => span(11, 49),
        "Siemens Vision 600" => span(19, 79),
        "Siemens Quadra" => span(19, 85),
        "ECAT HR+" => span(9, 22),
        name if name.starts_with("GE ") => AxialCompression::Ge { max_ring_difference: largest },
        _ => span(1, largest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_a_usual_sinogram() {
        let source = Source { path: "x.toml".into(), text: String::new() };
        for name in PRESETS {
            let scanner = ScannerConfig::Preset(name.to_string()).scanner(&source, "scanner").unwrap();
            let geometry = SinogramConfig::default().geometry(scanner, &source, "sinogram").unwrap();
            assert!(geometry.planes() >= 2 * geometry.scanner.rings - 1, "{name}");
        }
    }
}
