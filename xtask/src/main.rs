//! `cargo xtask setup | demo | test`: what a fresh machine needs, then the main job or the tests.
//!
//! HDF5 is built from source, which needs a C compiler, make and CMake 3.26. The first two come from the system's
//! packages; a CMake that is missing or too old comes from PyPI into `.tools/`, without touching the system.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const OLDEST_CMAKE: [u32; 2] = [3, 26];
const OWN_CMAKE: &str = ".tools/cmake/cmake/data/bin/cmake";
const USAGE: &str = "usage: cargo xtask setup          prepare this machine for `cargo build`
       cargo xtask demo [ARGS]    set up, build and run `coincide demo`
       cargo xtask test [ARGS]    set up, build and run all tests";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = arguments.split_first().map_or(("", &[][..]), |(task, rest)| (task.as_str(), rest));
    let outcome = match task {
        "setup" => setup(),
        "demo" => setup().and_then(|()| cargo(&["run", "--release", "--package", "coincide", "--", "demo"], rest)),
        "test" => setup().and_then(|()| cargo(&["test", "--release", "--workspace"], rest)),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn setup() -> Result<(), String> {
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .map_err(|error| format!("cannot enter the repository: {error}"))?;
    if !runs("cc") || !runs("make") {
        install("a C compiler and make", "build-essential")?;
    }
    let system = cmake_version("cmake");
    if system.is_some_and(|version| version >= OLDEST_CMAKE) {
        return Ok(());
    }
    if cmake_version(OWN_CMAKE).is_none_or(|version| version < OLDEST_CMAKE) {
        install_cmake(system)?;
    }
    // So that a plain `cargo build` finds it too; .cargo/config.toml includes this file where it exists.
    let local = format!("[env]\nCMAKE = {{ value = \"{OWN_CMAKE}\", relative = true }}\n");
    std::fs::write(".cargo/local.toml", local).map_err(|error| format!("cannot write .cargo/local.toml: {error}"))
}

fn install_cmake(system: Option<[u32; 2]>) -> Result<(), String> {
    let [major, minor] = OLDEST_CMAKE;
    match system {
        Some([old, part]) => {
            eprintln!("xtask: CMake {old}.{part} is older than {major}.{minor}, installing one in .tools")
        }
        None => eprintln!("xtask: no CMake here, installing one in .tools"),
    }
    if !succeeds(Command::new("python3").args(["-m", "pip", "--version"])) {
        install("Python's pip", "python3-pip")?;
    }
    let arguments = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", ".tools/cmake", "cmake>=3.26,<5"];
    let done = Command::new("python3").args(arguments).status().is_ok_and(|status| status.success());
    if done && cmake_version(OWN_CMAKE).is_some_and(|version| version >= OLDEST_CMAKE) {
        return Ok(());
    }
    Err(format!(
        "pip could not install CMake (is there a network?). Install CMake {major}.{minor} or newer by hand, for example\n    \
         python3 -m pip install --target .tools/cmake cmake\nand run this command again"
    ))
}

/// Installs a Debian package where we may, says what to type where we may not.
fn install(what: &str, package: &str) -> Result<(), String> {
    let by_hand =
        format!("{what} is missing. Please type\n    sudo apt-get install {package}\nand run this command again");
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if !root || !runs("apt-get") {
        return Err(by_hand);
    }
    eprintln!("xtask: {what} is missing, installing {package}");
    let apt = |arguments: &[&str]| {
        let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
        status.is_ok_and(|status| status.success())
    };
    let done = apt(&["update", "-qq"]) && apt(&["install", "-y", "-qq", "--no-install-recommends", package]);
    if done { Ok(()) } else { Err(by_hand) }
}

/// `[major, minor]` of a CMake, `None` where it does not run.
fn cmake_version(program: &str) -> Option<[u32; 2]> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().nth(2)?.split('.').map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??])
}

fn runs(program: &str) -> bool {
    succeeds(Command::new(program).arg("--version"))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn cargo(arguments: &[&str], rest: &[String]) -> Result<(), String> {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.args(arguments).args(rest);
    if Path::new(OWN_CMAKE).exists() && Path::new(".cargo/local.toml").exists() {
        command.env("CMAKE", std::path::absolute(OWN_CMAKE).map_err(|error| error.to_string())?);
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {}` ended with {status}", arguments.join(" "))),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}
