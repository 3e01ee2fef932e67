//! `coincide info`: what a file holds, or what a scanner or phantom of a name is.

use super::{RunError, ScannerSheet, describe_scanner};
use crate::data::{Clock, Measurement};
use crate::image::{Image, ImageUnit};
use crate::io::columns::Columns;
use crate::io::{self, Holds, ImageOptions, OpenImage, Provenance, hdf5};
use crate::phantom::{self, Phantom};
use crate::report::{Table, significant};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// What is known about a file or a name.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Info {
    /// A scanner.
    Scanner(Box<ScannerSheet>),
    /// A phantom.
    Phantom(PhantomSheet),
    /// A measurement file.
    Measurement(MeasurementSheet),
    /// An image file.
    Image(ImageSheet),
    /// A file of tables.
    Tables(TablesSheet),
}

/// A phantom in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct PhantomSheet {
    /// Short name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Where its numbers come from.
    pub citation: String,
    /// Painted shapes.
    pub shapes: usize,
    /// Regions that are scored.
    pub regions: Vec<String>,
    /// `[low, high]` along x, y, z in mm.
    pub extent_mm: [[f64; 2]; 3],
}

/// A measurement in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct MeasurementSheet {
    /// The scanner.
    pub scanner: String,
    /// Shape `[view, radial, tof, plane]`.
    pub shape: [usize; 4],
    /// Segments.
    pub segments: usize,
    /// Prompts y.
    pub prompts: f64,
    /// Expected background b.
    pub background: f64,
    /// Whether there are factors m.
    pub factors: bool,
    /// Whether images of it are in Bq/mL.
    pub calibrated: bool,
    /// Corrections that factors and background hold; none where the file does not say.
    pub contains: Option<Vec<String>>,
    /// To which moment the activity of images refers.
    pub activity: String,
    /// Isotope, start, frame and duration, as far as they are known.
    pub clock: Clock,
    /// Where it comes from.
    pub provenance: BTreeMap<String, String>,
}

/// An image in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct ImageSheet {
    /// Voxels along x, y, z.
    pub shape: [usize; 3],
    /// Voxel size in mm.
    pub voxel_mm: [f64; 3],
    /// Centre of voxel `[0, 0, 0]` in mm.
    pub origin_mm: [f64; 3],
    /// Unit of the values, where the file states it.
    pub unit: String,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Mean value.
    pub mean: f64,
    /// Where it comes from.
    pub provenance: BTreeMap<String, String>,
}

/// Tables in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct TablesSheet {
    /// The tables.
    pub tables: Vec<TableSheet>,
    /// Where they come from.
    pub provenance: BTreeMap<String, String>,
}

/// A table in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct TableSheet {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Names of the columns.
    pub columns: Vec<String>,
}

/// Describes a file, a scanner or a phantom.
pub fn info(what: &str) -> Result<Info, RunError> {
    let path = Path::new(what);
    if !path.exists() {
        return named(what);
    }
    if io::ends_in(path, &[".toml"]) {
        return Ok(Info::Phantom(phantom_sheet(&Phantom::read(path)?)));
    }
    Ok(match io::holds(path)?.1 {
        Holds::Measurement => {
            let (measurement, provenance) = io::open_measurement(path)?;
            Info::Measurement(measurement_sheet(&measurement, provenance))
        }
        Holds::Image => {
            let OpenImage { image, provenance, notes } =
                io::open_image(path, &ImageOptions { unit: Some(ImageUnit::CountsPerMm), ..ImageOptions::default() })?;
            notes.iter().for_each(|note| eprintln!("warning: {note}"));
            Info::Image(image_sheet(&image, provenance))
        }
        Holds::Tables => {
            let (tables, provenance) = hdf5::read_tables(path)?;
            let sheet = |(name, table): (String, Columns)| {
                let columns = table.0.iter().map(|(name, _)| name.clone()).collect();
                TableSheet { name, rows: table.rows(), columns }
            };
            let tables = tables.into_iter().map(sheet).collect();
            Info::Tables(TablesSheet { tables, provenance: provenance.0 })
        }
        kind @ (Holds::Normalisation | Holds::Singles | Holds::ListMode) => {
            return Err(RunError::Usage(format!("{what} holds {kind:?}, of which there is no more to say")));
        }
    })
}

fn named(name: &str) -> Result<Info, RunError> {
    if phantom::PRESETS.contains(&name) {
        return Ok(Info::Phantom(phantom_sheet(&Phantom::load(name)?)));
    }
    match describe_scanner(name) {
        Ok(sheet) => Ok(Info::Scanner(Box::new(sheet))),
        Err(_) => Err(RunError::Usage(format!(
            "`{name}` is no file, no scanner (`coincide scanners` lists them) and no phantom (`coincide phantoms`)"
        ))),
    }
}

/// The sheet of a phantom.
pub(super) fn phantom_sheet(phantom: &Phantom) -> PhantomSheet {
    PhantomSheet {
        name: phantom.name.clone(),
        description: phantom.description.trim().replace('\n', " "),
        citation: phantom.citation.trim().replace('\n', " "),
        shapes: phantom.shapes(),
        regions: phantom.regions().into_iter().map(String::from).collect(),
        extent_mm: phantom.extent_mm(),
    }
}

fn measurement_sheet(measurement: &Measurement, provenance: Provenance) -> MeasurementSheet {
    MeasurementSheet {
        scanner: measurement.geometry.scanner.name.clone(),
        shape: measurement.geometry.shape(),
        segments: measurement.geometry.segments.len(),
        prompts: measurement.total_prompts(),
        background: measurement.total_background(),
        factors: measurement.factors.is_some(),
        calibrated: measurement.ledger.calibrated,
        contains: measurement.ledger.contains.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
        activity: measurement.ledger.moment(),
        clock: measurement.clock,
        provenance: provenance.0,
    }
}

fn image_sheet(image: &Image, provenance: Provenance) -> ImageSheet {
    let (mut min, mut max, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    for &value in &image.values {
        let value = f64::from(value);
        (min, max, sum) = (min.min(value), max.max(value), sum + value);
    }
    let mean = sum / image.values.len() as f64;
    let grid = image.grid;
    let (shape, voxel_mm, origin_mm) = (grid.shape, grid.voxel_mm, grid.origin_mm);
    ImageSheet { shape, voxel_mm, origin_mm, unit: image.unit.to_string(), min, max, mean, provenance: provenance.0 }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Scanner(sheet) => sheet.fmt(f),
            Self::Phantom(sheet) => sheet.fmt(f),
            Self::Measurement(sheet) => sheet.fmt(f),
            Self::Image(sheet) => sheet.fmt(f),
            Self::Tables(sheet) => sheet.fmt(f),
        }
    }
}

impl fmt::Display for PhantomSheet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{}: {}\n{}", self.name, self.description, self.citation)?;
        writeln!(f, "{} shapes; regions {}", self.shapes, self.regions.join(", "))?;
        let [x, y, z] = self.extent_mm.map(|[low, high]| format!("{low:.1} … {high:.1}"));
        writeln!(f, "x {x}, y {y}, z {z} mm")
    }
}

impl fmt::Display for MeasurementSheet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let [views, radial, tof, planes] = self.shape;
        let mut table = Table::new(["measurement", ""]);
        table.row(["scanner", &self.scanner]);
        table.row(["views × radial × TOF × planes".into(), format!("{views} × {radial} × {tof} × {planes}")]);
        table.row(["segments".into(), self.segments.to_string()]);
        table.row(["prompts".into(), format!("{:.0}", self.prompts)]);
        table.row(["expected background".into(), format!("{:.0}", self.background)]);
        table.row(["factors", if self.factors { "yes" } else { "none: all 1" }]);
        table.row(["calibrated", if self.calibrated { "yes, images in Bq/mL" } else { "no" }]);
        table.row([
            "holds".into(),
            match &self.contains {
                None => "not said".into(),
                Some(none) if none.is_empty() => "no corrections".into(),
                Some(all) => all.join(", "),
            },
        ]);
        table.row(["images", &self.activity]);
        let Clock { isotope, start, frame_s, duration_s, uptake_s, kept } = self.clock;
        let seconds = |seconds: f64| format!("{} s", significant(seconds));
        let known = [
            ("isotope", isotope.map(|isotope| isotope.to_string())),
            ("start", start.map(|start| start.to_string())),
            ("frame starts after", Some(frame_s).filter(|s| *s != 0.0).map(seconds)),
            ("duration", duration_s.map(seconds)),
            ("from injection to start", uptake_s.map(seconds)),
            ("share of the counts", Some(kept).filter(|share| *share != 1.0).map(significant)),
        ];
        for (name, text) in known {
            text.into_iter().for_each(|text| table.row([name.to_owned(), text]));
        }
        write!(f, "{table}")?;
        write_provenance(f, &self.provenance)
    }
}

impl fmt::Display for ImageSheet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut table = Table::new(["image", ""]);
        let row = |numbers: [f64; 3]| numbers.map(significant).join(" × ");
        table.row(["voxels".into(), self.shape.map(|n| n.to_string()).join(" × ")]);
        table.row(["voxel size in mm".into(), row(self.voxel_mm)]);
        table.row(["centre of the first voxel in mm".into(), self.origin_mm.map(significant).join(", ")]);
        table.row(["unit", &self.unit]);
        table.row(["min, mean, max".into(), [self.min, self.mean, self.max].map(significant).join(", ")]);
        write!(f, "{table}")?;
        write_provenance(f, &self.provenance)
    }
}

impl fmt::Display for TablesSheet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut tables = Table::new(["table", "rows", "columns"]);
        for TableSheet { name, rows, columns } in &self.tables {
            tables.row([name.clone(), rows.to_string(), columns.len().to_string()]);
        }
        write!(f, "{tables}")?;
        write_provenance(f, &self.provenance)
    }
}

fn write_provenance(f: &mut fmt::Formatter, provenance: &BTreeMap<String, String>) -> fmt::Result {
    for (key, text) in provenance {
        match text.trim_end().contains('\n') {
            true => writeln!(f, "\n{key}:\n{}", text.trim_end())?,
            false => writeln!(f, "{key}: {}", text.trim_end())?,
        }
    }
    Ok(())
}
