//! A white sheet of 8-bit grey pixels, row by row from the top left corner.

use crate::io::drawing::LETTER;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

/// Size of a letter in pixels.
pub(super) const LETTER_WIDTH: usize = LETTER[0];
pub(super) const LETTER_HEIGHT: usize = LETTER[1];

pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn white(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; width * height] }
    }

    /// Sets a pixel; what lies outside is cut off.
    pub(super) fn set(&mut self, x: usize, y: usize, grey: u8) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = grey;
        }
    }

    pub(super) fn fill(&mut self, [x, y]: [usize; 2], [width, height]: [usize; 2], grey: u8) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, grey);
            }
        }
    }

    /// A frame of one pixel around a rectangle.
    pub(super) fn frame(&mut self, [x, y]: [usize; 2], [width, height]: [usize; 2], grey: u8) {
        for row in [y - 1, y + height] {
            self.fill([x - 1, row], [width + 2, 1], grey);
        }
        for column in [x - 1, x + width] {
            self.fill([column, y - 1], [1, height + 2], grey);
        }
    }

    /// One line of black text with its top left corner at (x, y).
    pub(super) fn text(&mut self, x: usize, y: usize, text: &str) {
        for (index, letter) in text.chars().enumerate() {
            for (column, row, ink) in letter_ink(letter) {
                self.set(x + index * LETTER_WIDTH + column, y + row, 255 - ink);
            }
        }
    }
}

/// The inked pixels of a letter: column, row, darkness. A letter that the font lacks becomes a question mark.
pub(super) fn letter_ink(letter: char) -> Vec<(usize, usize, u8)> {
    let raster = |letter| get_raster(letter, FontWeight::Regular, RasterHeight::Size16);
    let Some(raster) = raster(letter).or_else(|| raster('?')) else { return Vec::new() };
    let rows = raster.rows().enumerate();
    let pixels = rows.flat_map(|(row, line)| line.iter().enumerate().map(move |(column, &ink)| (column, row, ink)));
    pixels.filter(|(_, _, ink)| *ink > 0).collect()
}

/// Width of a line of text in pixels.
pub(super) fn text_width(text: &str) -> usize {
    text.chars().count() * LETTER_WIDTH
}

/// The text, or its beginning with an ellipsis where it is wider than `width` pixels.
pub(super) fn shortened(text: &str, width: usize) -> String {
    let room = width / LETTER_WIDTH;
    if text.chars().count() <= room {
        return text.into();
    }
    text.chars().take(room.saturating_sub(3)).chain("...".chars()).collect()
}
