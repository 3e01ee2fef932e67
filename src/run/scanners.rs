//! `coincide scanners` and `coincide info NAME`: what is known by name.

use super::RunError;
use crate::config::{ScannerConfig, SinogramConfig, Source};
use crate::report::{Table, significant};
use crate::scanner::{PRESETS, Scanner, SinogramGeometry};
use serde::Serialize;
use std::fmt;

/// A scanner and its usual sinogram.
#[derive(Clone, Debug, Serialize)]
pub struct ScannerSheet {
    /// Name in a config.
    pub preset: String,
    /// All numbers of the scanner.
    pub scanner: Scanner,
    /// Axial field of view in mm.
    pub axial_length_mm: f64,
    /// Shape `[view, radial, tof, plane]` of the usual sinogram, all TOF in one bin.
    pub sinogram: [usize; 4],
    /// Number of segments of the usual sinogram.
    pub segments: usize,
    /// Lines of response of the usual sinogram.
    pub lors: usize,
}

/// All presets.
#[derive(Clone, Debug, Serialize)]
pub struct ScannerList {
    /// One sheet each.
    pub scanners: Vec<ScannerSheet>,
}

/// The sheets of all presets.
pub fn list_scanners() -> Result<ScannerList, RunError> {
    let scanners = PRESETS.iter().map(|name| describe_scanner(name)).collect::<Result<_, _>>()?;
    Ok(ScannerList { scanners })
}

/// The sheet of one preset.
pub fn describe_scanner(name: &str) -> Result<ScannerSheet, RunError> {
    let nowhere = Source { path: "the command line".into(), text: String::new() };
    let scanner = ScannerConfig::Preset(name.into()).scanner(&nowhere, "scanner")?;
    let geometry = SinogramConfig::default().geometry(scanner, &nowhere, "sinogram")?;
    Ok(sheet(name, geometry))
}

fn sheet(preset: &str, geometry: SinogramGeometry) -> ScannerSheet {
    ScannerSheet {
        preset: preset.into(),
        axial_length_mm: geometry.scanner.axial_length_mm(),
        sinogram: geometry.shape(),
        segments: geometry.segments.len(),
        lors: geometry.lines(),
        scanner: geometry.scanner,
    }
}

impl fmt::Display for ScannerList {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut table = Table::new(["preset", "rings", "crystals", "axial mm", "TOF ps", "LORs", "scanner"]);
        for sheet in &self.scanners {
            let scanner = &sheet.scanner;
            table.row([
                sheet.preset.clone(),
                scanner.rings.to_string(),
                scanner.crystals_per_ring.to_string(),
                format!("{:.1}", sheet.axial_length_mm),
                scanner.tof.map_or("–".into(), |tof| tof.fwhm_ps.to_string()),
                format!("{:.1} M", sheet.lors as f64 / 1e6),
                scanner.name.clone(),
            ]);
        }
        table.fmt(f)
    }
}

impl fmt::Display for ScannerSheet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let scanner = &self.scanner;
        let [views, radial, _, planes] = self.sinogram;
        let mut table = Table::new([self.scanner.name.as_str(), ""]);
        table.row(["preset", &self.preset]);
        table.row(["rings".into(), format!("{} every {} mm", scanner.rings, scanner.ring_spacing_mm)]);
        table.row(["axial field of view".into(), format!("{} mm", significant(self.axial_length_mm))]);
        table.row(["crystals per ring".into(), scanner.crystals_per_ring.to_string()]);
        table.row(["radius of the lines' ends".into(), format!("{} mm", significant(scanner.effective_radius_mm()))]);
        if let Some(tof) = scanner.tof {
            let text = format!("{} ps FWHM, {} bins of {} ps", tof.fwhm_ps, tof.bins, tof.bin_ps);
            table.row(["time of flight".into(), text]);
        }
        let text = format!("{views} views × {radial} radial × {planes} planes in {} segments", self.segments);
        table.row(["usual sinogram".into(), text]);
        table.row(["lines of response".into(), format!("{:.1} M", self.lors as f64 / 1e6)]);
        table.fmt(f)
    }
}
