//! `cargo xtask setup | demo | test | libtorch | …`: what a fresh machine needs, then the main job, the tests or
//! training.
//!
//! HDF5 is built from source, which needs a C compiler, make and CMake 3.26 ([`cmake`]). The cargo feature `torch`
//! needs libtorch ([`libtorch`]). Both are fetched where they are missing, without touching the system.

mod cmake;
mod libtorch;
mod local;
mod system;

use std::path::Path;
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask setup               prepare this machine for `cargo build`
       cargo xtask demo [ARGS]         set up, build and run `coincide demo`
       cargo xtask test [ARGS]         set up, build and run all tests
       cargo xtask libtorch            prepare this machine for `cargo build --features torch`
       cargo xtask test-torch [ARGS]   do so, build and run the tests that need the feature `torch`
       cargo xtask train [ARGS]        do so, build and run `coincide train`";

const DEMO: &[&str] = &["run", "--release", "--package", "coincide", "--", "demo"];
const TEST: &[&str] = &["test", "--release", "--workspace"];
/// Test binaries that need libtorch are called `torch_…`; the others do not change with the feature. What takes time in
/// them is libtorch's and the kernels': the rest is optimised less, and compiled sooner.
const TEST_TORCH: &[&str] = &[
    "test",
    "--release",
    "--config=profile.release.package.coincide.opt-level=1",
    "--package",
    "coincide",
    "--features",
    "torch",
    "--test",
    "torch_*",
];
const TRAIN: &[&str] = &["run", "--release", "--package", "coincide", "--features", "torch", "--", "train"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = arguments.split_first().map_or(("", &[][..]), |(task, rest)| (task.as_str(), rest));
    let outcome = match task {
        "setup" => setup(),
        "libtorch" => setup().and_then(|()| libtorch::provide()).map(|_| ()),
        "demo" => setup().and_then(|()| cargo(DEMO, rest)),
        "test" => setup().and_then(|()| browser()).and_then(|()| cargo(TEST, rest)),
        "test-torch" => setup().and_then(|()| cargo(TEST_TORCH, rest)),
        "train" => setup().and_then(|()| cargo(TRAIN, rest)),
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
    if !system::runs("cc") || !system::runs("make") {
        system::install("a C compiler and make", "build-essential")?;
    }
    cmake::provide()
}

/// Chromium and its driver, which the test of the HTML report looks through.
fn browser() -> Result<(), String> {
    if system::runs("chromedriver") && (system::runs("chromium") || system::runs("google-chrome")) {
        return Ok(());
    }
    system::install("Chromium and ChromeDriver, for the test of the report", "chromium-driver")
}

fn cargo(arguments: &[&str], rest: &[String]) -> Result<(), String> {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.args(arguments).args(rest);
    if let Some(cmake) = cmake::own() {
        command.env("CMAKE", cmake);
    }
    if names_torch(arguments.iter().copied()) || names_torch(rest.iter().map(String::as_str)) {
        command.env("LIBTORCH", libtorch::provide()?);
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {}` ended with {status}", arguments.join(" "))),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}

/// Whether cargo's own arguments, those before `--`, ask for the feature `torch`.
fn names_torch<'a>(arguments: impl Iterator<Item = &'a str>) -> bool {
    let own: Vec<&str> = arguments.take_while(|argument| *argument != "--").collect();
    let lists = |list: &str| list.split([',', ' ', '=']).any(|feature| feature == "torch");
    own.contains(&"--all-features")
        || own.windows(2).any(|pair| matches!(pair[0], "--features" | "-F") && lists(pair[1]))
        || own.iter().any(|argument| argument.starts_with("--features=") && lists(argument))
}

#[cfg(test)]
mod tests {
    use super::{TEST, TEST_TORCH, TRAIN, names_torch};

    #[test]
    fn the_feature_is_seen_in_all_its_spellings() {
        let names = |line: &str| names_torch(line.split_whitespace());
        for line in ["--features torch", "-F torch", "--features=other,torch", "--all-features", "--test x -F a,torch"]
        {
            assert!(names(line), "{line}");
        }
        for line in ["", "--test torch_model", "--features other", "-- --features torch"] {
            assert!(!names(line), "{line}");
        }
        assert!(names_torch(TEST_TORCH.iter().copied()) && names_torch(TRAIN.iter().copied()));
        assert!(!names_torch(TEST.iter().copied()));
    }
}
