//! Real scans and images that lie beside the repository, not in it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Either of these, set and not empty, makes missing data a failure.
const REQUIRED_BY: [&str; 2] = ["COINCIDE_REQUIRE_DATA", "CI"];

/// A file or folder of `../shared/data`. Where it is missing, the test that asks is to be skipped, which is said aloud;
/// where tests must not be skipped, it fails.
pub fn shared_data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    found_or_skipped(path, REQUIRED_BY.into_iter().find(|name| is_set(std::env::var_os(name).as_deref())))
}

fn is_set(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| !value.is_empty())
}

/// The path where it exists; `required_by` is the environment variable that forbids skipping.
pub fn found_or_skipped(path: PathBuf, required_by: Option<&str>) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    if let Some(variable) = required_by {
        panic!("{} does not exist, and {variable} is set: no test may be skipped", path.display());
    }
    say_skipped(&format!("{} does not exist", path.display()));
    None
}

/// Says aloud that the test that asks is skipped. Not `eprintln!`, which the test runner keeps to itself where a test
/// passes.
pub fn say_skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}
