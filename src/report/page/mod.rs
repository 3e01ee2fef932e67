//! A report as one HTML file that needs nothing else: sections of text, tables, plots and a viewer of images. It can be
//! read without JavaScript, apart from the images, and printed.

mod images;

pub use images::{Colours, Images, Layer, Role};

use super::Table;
use crate::io::{IoError, write_whole};
use std::fmt::Write;
use std::path::Path;

const STYLE: &str = include_str!("report.css");
const SCRIPT: [&str; 3] = [include_str!("layers.js"), include_str!("panels.js"), include_str!("viewer.js")];

/// Largest file in bytes; images are stored more coarsely until they fit.
pub const LARGEST_FILE: usize = 5_000_000;

/// A page, part by part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    title: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Section(String),
    Text(String),
    Warning(String),
    /// With a position in mm for every row, or for none.
    Table(Table, Vec<[f64; 3]>),
    /// Plots and captions, side by side.
    Figures(Vec<(String, String)>),
    Images(Images),
    Details {
        summary: String,
        text: String,
    },
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), parts: Vec::new() }
    }

    /// Begins a section.
    pub fn section(&mut self, heading: impl Into<String>) {
        self.parts.push(Part::Section(heading.into()));
    }

    /// A paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Text(text.into()));
    }

    /// What a reader should know before believing the numbers.
    pub fn warning(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Warning(text.into()));
    }

    /// A table.
    pub fn table(&mut self, table: Table) {
        self.parts.push(Part::Table(table, Vec::new()));
    }

    /// A table of places, in mm, row by row: a click on a row shows its place in the images.
    pub fn places(&mut self, table: Table, at_mm: Vec<[f64; 3]>) {
        self.parts.push(Part::Table(table, at_mm));
    }

    /// A plot, as the text of an SVG file; plots that follow each other stand side by side.
    pub fn figure(&mut self, svg: impl Into<String>, caption: impl Into<String>) {
        let figure = (svg.into(), caption.into());
        match self.parts.last_mut() {
            Some(Part::Figures(figures)) => figures.push(figure),
            _ => self.parts.push(Part::Figures(vec![figure])),
        }
    }

    /// A viewer.
    pub fn images(&mut self, images: Images) {
        self.parts.push(Part::Images(images));
    }

    /// A text that is folded away until it is asked for, such as a config.
    pub fn details(&mut self, summary: impl Into<String>, text: impl Into<String>) {
        self.parts.push(Part::Details { summary: summary.into(), text: text.into() });
    }

    /// The HTML file, no larger than [`LARGEST_FILE`] where coarser images can make it so.
    pub fn html(&self) -> String {
        let others = self.document(0).len();
        self.document(LARGEST_FILE.saturating_sub(others))
    }

    /// Writes the file.
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<(), IoError> {
        write_whole(path, overwrite, |part| {
            std::fs::write(part, self.html()).map_err(|source| IoError::System {
                path: path.into(),
                action: "writing the report",
                source,
            })
        })
    }

    /// The document with so many bytes for its images; none of them where there is no room at all.
    fn document(&self, room: usize) -> String {
        let viewers = self.parts.iter().filter(|part| matches!(part, Part::Images(_))).count();
        let (mut body, mut open, mut viewer) = (String::new(), false, 0);
        for part in &self.parts {
            if let Part::Section(heading) = part {
                body += if open { "</section>\n" } else { "" };
                open = true;
                let _ = writeln!(body, "<section>\n<h2>{}</h2>", escaped(heading));
            } else if let Part::Images(images) = part {
                viewer += 1;
                body += &images.html(&format!("images-{viewer}"), room / viewers);
            } else {
                body += &part.html();
            }
        }
        body += if open { "</section>\n" } else { "" };
        let (title, script) = (escaped(&self.title), SCRIPT.concat());
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header><h1>{title}</h1></header>\n<main>\n{body}</main>\n\
             <script>\n(() => {{\n\"use strict\";\n{script}}})();\n</script>\n</body>\n</html>\n"
        )
    }
}

impl Part {
    fn html(&self) -> String {
        match self {
            Self::Section(_) | Self::Images(_) => String::new(),
            Self::Text(text) => format!("<p>{}</p>\n", escaped(text)),
            Self::Warning(text) => format!("<p class=\"warning\">{}</p>\n", escaped(text)),
            Self::Table(table, at_mm) => table_html(table, at_mm),
            Self::Figures(figures) => {
                let figure = |(svg, caption): &(String, String)| {
                    format!("<figure>\n{svg}\n<figcaption>{}</figcaption>\n</figure>\n", escaped(caption))
                };
                let figures: String = figures.iter().map(figure).collect();
                format!("<div class=\"figures\">\n{figures}</div>\n")
            }
            Self::Details { summary, text } => {
                let [summary, text] = [summary, text].map(|text| escaped(text));
                format!("<details>\n<summary>{summary}</summary>\n<pre>{text}</pre>\n</details>\n")
            }
        }
    }
}

fn table_html(table: &Table, at_mm: &[[f64; 3]]) -> String {
    let mut html = "<div class=\"table\">\n<table>\n<thead><tr>".to_owned();
    let numbers: Vec<bool> = (0..table.heading().len()).map(|column| is_numeric(table, column)).collect();
    let number = |column: usize| if numbers.get(column) == Some(&true) { " class=\"number\"" } else { "" };
    for (column, cell) in table.heading().iter().enumerate() {
        let _ = write!(html, "<th{}>{}</th>", number(column), escaped(cell));
    }
    html += "</tr></thead>\n<tbody>\n";
    for (place, row) in table.rows().iter().enumerate() {
        let at = at_mm.get(place).map(|[x, y, z]| format!(" data-mm=\"{x},{y},{z}\"")).unwrap_or_default();
        let _ = write!(html, "<tr{at}>");
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(html, "<td{}>{}</td>", number(column), escaped(cell));
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table>\n</div>\n"
}

/// Whether most cells of a column begin as numbers do.
fn is_numeric(table: &Table, column: usize) -> bool {
    let cells = || table.rows().iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty());
    let begins = |cell: &&String| {
        let first = cell.trim_start_matches(['+', '-', '−', '<', '>', '×', '±', ' ']).chars().next();
        first.is_some_and(|first| first.is_ascii_digit()) || *cell == "–"
    };
    2 * cells().filter(begins).count() > cells().count()
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
