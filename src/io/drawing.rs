//! Line drawings: shapes on a white sheet, in pixels from the top left corner. [`svg`](super::svg) and
//! [`png`](super::png) write the same drawing.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster_width};

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Where a text stands from its point, along its own direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins at the point.
    Start,
    /// The point is the middle of the text.
    Middle,
    /// The text ends at the point.
    End,
}

/// One thing on the sheet.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line through points.
    Line {
        /// The points, in order.
        points: Vec<[f64; 2]>,
        /// Colour.
        colour: Colour,
        /// Width in pixels.
        width: f64,
        /// Whether it is dashed.
        dashed: bool,
    },
    /// A filled polygon, convex.
    Polygon {
        /// Its corners, in order.
        points: Vec<[f64; 2]>,
        /// Colour.
        colour: Colour,
    },
    /// One line of text, vertically centred on its point.
    Text {
        /// The point.
        at: [f64; 2],
        /// Where the text stands from it.
        anchor: Anchor,
        /// The text.
        text: String,
        /// Colour.
        colour: Colour,
        /// Whether it runs upwards instead of to the right.
        upwards: bool,
    },
}

/// Shapes on a sheet; a later shape covers an earlier one.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// What is drawn.
    pub shapes: Vec<Shape>,
}

/// Size of a letter in pixels: the same in both formats, so that a layout fits both.
pub const LETTER: [usize; 2] = [get_raster_width(FontWeight::Regular, RasterHeight::Size16), 16];
