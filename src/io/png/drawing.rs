//! Drawings as pixels. Edges are smoothed by the share of the pixel that is covered, taken from the distance of its
//! centre.

use super::canvas::{LETTER_HEIGHT, LETTER_WIDTH, letter_ink, text_width};
use super::{IoError, Picture, save};
use crate::io::drawing::{Anchor, Colour, Drawing, Shape};
use std::path::Path;

/// Pixels of a dash and of the gap behind it.
const DASH: [f64; 2] = [7.0, 5.0];

/// Writes a drawing.
pub fn write_drawing(path: &Path, overwrite: bool, drawing: &Drawing) -> Result<(), IoError> {
    let mut sheet = Sheet::white(drawing.width, drawing.height);
    drawing.shapes.iter().for_each(|shape| sheet.draw(shape));
    let Sheet { width, height, pixels } = sheet;
    save(path, overwrite, &Picture { width, height, colour: ::png::ColorType::Rgb, pixels: &pixels })
}

/// RGB, row by row from the top left corner.
struct Sheet {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Sheet {
    fn white(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; 3 * width * height] }
    }

    fn draw(&mut self, shape: &Shape) {
        match shape {
            Shape::Line { points, colour, width, dashed } => {
                for [from, to] in if *dashed { dashes(points) } else { segments(points) } {
                    let reach = 0.5 * width;
                    self.cover(&[from, to], reach, *colour, |point| reach - distance(point, from, to));
                }
            }
            Shape::Polygon { points, colour } => {
                self.cover(points, 0.0, *colour, |point| depth(point, points));
            }
            Shape::Text { at, anchor, text, colour, upwards } => self.text(*at, *anchor, text, *colour, *upwards),
        }
    }

    /// Paints the pixels around `points` by how deep (in pixels, negative outside) their centres lie inside.
    fn cover(&mut self, points: &[[f64; 2]], reach: f64, colour: Colour, inside: impl Fn([f64; 2]) -> f64) {
        let range = |axis: usize, size: usize| {
            let low = points.iter().map(|point| point[axis]).fold(f64::INFINITY, f64::min) - reach - 1.0;
            let high = points.iter().map(|point| point[axis]).fold(f64::NEG_INFINITY, f64::max) + reach + 2.0;
            low.clamp(0.0, size as f64) as usize..high.clamp(0.0, size as f64) as usize
        };
        for row in range(1, self.height) {
            for column in range(0, self.width) {
                let share = inside([column as f64 + 0.5, row as f64 + 0.5]) + 0.5;
                self.blend(column, row, colour, share.clamp(0.0, 1.0));
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, colour: Colour, share: f64) {
        if x < self.width && y < self.height && share > 0.0 {
            let start = 3 * (y * self.width + x);
            for (pixel, value) in self.pixels[start..start + 3].iter_mut().zip(colour) {
                *pixel = (f64::from(*pixel) * (1.0 - share) + f64::from(value) * share).round() as u8;
            }
        }
    }

    fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, text: &str, colour: Colour, upwards: bool) {
        let length = text_width(text) as f64;
        let before = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5 * length,
            Anchor::End => length,
        };
        let across = 0.5 * LETTER_HEIGHT as f64;
        for (index, letter) in text.chars().enumerate() {
            for (column, row, ink) in letter_ink(letter) {
                let along = (index * LETTER_WIDTH + column) as f64 - before;
                let down = row as f64 - across;
                let [px, py] = if upwards { [x + down, y - along] } else { [x + along, y + down] };
                if px >= 0.0 && py >= 0.0 {
                    self.blend(px as usize, py as usize, colour, f64::from(ink) / 255.0);
                }
            }
        }
    }
}

fn segments(points: &[[f64; 2]]) -> Vec<[[f64; 2]; 2]> {
    points.windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// The pieces of a line that a dashed pen draws; the pattern runs on over the corners.
fn dashes(points: &[[f64; 2]]) -> Vec<[[f64; 2]; 2]> {
    let (mut pieces, mut phase) = (Vec::new(), 0.0);
    let period = DASH[0] + DASH[1];
    for [from, to] in segments(points) {
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let at = |along: f64| [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * along / length);
        let mut start = -phase;
        while start < length && length > 0.0 {
            let (low, high) = (start.max(0.0), (start + DASH[0]).min(length));
            if high > low {
                pieces.push([at(low), at(high)]);
            }
            start += period;
        }
        phase = (phase + length) % period;
    }
    pieces
}

/// Distance of a point from a segment.
fn distance([x, y]: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 { ((x - from[0]) * dx + (y - from[1]) * dy) / squared } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (x - from[0] - along * dx).hypot(y - from[1] - along * dy)
}

/// How far a point lies inside of a convex polygon; the order of its corners may run either way.
fn depth([x, y]: [f64; 2], points: &[[f64; 2]]) -> f64 {
    let edges = || points.iter().zip(points.iter().cycle().skip(1));
    let area: f64 = edges().map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    let inward = |(a, b): (&[f64; 2], &[f64; 2])| {
        let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
        (dx * (y - a[1]) - dy * (x - a[0])) / dx.hypot(dy) * area.signum()
    };
    edges().map(inward).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_and_distances_by_hand() {
        let square = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
        assert_eq!(depth([2.0, 1.0], &square), 1.0);
        assert_eq!(depth([5.0, 1.0], &square), -1.0);
        let reversed: Vec<_> = square.into_iter().rev().collect();
        assert_eq!(depth([2.0, 1.0], &reversed), 1.0);
        assert_eq!(distance([2.0, 3.0], [0.0, 0.0], [4.0, 0.0]), 3.0);
        assert_eq!(distance([7.0, 4.0], [0.0, 0.0], [4.0, 0.0]), 5.0);
    }

    #[test]
    fn dashes_run_on_over_corners() {
        let pieces = dashes(&[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]);
        assert_eq!(pieces, [[[0.0, 0.0], [7.0, 0.0]], [[10.0, 2.0], [10.0, 9.0]]]);
    }
}
