//! The same transverse slice of many images, in rows, on one grey scale and one scale in mm.

use super::canvas::{Canvas, LETTER_HEIGHT, LETTER_WIDTH, shortened};
use super::grey::Grey;
use super::slices::{CUTS, Layout, Panel, letters, round_length};
use super::{IoError, save};
use crate::image::Image;
use crate::io::values::check_image;
use std::path::Path;

/// Tiles in a row, at most.
const IN_A_ROW: usize = 4;
const MARGIN: usize = 24;
const LINE: usize = LETTER_HEIGHT + 6;
/// Letters that every tile has room for.
const LETTERS: usize = 34;

/// An image and the two lines above it.
#[derive(Clone, Copy, Debug)]
pub struct Tile<'a> {
    /// Lines above the slice.
    pub lines: [&'a str; 2],
    /// Image to show.
    pub image: &'a Image,
}

/// Writes a picture of the slice at `z_mm` of one or several images of one unit.
pub fn write_montage(path: &Path, overwrite: bool, tiles: &[Tile], z_mm: f64) -> Result<(), IoError> {
    let wrong = |field: &str, found: String, expected: &str| {
        Err(IoError::Field { path: path.into(), field: field.into(), found, expected: expected.into() })
    };
    let Some(first) = tiles.first() else {
        return wrong("the list of images", "empty".into(), "at least one image");
    };
    for tile in tiles {
        check_image(path, tile.lines[0], tile.image)?;
        if tile.image.unit != first.image.unit {
            return wrong(tile.lines[0], format!("in {}", tile.image.unit), "the unit of the first image");
        }
    }
    let canvas = draw(tiles, z_mm);
    save(path, overwrite, &(&canvas).into())
}

fn draw(tiles: &[Tile], z_mm: f64) -> Canvas {
    let panels: Vec<_> = tiles.iter().map(|tile| Panel { title: tile.lines[0], image: tile.image }).collect();
    let mut layout = Layout::of(&panels, None);
    layout.point_mm[2] = z_mm;
    let cut = CUTS[0];
    let slices: Vec<_> = tiles.iter().map(|tile| layout.cut(tile.image, cut)).collect();
    // The truth's few hottest voxels would pale all images, so the scale is that of all slices together.
    let grey = Grey::of(slices.iter().flatten().copied().flatten());
    let [width, height] = [layout.pixels(cut.right), layout.pixels(cut.down)];
    let columns = tiles.len().min(IN_A_ROW);
    let step = [width.max(LETTERS * LETTER_WIDTH) + 2 * MARGIN, 2 * LINE + height + MARGIN];
    let rows = tiles.len().div_ceil(columns);
    let mut canvas = Canvas::white(columns * step[0], rows * step[1] + 2 * LINE + MARGIN);
    for (index, (tile, slice)) in tiles.iter().zip(&slices).enumerate() {
        let [x, y] = [index % columns * step[0] + MARGIN, index / columns * step[1]];
        for (line, text) in tile.lines.iter().enumerate() {
            canvas.text(x, y + 4 + line * LINE, &shortened(text, step[0] - MARGIN));
        }
        let top = y + 2 * LINE;
        for (position, value) in slice.iter().enumerate() {
            let pixel = value.map_or(255, |value| grey.pixel(value));
            canvas.set(x + position % width, top + position / width, pixel);
        }
        canvas.frame([x, top], [width, height], 200);
        letters(&mut canvas, [x, top], [width, height], cut.letters);
    }
    scales(&mut canvas, &layout, grey, z_mm, &tiles[0].image.unit.to_string());
    canvas
}

/// Scale bar, position and grey bar below the tiles.
fn scales(canvas: &mut Canvas, layout: &Layout, grey: Grey, z_mm: f64, unit: &str) {
    let y = canvas.height - 2 * LINE;
    let length_mm = round_length(0.3 * layout.pixels(0) as f64 / layout.pixels_per_mm);
    canvas.fill([MARGIN, y + 4], [(length_mm * layout.pixels_per_mm).round() as usize, 3], 0);
    canvas.text(MARGIN, y + 14, &format!("{length_mm} mm, transverse, z = {z_mm:.1} mm"));
    let width = layout.pixels(0).min(180);
    grey.draw(canvas, [MARGIN + 40 * LETTER_WIDTH, y], width, unit);
}
