//! Tables as comma-separated values (RFC 4180), for spreadsheets. Numbers have the digits that bring them back exactly;
//! an empty field is no number.

use super::columns::{Column, Columns};
use super::{IoError, target};
use std::path::Path;

/// Writes a table.
pub fn write_csv(path: &Path, overwrite: bool, table: &Columns) -> Result<(), IoError> {
    target::write_whole(path, overwrite, |temporary| {
        std::fs::write(temporary, csv(table)).map_err(|source| target::system(path, "writing", source))
    })
}

/// The text of a CSV file.
pub fn csv(table: &Columns) -> String {
    let heading = table.0.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(",");
    let row = |row: usize| table.0.iter().map(|(_, column)| field(column, row)).collect::<Vec<_>>().join(",");
    std::iter::once(heading).chain((0..table.rows()).map(row)).map(|line| line + "\n").collect()
}

fn field(column: &Column, row: usize) -> String {
    match column {
        Column::Texts(texts) => quoted(&texts[row]),
        Column::Numbers(numbers) if numbers[row].is_nan() => String::new(),
        Column::Numbers(numbers) => number(numbers[row]),
    }
}

/// The shortest digits that parse to the same number.
fn number(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e15).contains(&value.abs()) { format!("{value:e}") } else { format!("{value}") }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let texts = ["plain", "a,b", "say \"x\""].map(String::from).to_vec();
        let numbers = vec![0.1 + 0.2, f64::NAN, 1.5e-9];
        let table = Columns::default().with("name", Column::Texts(texts)).with("x", Column::Numbers(numbers));
        let expected = "name,x\nplain,0.30000000000000004\n\"a,b\",\n\"say \"\"x\"\"\",1.5e-9\n";
        assert_eq!(csv(&table), expected);
    }
}
