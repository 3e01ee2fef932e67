//! Where everything of a plot stands on the sheet.

use super::axis::Axis;
use super::{Plot, Point, Series, Stroke};
use crate::io::drawing::{Anchor, Colour, Drawing, LETTER, Shape};

/// The frame in pixels, and what is left free around it for ticks, labels and title.
const FRAME: [f64; 2] = [600.0, 440.0];
const LEFT: f64 = 96.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 64.0;
const RIGHT: f64 = 24.0;
/// Line and marker of an entry of the legend, and the height of an entry.
const KEY: f64 = 44.0;
const ENTRY: f64 = 24.0;

const INK: Colour = [40, 40, 40];
const GRID: Colour = [225, 225, 225];

/// Colours that colour-blind people can tell apart (Okabe & Ito 2008), the brightest left out.
const COLOURS: [Colour; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [230, 159, 0], [90, 90, 90]];

/// That of a series; of the eighth and later ones in half its light.
fn colour(index: usize) -> Colour {
    let bright = COLOURS[index % COLOURS.len()];
    if (index / COLOURS.len()).is_multiple_of(2) { bright } else { bright.map(|part| part / 2) }
}

/// A plot with its axes.
pub(super) struct Layout<'a> {
    plot: &'a Plot,
    x: Axis,
    y: Axis,
    shapes: Vec<Shape>,
}

impl<'a> Layout<'a> {
    pub fn of(plot: &'a Plot) -> Self {
        let points = || plot.series.iter().flat_map(|series| &series.points);
        let ends = |value: f64, range: Option<[f64; 2]>| range.into_iter().flatten().chain([value]);
        let x = Axis::over(points().flat_map(|point| ends(point.x, point.x_range)), plot.x_log);
        let y = Axis::over(points().flat_map(|point| ends(point.y, point.y_range)), plot.y_log);
        Self { plot, x, y, shapes: Vec::new() }
    }

    pub fn drawing(mut self) -> Drawing {
        self.frame();
        for (index, series) in self.plot.series.iter().enumerate() {
            self.series(index, series);
        }
        let width = LEFT + FRAME[0] + RIGHT + self.legend();
        Drawing { width: width as usize, height: (TOP + FRAME[1] + BOTTOM) as usize, shapes: self.shapes }
    }

    /// Grid, ticks, labels and title.
    fn frame(&mut self) {
        let (right, bottom) = (LEFT + FRAME[0], TOP + FRAME[1]);
        for (place, name) in self.x.ticks() {
            let x = LEFT + place * FRAME[0];
            self.line(vec![[x, TOP], [x, bottom]], GRID, 1.0);
            self.text([x, bottom + 16.0], Anchor::Middle, &name, false);
        }
        for (place, name) in self.y.ticks() {
            let y = bottom - place * FRAME[1];
            self.line(vec![[LEFT, y], [right, y]], GRID, 1.0);
            self.text([LEFT - 8.0, y], Anchor::End, &name, false);
        }
        self.line(vec![[LEFT, TOP], [right, TOP], [right, bottom], [LEFT, bottom], [LEFT, TOP]], INK, 1.0);
        let plot = self.plot;
        let (middle, centre) = (LEFT + 0.5 * FRAME[0], TOP + 0.5 * FRAME[1]);
        self.text([middle, 0.5 * TOP], Anchor::Middle, &plot.title, false);
        self.text([middle, bottom + 44.0], Anchor::Middle, &plot.x_label, false);
        self.text([18.0, centre], Anchor::Middle, &plot.y_label, true);
    }

    fn series(&mut self, index: usize, series: &Series) {
        let colour = colour(index);
        let places: Vec<_> = series.points.iter().map(|point| self.pixel(point)).collect();
        if series.stroke != Stroke::Markers {
            // A point without a place breaks the line.
            for run in places.split(Option::is_none).filter(|run| run.len() > 1) {
                let points = run.iter().flatten().copied().collect();
                self.shapes.push(Shape::Line { points, colour, width: 2.0, dashed: series.stroke == Stroke::Dashed });
            }
        }
        for (point, at) in series.points.iter().zip(&places) {
            let Some(at) = *at else { continue };
            self.error_bars(point, at, colour);
            if matches!(series.stroke, Stroke::Marked | Stroke::Markers) {
                if point.chosen {
                    self.marker(index, at, 9.5, colour);
                    self.marker(index, at, 7.5, [255; 3]);
                }
                self.marker(index, at, 5.0, colour);
            }
            if let Some(label) = &point.label {
                let at = [at[0] + 9.0, at[1] + 12.0];
                let (anchor, text, upwards) = (Anchor::Start, label.clone(), false);
                self.shapes.push(Shape::Text { at, anchor, text, colour, upwards });
            }
        }
    }

    fn pixel(&self, point: &Point) -> Option<[f64; 2]> {
        Some([LEFT + self.x.place(point.x)? * FRAME[0], TOP + (1.0 - self.y.place(point.y)?) * FRAME[1]])
    }

    fn error_bars(&mut self, point: &Point, [x, y]: [f64; 2], colour: Colour) {
        let across = |value: f64| LEFT + self.x.place_cut(value) * FRAME[0];
        let down = |value: f64| TOP + (1.0 - self.y.place_cut(value)) * FRAME[1];
        let mut lines = Vec::new();
        if let Some([low, high]) = point.x_range.filter(|range| range.iter().all(|end| end.is_finite())) {
            let (low, high) = (across(low), across(high));
            lines.extend([[[low, y], [high, y]], [[low, y - 3.0], [low, y + 3.0]], [[high, y - 3.0], [high, y + 3.0]]]);
        }
        if let Some([low, high]) = point.y_range.filter(|range| range.iter().all(|end| end.is_finite())) {
            let (low, high) = (down(low), down(high));
            lines.extend([[[x, low], [x, high]], [[x - 3.0, low], [x + 3.0, low]], [[x - 3.0, high], [x + 3.0, high]]]);
        }
        lines.into_iter().for_each(|line| self.line(line.into(), colour, 1.0));
    }

    /// The shape follows the series, so that a plot is legible without colours.
    fn marker(&mut self, index: usize, [x, y]: [f64; 2], radius: f64, colour: Colour) {
        // Corners, the angle of the first in twelfths of a turn, and what makes the areas alike.
        let (corners, turn, size) = [(24, 0.0, 1.0), (4, 1.5, 1.25), (3, -3.0, 1.35), (4, 0.0, 1.3)][index % 4];
        let corner = |n: usize| {
            let angle = std::f64::consts::TAU * (n as f64 / corners as f64 + turn / 12.0);
            [x + size * radius * angle.cos(), y + size * radius * angle.sin()]
        };
        self.shapes.push(Shape::Polygon { points: (0..corners).map(corner).collect(), colour });
    }

    /// The names of the series beside the frame; returns the width that they take.
    fn legend(&mut self) -> f64 {
        let named = |(_, series): &(usize, &'a Series)| !series.name.is_empty();
        let entries: Vec<_> = self.plot.series.iter().enumerate().filter(named).collect();
        let x = LEFT + FRAME[0] + RIGHT;
        for (row, (index, series)) in entries.iter().enumerate() {
            let (y, colour) = (TOP + 12.0 + row as f64 * ENTRY, colour(*index));
            let points = vec![[x, y], [x + KEY - 10.0, y]];
            if series.stroke != Stroke::Markers {
                self.shapes.push(Shape::Line { points, colour, width: 2.0, dashed: series.stroke == Stroke::Dashed });
            }
            if matches!(series.stroke, Stroke::Marked | Stroke::Markers) {
                self.marker(*index, [x + 0.5 * (KEY - 10.0), y], 5.0, colour);
            }
            self.text([x + KEY, y], Anchor::Start, &series.name, false);
        }
        let longest = entries.iter().map(|(_, series)| series.name.chars().count()).max();
        longest.map_or(0.0, |letters| KEY + (letters * LETTER[0]) as f64 + RIGHT)
    }

    fn line(&mut self, points: Vec<[f64; 2]>, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { points, colour, width, dashed: false });
    }

    fn text(&mut self, at: [f64; 2], anchor: Anchor, text: &str, upwards: bool) {
        self.shapes.push(Shape::Text { at, anchor, text: text.into(), colour: INK, upwards });
    }
}
