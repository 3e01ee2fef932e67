//! What can be wrong with a scanner or its sinograms.

/// Numbers that do not describe a scanner or a sinogram.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A field of a scanner is out of its range.
    #[error("scanner field `{field}` is {found}, expected {expected}")]
    Scanner {
        /// Field of the scanner table.
        field: &'static str,
        /// What was found.
        found: String,
        /// What is possible.
        expected: &'static str,
    },
    /// No preset of this name.
    #[error("no scanner is called `{name}`; known are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// All presets.
        known: Vec<&'static str>,
    },
    /// A span is odd and not larger than the scanner.
    #[error(
        "span {span} is not an odd number within the scanner; use 1 for uncompressed data, 11 is usual for Siemens"
    )]
    Span {
        /// The span found.
        span: usize,
    },
    /// Ring differences end below the number of rings.
    #[error("maximum ring difference {found} needs more than the {rings} rings of the scanner; the largest is {}", rings - 1)]
    RingDifference {
        /// The maximum ring difference found.
        found: usize,
        /// Rings of the scanner.
        rings: usize,
    },
    /// More bins than can be counted.
    #[error("a sinogram of the shape {shape:?} (view, radial, TOF, plane) holds more bins than any memory")]
    Bins {
        /// View, radial bin, TOF bin, plane.
        shape: [usize; 4],
    },
    /// More planes than a sinogram can have.
    #[error(
        "{planes} planes are more than the {most} that a sinogram can have; use a larger span or smaller ring differences"
    )]
    Planes {
        /// The number of planes.
        planes: usize,
        /// Most planes.
        most: usize,
    },
    /// The number of views is divided evenly.
    #[error("a view mashing of {found} does not divide {views} views; use one of {dividers:?}")]
    ViewMashing {
        /// The mashing found.
        found: usize,
        /// Unmashed views.
        views: usize,
        /// What would fit.
        dividers: Vec<usize>,
    },
    /// The number of TOF bins is divided evenly.
    #[error("a TOF mashing of {mashing} does not divide {bins} time bins; use one of {dividers:?}")]
    TofMashing {
        /// The mashing found.
        mashing: usize,
        /// Unmashed bins.
        bins: usize,
        /// What would fit.
        dividers: Vec<usize>,
    },
    /// TOF was asked of a scanner without it.
    #[error("scanner `{scanner}` has no time of flight; leave out the TOF mashing or give the scanner a `tof` table")]
    NoTof {
        /// Name of the scanner.
        scanner: String,
    },
}
