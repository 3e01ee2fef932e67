//! Plots: series of points with error bars on linear or logarithmic axes, as SVG and as PNG.
//!
//! ```
//! use coincide::report::{Plot, Point, Series};
//! let series = Series::new("OSEM", [(1.0, 0.52), (2.0, 0.61)].map(|(x, y)| Point::new(x, y)));
//! let plot = Plot::new("NEMA", "background variability (%)", "contrast recovery (%)").with(series);
//! assert!(plot.svg().starts_with("<svg"));
//! ```
//!
//! Points that an axis cannot show (not finite; not above zero where it is logarithmic) are left out and break the
//! line.

mod axis;
mod layout;

use crate::io::drawing::Drawing;
use crate::io::{IoError, png, svg};
use std::path::Path;

/// A point, with error bars where its ends are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Place along x.
    pub x: f64,
    /// Place along y.
    pub y: f64,
    /// Low and high end of the error bar along x.
    pub x_range: Option<[f64; 2]>,
    /// Low and high end of the error bar along y.
    pub y_range: Option<[f64; 2]>,
    /// A word beside the point.
    pub label: Option<String>,
    /// Whether the point is drawn larger, as the chosen one.
    pub chosen: bool,
}

impl Point {
    /// A point without error bars.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, ..Self::default() }
    }
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stroke {
    /// A line with markers.
    #[default]
    Marked,
    /// A line alone.
    Line,
    /// A dashed line alone: thresholds, ideals.
    Dashed,
    /// Markers alone.
    Markers,
}

/// Points that belong together; the legend names them.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name in the legend; none where it is empty.
    pub name: String,
    /// The points, in the order in which the line runs.
    pub points: Vec<Point>,
    /// How they are drawn.
    pub stroke: Stroke,
}

impl Series {
    /// A line with markers.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = Point>) -> Self {
        Self { name: name.into(), points: points.into_iter().collect(), stroke: Stroke::Marked }
    }

    /// The same, drawn in another way.
    pub fn drawn(self, stroke: Stroke) -> Self {
        Self { stroke, ..self }
    }
}

/// A plot; colours and markers follow from the order of the series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// Line above the plot.
    pub title: String,
    /// What runs to the right, with its unit.
    pub x_label: String,
    /// What runs upwards, with its unit.
    pub y_label: String,
    /// Whether x is logarithmic.
    pub x_log: bool,
    /// Whether y is logarithmic.
    pub y_log: bool,
    /// The series.
    pub series: Vec<Series>,
}

impl Plot {
    /// An empty plot with linear axes.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { title: title.into(), x_label: x_label.into(), y_label: y_label.into(), ..Self::default() }
    }

    /// The plot with one more series.
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// The plot as shapes.
    pub fn drawing(&self) -> Drawing {
        layout::Layout::of(self).drawing()
    }

    /// The text of an SVG file.
    pub fn svg(&self) -> String {
        svg::svg(&self.drawing())
    }

    /// Writes `path` with the endings `.svg` and `.png`.
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<(), IoError> {
        let drawing = self.drawing();
        svg::write_svg(&with_ending(path, "svg"), overwrite, &drawing)?;
        png::write_drawing(&with_ending(path, "png"), overwrite, &drawing)
    }
}

/// The path with one more ending: a name may hold dots of its own.
fn with_ending(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    name.into()
}
