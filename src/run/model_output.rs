//! What a training run writes: the two files of a model, each whole or not at all, and where they come from.

use super::RunError;
use crate::io::{IoError, write_whole};
use crate::prior::model_file::ModelFiles;
use std::path::Path;
use std::process::Command;

/// Writes `NAME.safetensors`, which is `target`, and the card beside it.
pub(super) fn write_model(target: &Path, files: &ModelFiles) -> Result<(), RunError> {
    whole(target, &files.weights)?;
    whole(&target.with_extension("json"), files.card.as_bytes())
}

fn whole(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let failed = |source| IoError::System { path: path.into(), action: "writing", source };
    Ok(write_whole(path, true, |temporary| std::fs::write(temporary, bytes).map_err(failed))?)
}

/// The commit of the folder that holds the config, where git knows one; else the version of this program.
pub(super) fn commit(config: &Path) -> String {
    let folder = config.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let output = Command::new("git").arg("-C").arg(folder).args(["rev-parse", "HEAD"]).output();
    let text = output.ok().filter(|output| output.status.success()).and_then(|out| String::from_utf8(out.stdout).ok());
    text.map_or_else(|| format!("version {}", env!("CARGO_PKG_VERSION")), |text| text.trim().to_owned())
}
