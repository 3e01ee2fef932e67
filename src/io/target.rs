//! Files that appear whole or not at all: written beside the target under a temporary name, renamed when complete.

use super::IoError;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Lets `write` fill a temporary file beside `path` and renames it to `path` when `write` has succeeded.
///
/// An existing `path` is refused unless `overwrite`; a missing folder is an error that names it. After an error or a
/// panic in `write` the temporary file is gone and `path` is as it was.
pub fn write_whole(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&Path) -> Result<(), IoError>,
) -> Result<(), IoError> {
    let temporary = Temporary(beside(path)?);
    refuse_existing(path, overwrite)?;
    write(&temporary.0)?;
    refuse_existing(path, overwrite)?; // it may have appeared meanwhile
    std::fs::rename(&temporary.0, path).map_err(|source| system(path, "renaming the complete file", source))
}

/// Wraps an error of the system.
pub(super) fn system(path: &Path, action: &'static str, source: std::io::Error) -> IoError {
    IoError::System { path: path.into(), action, source }
}

/// Removed when it goes out of scope, also while a panic unwinds; after the rename there is nothing to remove.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `.name.<process>-<count>.part` in the folder of `path`: a rename inside one folder is atomic.
fn beside(path: &Path) -> Result<PathBuf, IoError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let wrong = |found: &str| IoError::Field {
        path: path.into(),
        field: "the output path".into(),
        found: found.into(),
        expected: "the name of a file".into(),
    };
    if path.is_dir() {
        return Err(wrong("a folder"));
    }
    let name = path.file_name().ok_or_else(|| wrong("without a file name"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let field = format!("the folder `{}`", folder.display());
        let expected = "a folder that exists; create it first".into();
        return Err(IoError::Missing { path: path.into(), field, expected });
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!(".{}.{}-{count}.part", name.to_string_lossy(), std::process::id());
    Ok(folder.join(name))
}

fn refuse_existing(path: &Path, overwrite: bool) -> Result<(), IoError> {
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(IoError::Exists { path: path.into() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect()
    }

    fn put(text: &'static str) -> impl FnOnce(&Path) -> Result<(), IoError> {
        move |path| fs::write(path, text).map_err(|source| system(path, "writing", source))
    }

    #[test]
    fn an_existing_file_stays_unless_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.h5");
        write_whole(&path, false, put("first")).unwrap();
        assert!(matches!(write_whole(&path, false, put("second")), Err(IoError::Exists { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        write_whole(&path, true, put("second")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(names(folder.path()), ["image.h5"]);
    }

    #[test]
    fn errors_and_panics_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.h5");
        let failing = |temporary: &Path| {
            fs::write(temporary, "half").unwrap();
            Err(IoError::Format { path: temporary.into(), text: "no".into() })
        };
        assert!(write_whole(&path, false, failing).is_err());
        let panicking = |temporary: &Path| {
            fs::write(temporary, "half").unwrap();
            panic!("on purpose");
        };
        assert!(std::panic::catch_unwind(|| write_whole(&path, false, panicking)).is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/image.h5");
        let error = write_whole(&path, false, put("")).unwrap_err().to_string();
        assert!(error.contains("out` is missing"), "{error}");
        assert!(names(folder.path()).is_empty());
        assert!(write_whole(folder.path(), true, put("")).unwrap_err().to_string().contains("a folder"));
    }
}
