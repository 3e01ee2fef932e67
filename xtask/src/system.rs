//! Programs of the system, and how to come by them.

use std::process::{Command, Stdio};

/// Whether the program is there.
pub fn runs(program: &str) -> bool {
    succeeds(Command::new(program).arg("--version"))
}

/// Runs a command in silence.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Python's pip, installed where it is missing and we may.
pub fn pip() -> Result<Command, String> {
    let pip = || {
        let mut command = Command::new("python3");
        command.args(["-m", "pip"]);
        command
    };
    if !succeeds(pip().arg("--version")) {
        install("Python's pip", "python3-pip")?;
    }
    Ok(pip())
}

/// Installs a Debian package where we may, says what to type where we may not.
pub fn install(what: &str, package: &str) -> Result<(), String> {
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
