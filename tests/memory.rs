//! Peak resident memory of a whole reconstruction from a file: at most 1.5 × (measurement + 4 images), on any number of threads.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const SIMULATE: &str = r#"
[acquisition]
phantom = "uniform-cylinder"
scanner.preset = "siemens-mmr"

[acquisition.sinogram]
view_mashing = 3
axial.span = { span = 11, max_ring_difference = 60 }

[acquisition.simulation]
counts.total-prompts = 1e7
randoms_fraction = 0.2

[output]
measurement = "scan.h5"
"#;

const SHAPE: [usize; 3] = [172, 172, 127];
/// y, m and b of 84 views, 344 radial bins and 837 planes.
const MEASUREMENT: usize = 3 * 84 * 344 * 837;

fn run(folder: &Path, arguments: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    let output = command.args(arguments.split_whitespace()).args(["--json", "--quiet"]).current_dir(folder).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_reconstruction_stays_within_its_memory() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("simulate.toml"), SIMULATE).unwrap();
    run(folder.path(), "simulate simulate.toml");
    for (subsets, threads) in [(4, 1), (21, 1), (21, 5)] {
        let [x, y, z] = SHAPE;
        let config = format!(
            "[measurement]\nfile = \"scan.h5\"\n[image]\nshape = {SHAPE:?}\nvoxel_mm = [3.1, 3.1, 2.03125]\n\
             [resolution]\nfwhm_mm = [4.5, 4.5, 4.5]\n[algorithm.osem]\nsubsets = {subsets}\niterations = 1\n"
        );
        fs::write(folder.path().join("recon.toml"), config).unwrap();
        let most = 1.5 * 4.0 * (MEASUREMENT + 4 * x * y * z) as f64 / 1e6;
        let result = run(folder.path(), &format!("recon recon.toml --threads {threads}"));
        let peak = result["peak_memory_mb"].as_f64().unwrap();
        println!("{subsets} subsets, {threads} threads: {peak:.0} MB of {most:.0}");
        assert!(peak < most, "{subsets} subsets, {threads} threads: {peak} MB, at most {most}");
    }
}
