//! Which scanner, and how its sinogram is compressed.

use super::source::suggestion;
use super::{ConfigError, Source};
use crate::paths::FilePath;
use crate::scanner::{AxialCompression, GeometryError, PRESETS, Scanner, SinogramGeometry, preset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[scanner]`: a preset, a file or a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScannerConfig {
    /// `preset = "siemens-mmr"`: a scanner known by name; `coincide scanners` lists them.
    Preset(String),
    /// `file = "scanner.toml"`: a TOML file with the fields of a scanner.
    File(FilePath),
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
    #[serde(default = "one", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub view_mashing: usize,
    /// Neighbouring time bins summed into one; 0 means no time of flight.
    #[serde(default, deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
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
                let file = Source::read(path)
                    .map_err(|error| source.mistake(&format!("{at}.file"), error.to_string(), None))?;
                let scanner: Scanner = file.parse()?;
                possible(&scanner, &file, "")?;
                (scanner, format!("{at}.file"))
            }
            Self::Custom(scanner) => (scanner.as_ref().clone(), format!("{at}.custom")),
        };
        possible(&scanner, source, &at)?;
        Ok(scanner)
    }
}

impl SinogramConfig {
    /// The geometry of the sinogram; `at` is the dotted path of the `sinogram` table.
    pub fn geometry(&self, scanner: Scanner, source: &Source, at: &str) -> Result<SinogramGeometry, ConfigError> {
        let axial = self.axial.unwrap_or_else(|| scanner.usual_compression());
        SinogramGeometry::new(scanner, axial, self.view_mashing, self.tof_mashing).map_err(|error| {
            let key = match &error {
                GeometryError::Span { .. } | GeometryError::RingDifference { .. } | GeometryError::Planes { .. } => {
                    format!("axial.{}", compression_key(&axial, &error))
                }
                GeometryError::ViewMashing { .. } => "view_mashing".into(),
                GeometryError::TofMashing { .. } | GeometryError::NoTof { .. } => "tof_mashing".into(),
                GeometryError::Scanner { .. } | GeometryError::Unknown { .. } | GeometryError::Bins { .. } => {
                    String::new()
                }
            };
            source.mistake(&format!("{at}.{key}"), error.to_string(), None)
        })
    }
}

/// Whether the numbers describe a scanner, its vendor's sinograms included; `at` is the path of its table, empty where
/// the source is the table.
fn possible(scanner: &Scanner, source: &Source, at: &str) -> Result<(), ConfigError> {
    scanner.check().map_err(|error| wrong(source, at, error))?;
    let Some(axial) = scanner.axial_compression else { return Ok(()) };
    axial.check(scanner).map_err(|error| {
        let key = format!("axial_compression.{}", compression_key(&axial, &error));
        let path = if at.is_empty() { key } else { format!("{at}.{key}") };
        source.mistake(&path, error.to_string(), None)
    })
}

/// The key of a compression that a mistake is about.
fn compression_key(axial: &AxialCompression, error: &GeometryError) -> &'static str {
    match (axial, error) {
        (AxialCompression::Span { .. }, GeometryError::Span { .. }) => "span.span",
        (AxialCompression::Span { .. }, _) => "span.max_ring_difference",
        (AxialCompression::Ge { .. }, _) => "ge.max_ring_difference",
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

    const CUSTOM: &str = "[custom]
name = \"mine\"
rings = 5
crystals_per_ring = 64
inner_radius_mm = 160.0
ring_spacing_mm = 8.0
radial_bins = 31
bin_size_mm = 6.0
";

    /// A scanner of one's own has the sinogram that it says, whatever it is called.
    #[test]
    fn the_usual_sinogram_is_that_of_the_scanners_fields() {
        let planes = |lines: &str| {
            let text = CUSTOM.replace("bin_size_mm = 6.0\n", &format!("bin_size_mm = 6.0\n{lines}"));
            let source = Source { path: "x.toml".into(), text };
            let config: ScannerConfig = source.parse()?;
            let scanner = config.scanner(&source, "")?;
            Ok::<_, ConfigError>(SinogramConfig::default().geometry(scanner, &source, "sinogram")?.planes())
        };
        assert_eq!(planes("").unwrap(), 25);
        // Segment 0 holds 2 R − 1 planes, those of ±{2, 3} 2 (R − 2) − 1 each, that of ±4 one.
        assert_eq!(planes("axial_compression.ge.max_ring_difference = 4").unwrap(), 9 + 2 * (5 + 1));
        assert_eq!(planes("axial_compression.span = { span = 3, max_ring_difference = 1 }").unwrap(), 9);
        let wrong = planes("axial_compression.span = { span = 3, max_ring_difference = 7 }").unwrap_err().to_string();
        assert!(wrong.contains("maximum ring difference 7 needs more than the 5 rings"), "{wrong}");
    }
}
