//! Tables: group `tables`, one group per table, one dataset per column, all of one length. Attribute `columns` counts
//! them and `column-0`, `column-1`, … name them in order.

use super::field::describe;
use super::{IoError, Kind, Provenance, Source, field, write};
use crate::io::columns::{Column, Columns};
use ::hdf5::types::{FixedUnicode, TypeDescriptor as Type};
use ::hdf5::{Group, Result as Hdf5Result};
use std::path::Path;

/// Bytes of a text in a table.
const TEXT: usize = 256;

/// Writes named tables of at least one row each, and where they come from.
pub fn write_tables(
    path: &Path,
    overwrite: bool,
    tables: &[(&str, &Columns)],
    provenance: &Provenance,
) -> Result<(), IoError> {
    assert!(tables.iter().all(|(_, table)| table.rows() > 0), "a table without rows");
    write(path, overwrite, Kind::Tables, provenance, |file| {
        let all = file.create_group("tables")?;
        tables.iter().try_for_each(|(name, table)| put_table(&all.create_group(name)?, table))
    })
}

fn put_table(group: &Group, table: &Columns) -> Hdf5Result<()> {
    field::put_integer(group, "columns", table.0.len() as i64)?;
    for (index, (name, column)) in table.0.iter().enumerate() {
        field::put_label(group, &format!("column-{index}"), name)?;
        let builder = group.new_dataset_builder().chunk(column.rows()).deflate(4).fletcher32();
        match column {
            Column::Numbers(numbers) => builder.with_data(numbers).create(name.as_str())?.flush()?,
            Column::Texts(texts) => {
                let fixed = |text: &String| text.parse::<FixedUnicode<TEXT>>().map_err(|e| format!("{name}: {e}"));
                let texts = texts.iter().map(fixed).collect::<Result<Vec<_>, _>>()?;
                builder.with_data(&texts).create(name.as_str())?.flush()?;
            }
        }
    }
    Ok(())
}

/// Reads all tables of a file, by name, and where they come from.
pub fn read_tables(path: &Path) -> Result<(Vec<(String, Columns)>, Provenance), IoError> {
    let source = Source::open_kind(path, Kind::Tables)?;
    let all = source.group("tables")?;
    let mut tables = Vec::new();
    for name in source.checked(all.member_names())? {
        if !source.holds(&all, &name)? {
            return Err(source.missing(&name, "a table"));
        }
        let group = source.checked(all.group(&name))?;
        tables.push((name, source.table(&group)?));
    }
    Ok((tables, source.provenance()?))
}

impl Source {
    fn table(&self, group: &Group) -> Result<Columns, IoError> {
        let count = self.size(group, "columns")?;
        let mut table = Columns::default();
        for index in 0..count {
            let name = self.label(group, &format!("column-{index}"))?;
            let column = self.column(group, &name)?;
            if table.0.iter().any(|(_, other)| other.rows() != column.rows()) {
                return Err(self.wrong(name, format!("{} rows", column.rows()), "as many as the first column"));
            }
            table = table.with(name, column);
        }
        Ok(table)
    }

    fn column(&self, group: &Group, name: &str) -> Result<Column, IoError> {
        let array = self.array(group, name)?;
        if array.shape.len() != 1 {
            return Err(self.wrong(format!("the shape of {name}"), format!("{:?}", array.shape), "one axis"));
        }
        match array.kind {
            Type::Float(_) => Ok(Column::Numbers(self.checked(array.dataset.read_raw())?)),
            Type::FixedUnicode(1..=TEXT) => {
                let texts = self.checked(array.dataset.read_raw::<FixedUnicode<TEXT>>())?;
                Ok(Column::Texts(texts.iter().map(|text| text.as_str().to_owned()).collect()))
            }
            other => Err(self.wrong(name, describe(&array.dataset, &other), "numbers or fixed-length texts")),
        }
    }
}
