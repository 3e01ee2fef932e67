//! What a calibration says of the study that it was made by, and its file.

use crate::config::Study;
use crate::io::{IoError, write_whole};
use crate::run::{Options, RunError};
use std::collections::BTreeMap;
use std::path::Path;

/// Where a calibration comes from.
pub(super) fn study_provenance(study: &Study) -> BTreeMap<String, String> {
    let texts = |values: Vec<String>| values.join(", ");
    let of = &study.config;
    BTreeMap::from([
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("title".to_owned(), of.title.clone()),
        ("phantoms".to_owned(), of.phantoms.join(", ")),
        ("scanners".to_owned(), texts(of.scanners.keys().cloned().collect())),
        ("prompts".to_owned(), texts(of.prompts.iter().map(|prompts| format!("{:e}", prompts.get())).collect())),
        ("seeds".to_owned(), texts(of.seeds.iter().map(u64::to_string).collect())),
        ("study".to_owned(), study.source.text.clone()),
    ])
}

/// Writes a calibration, whole or not at all.
pub(super) fn write_calibration(path: &Path, text: &str, options: &Options) -> Result<(), RunError> {
    write_whole(path, options.force, |part| {
        let system = |source| IoError::System { path: path.into(), action: "writing the calibration", source };
        std::fs::write(part, text).map_err(system)
    })?;
    Ok(())
}
