//! CMake for HDF5: one that is missing or too old comes from PyPI into `.tools/`.

use crate::{local, system};
use std::path::{Path, PathBuf};
use std::process::Command;

const OLDEST: [u32; 2] = [3, 26];
const OWN: &str = ".tools/cmake/cmake/data/bin/cmake";

/// The CMake that was installed here, where the system's did not do.
pub fn own() -> Option<PathBuf> {
    let needed = Path::new(OWN).exists() && local::get("CMAKE").is_some();
    needed.then(|| std::path::absolute(OWN).ok()).flatten()
}

/// Sees to it that cargo finds a CMake that is new enough.
pub fn provide() -> Result<(), String> {
    let system = version("cmake");
    if system.is_some_and(|version| version >= OLDEST) {
        return Ok(());
    }
    if version(OWN).is_none_or(|version| version < OLDEST) {
        install(system)?;
    }
    local::set("CMAKE", &format!("{{ value = \"{OWN}\", relative = true }}"))
}

fn install(system: Option<[u32; 2]>) -> Result<(), String> {
    let [major, minor] = OLDEST;
    match system {
        Some([old, part]) => {
            eprintln!("xtask: CMake {old}.{part} is older than {major}.{minor}, installing one in .tools")
        }
        None => eprintln!("xtask: no CMake here, installing one in .tools"),
    }
    let arguments = ["install", "--quiet", "--upgrade", "--target", ".tools/cmake", "cmake>=3.26,<5"];
    let done = system::pip()?.args(arguments).status().is_ok_and(|status| status.success());
    if done && version(OWN).is_some_and(|version| version >= OLDEST) {
        return Ok(());
    }
    Err(format!(
        "pip could not install CMake (is there a network?). Install CMake {major}.{minor} or newer by hand, for example\n    \
         python3 -m pip install --target .tools/cmake cmake\nand run this command again"
    ))
}

/// `[major, minor]` of a CMake, `None` where it does not run.
fn version(program: &str) -> Option<[u32; 2]> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().nth(2)?.split('.').map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??])
}
