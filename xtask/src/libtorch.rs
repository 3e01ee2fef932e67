//! libtorch, the C++ library of PyTorch, which the cargo feature `torch` is linked with.
//!
//! tch 0.24 wants libtorch 2.11.0. It comes from PyTorch's own wheel, by pip; what a CPU needs of it is kept in the
//! user's cache, so that a removed build folder costs no download. A folder named by `LIBTORCH`, such as an installed
//! PyTorch with CUDA, is used as it is.

use crate::{local, system};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "2.11.0";
/// `libtorch_cpu.so` of the CUDA wheel loads two libraries of CUDA, without a GPU too.
const WHEELS: &[&str] = &["torch==2.11.0", "nvidia-cuda-runtime==13.0.96", "nvidia-cuda-cupti==13.0.85"];
/// One set of wheels, whichever Python runs pip: nothing of theirs is run by it.
const PLATFORM: &[&str] = &[
    "--no-deps",
    "--only-binary=:all:",
    "--implementation=cp",
    "--python-version=3.12",
    "--abi=cp312",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_25_x86_64",
    "--platform=manylinux2014_x86_64",
];
const LIBRARIES: &[&str] = &["libtorch.so", "libtorch_cpu.so", "libc10.so"];
/// Wheels and unpacked libraries together.
const NEEDED_MB: u64 = 1200;
/// Takes the wheels and the folder to fill. The folders stay as the wheels have them: `libtorch_cpu.so` looks for the
/// libraries of CUDA in `$ORIGIN/../../nvidia/cu13/lib`.
const UNPACK: &str = r#"
import pathlib, re, sys, zipfile
wanted = re.compile(r"torch/include/.*|torch/lib/lib(torch_cpu|c10|gomp)\.so.*|torch/version\.py"
                    r"|nvidia/cu13/lib/lib(cudart|cupti)\.so.*|[^/]*\.dist-info/licenses/.*")
for wheel in sorted(pathlib.Path(sys.argv[1]).glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(sys.argv[2], [name for name in archive.namelist() if wanted.fullmatch(name)])
"#;

/// A libtorch to link with, after a download where there is none; cargo is told of it.
pub fn provide() -> Result<PathBuf, String> {
    if let Some(own) = named_by_user() {
        check(&own).map_err(|problem| {
            format!(
                "LIBTORCH={} is no libtorch {VERSION}: {problem}\nUnset LIBTORCH to have one fetched",
                own.display()
            )
        })?;
        eprintln!("xtask: libtorch {VERSION} of LIBTORCH={}", own.display());
        return Ok(own);
    }
    let cache = cache()?;
    fs::create_dir_all(&cache).map_err(|error| format!("cannot create {}: {error}", cache.display()))?;
    let folder = cache.join(format!("libtorch-{VERSION}"));
    let libtorch = folder.join("torch");
    let lock = File::create(cache.join("libtorch.lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("cannot lock {}: {error}", cache.display()))?;
    match check(&libtorch) {
        Ok(()) => eprintln!("xtask: libtorch {VERSION} in {}", libtorch.display()),
        Err(problem) => {
            if libtorch.exists() {
                eprintln!("xtask: the libtorch in {} is damaged ({problem})", libtorch.display());
            }
            fetch(&cache, &folder)?;
        }
    }
    local::set("LIBTORCH", &toml_string(&libtorch))?;
    Ok(libtorch)
}

/// `LIBTORCH`, unless it is what was written into `.cargo/local.toml` here: cargo hands that to xtask as well.
fn named_by_user() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("LIBTORCH").filter(|value| !value.is_empty())?);
    (local::get("LIBTORCH") != Some(toml_string(&path))).then_some(path)
}

fn toml_string(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('\\', "\\\\").replace('"', "\\\""))
}

/// `COINCIDE_CACHE`, or `coincide` in the user's cache.
fn cache() -> Result<PathBuf, String> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("COINCIDE_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("coincide")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/coincide")))
        .ok_or("there is no HOME to keep libtorch in: set COINCIDE_CACHE to a folder")?;
    std::path::absolute(&cache).map_err(|error| format!("{}: {error}", cache.display()))
}

/// What is missing or of another version.
fn check(libtorch: &Path) -> Result<(), String> {
    let filled = |file: &PathBuf| fs::metadata(file).is_ok_and(|file| file.len() > 0);
    let header = libtorch.join("include/torch/csrc/api/include/torch/torch.h");
    let libraries = LIBRARIES.iter().map(|library| libtorch.join("lib").join(library));
    if let Some(missing) = [header].into_iter().chain(libraries).find(|file| !filled(file)) {
        return Err(format!("there is no {}", missing.display()));
    }
    let version = version(libtorch).ok_or("neither build-version nor version.py says its version")?;
    let number = version.split('+').next().unwrap_or_default();
    if number == VERSION { Ok(()) } else { Err(format!("its version is {version}")) }
}

/// `2.11.0+cu130`, of a zip of libtorch or of an installed PyTorch.
fn version(libtorch: &Path) -> Option<String> {
    if let Ok(text) = fs::read_to_string(libtorch.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let text = fs::read_to_string(libtorch.join("version.py")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim_matches(['\'', '"', ' ']).to_owned())
}

/// Downloads and unpacks beside `folder`, which appears when it is whole.
fn fetch(cache: &Path, folder: &Path) -> Result<(), String> {
    let machine = (std::env::consts::OS, std::env::consts::ARCH);
    if machine != ("linux", "x86_64") {
        let (os, arch) = machine;
        return Err(format!(
            "libtorch can be fetched for linux on x86_64 only, this is {os} on {arch}: install PyTorch {VERSION} and set \
             LIBTORCH to its folder `torch`, which holds `include` and `lib`"
        ));
    }
    room(cache)?;
    let (wheels, part) = (cache.join(format!("wheels-{VERSION}")), cache.join(format!("libtorch-{VERSION}.part")));
    let whole = |done: std::io::Result<()>| done.map_err(|error| format!("cannot write {}: {error}", cache.display()));
    download(&wheels)?;
    for old in [&part, folder] {
        if old.exists() {
            whole(fs::remove_dir_all(old))?;
        }
    }
    eprintln!("xtask: unpacking");
    let unpacked = Command::new("python3").args(["-c", UNPACK]).args([&wheels, &part]).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        return Err(format!("cannot unpack {} (the reason is above)", wheels.display()));
    }
    let libtorch = part.join("torch");
    stand_in(&libtorch.join("lib"))?;
    whole(fs::write(libtorch.join("build-version"), VERSION))?;
    check(&libtorch)?;
    loads(&libtorch.join("lib/libtorch_cpu.so"))?;
    whole(fs::rename(&part, folder))?;
    whole(fs::remove_dir_all(&wheels))?;
    eprintln!("xtask: libtorch {VERSION} for the CPU is in {}", folder.join("torch").display());
    Ok(())
}

/// Wheels that came whole in an interrupted run are not downloaded again.
fn download(wheels: &Path) -> Result<(), String> {
    fs::create_dir_all(wheels).map_err(|error| format!("cannot create {}: {error}", wheels.display()))?;
    eprintln!("xtask: downloading libtorch {VERSION} (the PyTorch wheel, 530 MB) by pip");
    let mut pip = system::pip()?;
    pip.args(["download", "--no-cache-dir", "--disable-pip-version-check"]).args(PLATFORM).arg("--dest").arg(wheels);
    // pip's own temporary files too: /tmp may be small.
    let done = pip.args(WHEELS).env("TMPDIR", wheels).status().is_ok_and(|status| status.success());
    done.then_some(()).ok_or_else(|| {
        format!(
            "pip could not download PyTorch {VERSION} (its reason is above). Is there a network? Run this command again, or \
             install\nPyTorch {VERSION} in another way and set LIBTORCH to its folder `torch`"
        )
    })
}

/// Fails early where the disk is too full.
fn room(cache: &Path) -> Result<(), String> {
    let Ok(output) = Command::new("df").args(["-P", "-m"]).arg(cache).output() else { return Ok(()) };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let free: Option<u64> = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    match free {
        Some(free) if free < NEEDED_MB => Err(format!(
            "{} has {free} MB left, libtorch takes {NEEDED_MB} MB while it is unpacked: make room, or set COINCIDE_CACHE to a \
             folder on another disk",
            cache.display()
        )),
        _ => Ok(()),
    }
}

/// The wheel's `libtorch.so` only names the libraries for CPU and CUDA; without the latter an empty one takes its
/// place.
fn stand_in(lib: &Path) -> Result<(), String> {
    let arguments = ["-shared", "-Wl,-soname,libtorch.so", "-x", "c", "/dev/null", "-o"];
    let done = system::succeeds(Command::new("cc").args(arguments).arg(lib.join("libtorch.so")));
    done.then_some(()).ok_or_else(|| "cc cannot make a shared library".into())
}

/// Whether the library and all that it needs can be loaded.
fn loads(library: &Path) -> Result<(), String> {
    let load = ["-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])"];
    let output = Command::new("python3").args(load).arg(library).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{} does not load: {}", library.display(), text.lines().last().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::{check, version};
    use std::fs;

    #[test]
    fn a_folder_is_judged_by_its_files_and_version() {
        let folder = std::env::temp_dir().join(format!("coincide-xtask-{}", std::process::id()));
        assert!(check(&folder).unwrap_err().contains("torch.h"));
        let header = folder.join("include/torch/csrc/api/include/torch");
        fs::create_dir_all(&header).unwrap();
        fs::create_dir_all(folder.join("lib")).unwrap();
        for file in ["include/torch/csrc/api/include/torch/torch.h", "lib/libtorch.so", "lib/libtorch_cpu.so"] {
            fs::write(folder.join(file), "x").unwrap();
        }
        fs::write(folder.join("lib/libc10.so"), "").unwrap();
        assert!(check(&folder).unwrap_err().contains("libc10"), "an empty file is no library");
        fs::write(folder.join("lib/libc10.so"), "x").unwrap();
        assert!(check(&folder).unwrap_err().contains("build-version"));
        fs::write(folder.join("version.py"), "import x\n__version__ = '2.10.0+cu130'\n").unwrap();
        assert!(check(&folder).unwrap_err().contains("2.10.0"));
        fs::write(folder.join("build-version"), "2.11.0+cpu\n").unwrap();
        assert_eq!(version(&folder).as_deref(), Some("2.11.0+cpu"));
        assert_eq!(check(&folder), Ok(()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
