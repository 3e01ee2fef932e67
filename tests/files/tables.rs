//! Tables in HDF5: what is written comes back, and what is no table is refused.

use coincide::io::Provenance;
use coincide::io::columns::{Column, Columns};
use coincide::io::hdf5::{read_image, read_tables, write_tables};

fn table(rows: usize) -> Columns {
    let texts = (0..rows).map(|row| format!("µ {row}, \"quoted\"")).collect();
    let numbers = (0..rows).map(|row| if row == 1 { f64::NAN } else { 0.1 * row as f64 }).collect();
    Columns::default().with("name", Column::Texts(texts)).with("x", Column::Numbers(numbers))
}

#[test]
fn tables_come_back_in_order_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.h5");
    let provenance: Provenance = [("config", "a = 1\n")].into_iter().collect();
    let (long, short) = (table(1000), table(1));
    write_tables(&path, false, &[("long", &long), ("short", &short)], &provenance).unwrap();
    let (tables, found) = read_tables(&path).unwrap();
    assert_eq!(found, provenance);
    assert_eq!(tables.len(), 2);
    for (name, read) in tables {
        let written = if name == "long" { &long } else { &short };
        assert_eq!(format!("{read:?}"), format!("{written:?}"), "{name}");
    }
}

#[test]
fn damage_and_other_kinds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.h5");
    write_tables(&path, false, &[("t", &table(2000))], &Provenance::default()).unwrap();
    let error = read_image(&path).unwrap_err().to_string();
    assert!(error.contains("`tables`") && error.contains("`image`"), "{error}");
    let whole = std::fs::read(&path).unwrap();
    for length in [whole.len() / 3, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(read_tables(&path).is_err(), "cut to {length} bytes");
    }
    let wide = Columns::default().with("text", Column::Texts(vec!["x".repeat(300)]));
    let target = folder.path().join("wide.h5");
    assert!(write_tables(&target, false, &[("t", &wide)], &Provenance::default()).is_err());
    assert!(!target.exists(), "nothing is left of what cannot be written");
}
