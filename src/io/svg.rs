//! Drawings as SVG 1.1: text that scales, for papers and browsers. The same drawing gives the same bytes.

use super::drawing::{Anchor, Colour, Drawing, LETTER, Shape};
use super::{IoError, target};
use std::fmt::Write;
use std::path::Path;

/// The text of an SVG file.
pub fn svg(drawing: &Drawing) -> String {
    let (width, height) = (drawing.width, drawing.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"'Noto Sans Mono','DejaVu Sans Mono',monospace\" font-size=\"{}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        // The advance of the monospaced fonts named is 0.6 of their size.
        LETTER[0] as f64 / 0.6
    );
    for shape in &drawing.shapes {
        let _ = writeln!(text, "{}", element(shape));
    }
    text + "</svg>\n"
}

/// Writes a drawing.
pub fn write_svg(path: &Path, overwrite: bool, drawing: &Drawing) -> Result<(), IoError> {
    target::write_whole(path, overwrite, |temporary| {
        std::fs::write(temporary, svg(drawing)).map_err(|source| target::system(path, "writing", source))
    })
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Line { points, colour, width, dashed } => {
            let dash = if *dashed { " stroke-dasharray=\"7 5\"" } else { "" };
            let (points, colour) = (list(points), hex(*colour));
            format!("<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>")
        }
        Shape::Polygon { points, colour } => {
            format!("<polygon points=\"{}\" fill=\"{}\"/>", list(points), hex(*colour))
        }
        Shape::Text { at: [x, y], anchor, text, colour, upwards } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let turn = if *upwards { format!(" transform=\"rotate(-90 {x:.2} {y:.2})\"") } else { String::new() };
            format!(
                "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"{anchor}\" dominant-baseline=\"central\" fill=\"{}\"{turn}>{}</text>",
                hex(*colour),
                escaped(text)
            )
        }
    }
}

fn list(points: &[[f64; 2]]) -> String {
    points.iter().map(|[x, y]| format!("{x:.2},{y:.2}")).collect::<Vec<_>>().join(" ")
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Characters that XML gives a meaning, written out; control characters, which it forbids, as spaces.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_break_the_file() {
        assert_eq!(escaped("a<b> & \"c\"\n"), "a&lt;b&gt; &amp; &quot;c&quot; ");
    }
}
