//! Tables as comma-separated values (RFC 4180), for spreadsheets. Numbers have the digits that bring them back exactly;
//! an empty field is no number.

use super::columns::{Column, Columns};
use super::{IoError, target};
use csv::Writer;
use std::path::Path;

/// Writes a table.
pub fn write_csv(path: &Path, overwrite: bool, table: &Columns) -> Result<(), IoError> {
    target::write_whole(path, overwrite, |temporary| {
        write(temporary, table).map_err(|error| target::system(path, "writing", error.into()))
    })
}

fn write(path: &Path, table: &Columns) -> csv::Result<()> {
    let mut file = Writer::from_path(path)?;
    file.write_record(table.0.iter().map(|(name, _)| name))?;
    for row in 0..table.rows() {
        file.write_record(table.0.iter().map(|(_, column)| field(column, row)))?;
    }
    Ok(file.flush()?)
}

fn field(column: &Column, row: usize) -> String {
    match column {
        Column::Texts(texts) => texts[row].clone(),
        Column::Numbers(numbers) if numbers[row].is_nan() => String::new(),
        Column::Numbers(numbers) => number(numbers[row]),
    }
}

/// The shortest digits that parse to the same number.
fn number(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e15).contains(&value.abs()) { format!("{value:e}") } else { format!("{value}") }
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_csv(&path, false, &table).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    }
}
