//! A sinogram summed over planes and TOF bins: views run down, radial bins to the right.

use super::canvas::{Canvas, LETTER_HEIGHT, LETTER_WIDTH, shortened};
use super::grey::Grey;
use super::{IoError, save};
use crate::io::values::Rule;
use crate::scanner::SinogramGeometry;
use std::ops::Range;
use std::path::Path;

const MARGIN: usize = 12;
const LINE: usize = LETTER_HEIGHT + 6;
/// The picture is magnified by the whole number that brings it nearest to this width in pixels without passing it.
const WIDTH: usize = 520;

/// Writes a picture of values `[view, radial, tof, plane]`, summed over the TOF bins and the given planes.
pub fn write_sinogram(
    path: &Path,
    overwrite: bool,
    title: &str,
    geometry: &SinogramGeometry,
    values: &[f32],
    planes: Range<usize>,
) -> Result<(), IoError> {
    assert_eq!(values.len(), geometry.bins(), "values of a sinogram of shape {:?}", geometry.shape());
    if planes.is_empty() || planes.end > geometry.planes() {
        let (field, found) = ("the planes to show".into(), format!("{planes:?}"));
        let expected = format!("a range within 0..{}", geometry.planes());
        return Err(IoError::Field { path: path.into(), field, found, expected });
    }
    Rule::Finite.check(path, title, values, &geometry.shape())?;
    let sums = sums(geometry, values, planes);
    let canvas = draw(title, [geometry.views, geometry.radial_bins], &sums);
    save(path, overwrite, &(&canvas).into())
}

/// `[view, radial]`.
fn sums(geometry: &SinogramGeometry, values: &[f32], planes: Range<usize>) -> Vec<f32> {
    let row = geometry.planes();
    let sum = |column: &[f32]| {
        column.chunks_exact(row).flat_map(|bins| &bins[planes.clone()]).map(|&value| f64::from(value)).sum::<f64>()
            as f32
    };
    values.chunks_exact(geometry.tof_bins() * row).map(sum).collect()
}

fn draw(title: &str, [views, radial]: [usize; 2], sums: &[f32]) -> Canvas {
    let zoom = (WIDTH / radial).max(1);
    let [width, height] = [radial * zoom, views * zoom];
    let room = width.max(30 * LETTER_WIDTH);
    let mut canvas = Canvas::white(room + 2 * MARGIN, 4 * LINE + height + MARGIN);
    let grey = Grey::of(sums.iter().copied());
    canvas.text(MARGIN, 4, &shortened(title, room));
    for (position, &value) in sums.iter().enumerate() {
        let [x, y] = [position % radial, position / radial].map(|place| place * zoom);
        canvas.fill([MARGIN + x, LINE + y], [zoom, zoom], grey.pixel(value));
    }
    canvas.frame([MARGIN, LINE], [width, height], 200);
    canvas.text(MARGIN, LINE + height + 2, &format!("{radial} radial bins, {views} views down"));
    grey.draw(&mut canvas, [MARGIN, 2 * LINE + height + 8], room / 2, "counts");
    canvas
}
