//! Three orthogonal slices of images side by side.
//!
//! Transverse slices are seen from the feet (radiological convention), coronal ones from the front, sagittal ones from
//! the patient's left with the face to the viewer's left: the patient's left is on the viewer's right, the head is up.
//! All panels share one grey scale and one scale in mm, and show the same points of the scanner.

use super::canvas::{Canvas, LETTER_HEIGHT, LETTER_WIDTH, shortened};
use super::grey::Grey;
use super::{IoError, save};
use crate::image::Image;
use crate::io::values::check_image;
use std::path::Path;

/// Longest side of a transverse slice, and the greatest height of the others, in pixels.
const WIDTH: f64 = 360.0;
const TALLEST: f64 = 900.0;
const MARGIN: usize = 24;
const LINE: usize = LETTER_HEIGHT + 6;
const FRAME: u8 = 200;

/// An image and the line above it.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    /// Line above the slices.
    pub title: &'a str,
    /// Image to show.
    pub image: &'a Image,
}

/// Where to cut, and what is black.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slicing {
    /// Point in mm that all three slices contain; `None` is the middle of the images.
    pub point_mm: Option<[f64; 3]>,
    /// Value drawn black; `None` is the 99.9th percentile of what is shown.
    pub black: Option<f32>,
}

/// Writes a picture of one or several images of one unit; at least one panel.
pub fn write_slices(path: &Path, overwrite: bool, panels: &[Panel], slicing: Slicing) -> Result<(), IoError> {
    check(path, panels, slicing)?;
    let layout = Layout::of(panels, slicing.point_mm);
    let drawn: Vec<[Vec<Option<f32>>; 3]> =
        panels.iter().map(|panel| std::array::from_fn(|cut| layout.cut(panel.image, CUTS[cut]))).collect();
    let shown = drawn.iter().flatten().flatten().copied().flatten();
    let grey = slicing.black.map_or_else(|| Grey::of(shown), |black| Grey { black });
    let mut canvas = layout.canvas(panels.len());
    for (index, (panel, slices)) in panels.iter().zip(&drawn).enumerate() {
        layout.draw(&mut canvas, index, panel.title, slices, grey);
    }
    layout.draw_scales(&mut canvas, grey, &panels[0].image.unit.to_string());
    save(path, overwrite, &(&canvas).into())
}

fn check(path: &Path, panels: &[Panel], slicing: Slicing) -> Result<(), IoError> {
    let wrong = |field: &str, found: String, expected: &str| {
        Err(IoError::Field { path: path.into(), field: field.into(), found, expected: expected.into() })
    };
    let Some(first) = panels.first() else {
        return wrong("the list of images", "empty".into(), "at least one image");
    };
    for panel in panels {
        check_image(path, panel.title, panel.image)?;
        if panel.image.unit != first.image.unit {
            return wrong(panel.title, format!("in {}", panel.image.unit), "the unit of the first image");
        }
    }
    match slicing.black {
        Some(black) if !(black.is_finite() && black > 0.0) => {
            wrong("the value drawn black", black.to_string(), "a finite number > 0")
        }
        _ => Ok(()),
    }
}

/// One of the three ways to cut: the axes that run to the viewer's right and down, and letters for where they come from
/// and go to.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    name: &'static str,
    pub(super) right: usize,
    pub(super) down: usize,
    /// Whether the axis `down` runs up instead.
    up: bool,
    across: usize,
    /// Letters at the viewer's left, right, top and bottom.
    pub(super) letters: [&'static str; 4],
}

pub(super) const CUTS: [Cut; 3] = [
    Cut { name: "transverse, z", right: 0, down: 1, up: false, across: 2, letters: ["R", "L", "A", "P"] },
    Cut { name: "coronal, y", right: 0, down: 2, up: true, across: 1, letters: ["R", "L", "H", "F"] },
    Cut { name: "sagittal, x", right: 1, down: 2, up: true, across: 0, letters: ["A", "P", "H", "F"] },
];

/// The box in mm that all panels show, and its scale.
pub(super) struct Layout {
    low_mm: [f64; 3],
    high_mm: [f64; 3],
    pub(super) point_mm: [f64; 3],
    pub(super) pixels_per_mm: f64,
}

impl Layout {
    pub(super) fn of(panels: &[Panel], point_mm: Option<[f64; 3]>) -> Self {
        let edges = |axis: usize| {
            panels.iter().map(move |panel| {
                let grid = &panel.image.grid;
                let low = grid.origin_mm[axis] - 0.5 * grid.voxel_mm[axis];
                [low, low + grid.shape[axis] as f64 * grid.voxel_mm[axis]]
            })
        };
        let low_mm = std::array::from_fn(|axis| edges(axis).map(|edge| edge[0]).fold(f64::INFINITY, f64::min));
        let high_mm = std::array::from_fn(|axis| edges(axis).map(|edge| edge[1]).fold(f64::NEG_INFINITY, f64::max));
        let length = |axis: usize| high_mm[axis] - low_mm[axis];
        let pixels_per_mm = (WIDTH / length(0).max(length(1))).min(TALLEST / length(2));
        let middle = std::array::from_fn(|axis| 0.5 * (low_mm[axis] + high_mm[axis]));
        Self { low_mm, high_mm, point_mm: point_mm.unwrap_or(middle), pixels_per_mm }
    }

    pub(super) fn pixels(&self, axis: usize) -> usize {
        ((self.high_mm[axis] - self.low_mm[axis]) * self.pixels_per_mm).round().max(1.0) as usize
    }

    fn panel_width(&self) -> usize {
        // Wide enough for the captions and the scales below.
        self.pixels(0).max(self.pixels(1)).max(30 * LETTER_WIDTH)
    }

    fn canvas(&self, panels: usize) -> Canvas {
        let slices: usize = CUTS.iter().map(|cut| self.pixels(cut.down) + LINE).sum();
        let width = panels * (self.panel_width() + 2 * MARGIN);
        Canvas::white(width, LINE + slices + 2 * LINE + MARGIN)
    }

    /// The slice of an image, row by row; `None` outside of the image.
    pub(super) fn cut(&self, image: &Image, cut: Cut) -> Vec<Option<f32>> {
        let [width, height] = [self.pixels(cut.right), self.pixels(cut.down)];
        let mm = |axis: usize, pixel: usize| self.low_mm[axis] + (pixel as f64 + 0.5) / self.pixels_per_mm;
        let mut slice = Vec::with_capacity(width * height);
        let mut point = [0.0; 3];
        point[cut.across] = nearest_centre(image, cut.across, self.point_mm[cut.across]);
        for row in 0..height {
            point[cut.down] = mm(cut.down, if cut.up { height - 1 - row } else { row });
            for column in 0..width {
                point[cut.right] = mm(cut.right, column);
                slice.push(sample(image, point));
            }
        }
        slice
    }

    fn draw(&self, canvas: &mut Canvas, index: usize, title: &str, slices: &[Vec<Option<f32>>; 3], grey: Grey) {
        let x = index * (self.panel_width() + 2 * MARGIN) + MARGIN;
        canvas.text(x, 4, &shortened(title, self.panel_width() + MARGIN));
        let mut y = LINE;
        for (cut, slice) in CUTS.iter().zip(slices) {
            let [width, height] = [self.pixels(cut.right), self.pixels(cut.down)];
            for (position, value) in slice.iter().enumerate() {
                let pixel = value.map_or(255, |value| grey.pixel(value));
                canvas.set(x + position % width, y + position / width, pixel);
            }
            canvas.frame([x, y], [width, height], FRAME);
            letters(canvas, [x, y], [width, height], cut.letters);
            let place = format!("{} = {:.1} mm", cut.name, self.point_mm[cut.across]);
            canvas.text(x, y + height + 2, &place);
            y += height + LINE;
        }
    }

    /// Scale bar and grey bar below the first panel.
    fn draw_scales(&self, canvas: &mut Canvas, grey: Grey, unit: &str) {
        let y = canvas.height - 2 * LINE;
        let length_mm = round_length(0.3 * self.panel_width() as f64 / self.pixels_per_mm);
        let pixels = (length_mm * self.pixels_per_mm).round() as usize;
        canvas.fill([MARGIN, y + 4], [pixels, 3], 0);
        canvas.text(MARGIN, y + 14, &format!("{length_mm} mm"));
        let width = self.panel_width() / 2;
        grey.draw(canvas, [MARGIN + self.panel_width() - width, y], width, unit);
    }
}

pub(super) fn letters(
    canvas: &mut Canvas,
    [x, y]: [usize; 2],
    [width, height]: [usize; 2],
    [left, right, top, bottom]: [&str; 4],
) {
    let middle = (y + height / 2).saturating_sub(LETTER_HEIGHT / 2);
    let outside = x - LETTER_WIDTH - 4;
    canvas.text(outside, middle, left);
    canvas.text(x + width + 4, middle, right);
    canvas.text(outside, y, top);
    canvas.text(outside, (y + height).saturating_sub(LETTER_HEIGHT), bottom);
}

/// The largest of 1, 2, 5, 10, 20, … mm that is not longer than `longest`.
pub(super) fn round_length(longest: f64) -> f64 {
    let decade = 10_f64.powf(longest.log10().floor());
    [5.0, 2.0, 1.0].map(|n| n * decade).into_iter().find(|&length| length <= longest).unwrap_or(decade)
}

fn nearest_centre(image: &Image, axis: usize, mm: f64) -> f64 {
    let grid = &image.grid;
    let index = ((mm - grid.origin_mm[axis]) / grid.voxel_mm[axis]).round();
    grid.origin_mm[axis] + index * grid.voxel_mm[axis]
}

/// Linear interpolation between voxel centres, the outermost half voxels constant; `None` outside of the voxels.
fn sample(image: &Image, point_mm: [f64; 3]) -> Option<f32> {
    let grid = &image.grid;
    let (mut low, mut high, mut share) = ([0; 3], [0; 3], [0.0; 3]);
    for axis in 0..3 {
        let place = (point_mm[axis] - grid.origin_mm[axis]) / grid.voxel_mm[axis];
        let last = (grid.shape[axis] - 1) as f64;
        if !(-0.5..=last + 0.5).contains(&place) {
            return None;
        }
        let place = place.clamp(0.0, last);
        low[axis] = place.floor() as usize;
        high[axis] = place.ceil() as usize;
        share[axis] = place - place.floor();
    }
    let mut sum = 0.0;
    for corner in 0..8 {
        let upper = |axis: usize| corner >> axis & 1 == 1;
        let voxel = std::array::from_fn(|axis| if upper(axis) { high[axis] } else { low[axis] });
        let weight: f64 = (0..3).map(|axis| if upper(axis) { share[axis] } else { 1.0 - share[axis] }).product();
        sum += weight * f64::from(image.values[grid.index(voxel)]);
    }
    Some(sum as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{ImageGrid, ImageUnit};

    #[test]
    fn a_linear_image_is_sampled_exactly() {
        let grid = ImageGrid::centred([5, 6, 7], [2.0, 3.0, 4.0]);
        let mut image = Image::uniform(grid, ImageUnit::PerCm, 0.0);
        for i in 0..5 {
            for j in 0..6 {
                for k in 0..7 {
                    let [x, y, z] = grid.centre_mm([i, j, k]);
                    image.values[grid.index([i, j, k])] = (x + 10.0 * y - 3.0 * z) as f32;
                }
            }
        }
        assert_eq!(sample(&image, [0.5, -1.25, 2.0]), Some(0.5 - 12.5 - 6.0));
        assert_eq!(sample(&image, [4.9, 0.0, 0.0]), Some(4.0));
        assert_eq!(sample(&image, [5.1, 0.0, 0.0]), None);
    }

    #[test]
    fn scale_bars_are_round() {
        assert_eq!([160.0, 99.0, 31.0, 5.0, 1.9].map(round_length), [100.0, 50.0, 20.0, 5.0, 1.0]);
    }
}
