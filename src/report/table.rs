//! Plain text tables: the first column to the left, figures to the right.

use std::fmt;

/// Rows of text under a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new<S: Into<String>>(heading: impl IntoIterator<Item = S>) -> Self {
        Self { heading: heading.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// The headings of the columns.
    pub fn heading(&self) -> &[String] {
        &self.heading
    }

    /// All rows.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Adds a row.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let lines = || std::iter::once(self.heading.as_slice()).chain(self.rows.iter().map(Vec::as_slice));
        let columns = lines().map(<[String]>::len).max().unwrap_or(0);
        let length = |row: &[String], column: usize| row.get(column).map_or(0, |cell| cell.chars().count());
        let width = |column| lines().map(|row| length(row, column)).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (index, row) in lines().enumerate() {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
            if index == 0 {
                writeln!(f, "{}", widths.iter().map(|&w| "-".repeat(w)).collect::<Vec<_>>().join("  "))?;
            }
        }
        Ok(())
    }
}

/// A number with four significant digits.
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let exponent = value.abs().log10().floor() as i32;
    match exponent {
        -4..=3 => format!("{value:.*}", (3 - exponent).max(0) as usize),
        4..=8 => format!("{value:.0}"),
        _ => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["sphere", "CRC"]);
        table.row(["37 mm", "0.91"]);
        table.row(["10 mm hot", "12.30"]);
        assert_eq!(table.to_string(), "sphere       CRC\n---------  -----\n37 mm       0.91\n10 mm hot  12.30\n");
    }

    #[test]
    fn four_digits_count() {
        let cases = [(0.0, "0"), (0.012341, "0.01234"), (1.5, "1.500"), (12345.6, "12346"), (1.2e-7, "1.200e-7")];
        for (value, text) in cases {
            assert_eq!(significant(value), text);
        }
    }
}
