//! Peak resident memory of a whole reconstruction: at most 1.5 × (measurement + 4 images), on any number of threads,
//! and what `coincide check` said before.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const ACQUISITION: &str = r#"
phantom = "uniform-cylinder"
scanner.preset = "siemens-mmr"
sinogram = { view_mashing = 3, axial.span = { span = 11, max_ring_difference = 60 } }
simulation = { counts.total-prompts = 1e7, randoms_fraction = 0.2 }
"#;

const WITH_TOF: &str = r#"
phantom = "uniform-cylinder"
scanner.preset = "siemens-mct"
sinogram = { view_mashing = 6, tof_mashing = 1, axial.span = { span = 11, max_ring_difference = 49 } }
simulation = { counts.total-prompts = 2e7, randoms_fraction = 0.3, scatter_fraction = 0.2 }
"#;

const SHAPE: [usize; 3] = [172, 172, 127];
/// With the reach of a resolution model of 4.5 mm around it.
const WIDER: [usize; 3] = [176, 176, 133];
/// y, m and b of 84 views, 344 radial bins and 837 planes.
const MEASUREMENT: usize = 3 * 84 * 344 * 837;

fn run(folder: &Path, arguments: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    let output = command.args(arguments.split_whitespace()).args(["--json", "--quiet"]).current_dir(folder).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rest of a config.
fn reconstruction(subsets: usize) -> String {
    format!(
        "[image]\nshape = {SHAPE:?}\nvoxel_mm = [3.1, 3.1, 2.03125]\n[resolution]\nfwhm_mm = [4.5, 4.5, 4.5]\n\
         [algorithm.osem]\nsubsets = {subsets}\niterations = 1\n"
    )
}

/// Runs a config; returns its peak in MB, which must be what was predicted.
fn peak(folder: &Path, config: &str, threads: usize, what: &str) -> f64 {
    fs::write(folder.join("recon.toml"), config).unwrap();
    let megabytes = |result: Value| result["peak_memory_mb"].as_f64().unwrap();
    let predicted = megabytes(run(folder, "check recon.toml"));
    let peak = megabytes(run(folder, &format!("recon recon.toml --threads {threads}")));
    println!("{what}, {threads} threads: {peak:.0} MB, predicted {predicted:.0}");
    assert!((predicted / peak - 1.0).abs() < 0.1, "{what}: {peak} MB, predicted {predicted}");
    peak
}

#[test]
fn a_reconstruction_stays_within_its_memory() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let simulate = format!("[acquisition]{ACQUISITION}[output]\nmeasurement = \"scan.h5\"\n");
    fs::write(folder.join("simulate.toml"), simulate).unwrap();
    run(folder, "simulate simulate.toml");
    let [x, y, z] = WIDER;
    let most = 1.5 * 4.0 * (MEASUREMENT + 4 * x * y * z) as f64 / 1e6;
    // Algorithms that keep images or sinograms of their own; the prediction would be wrong by a third without them.
    for algorithm in ["svrg", "spdhg"] {
        let config = reconstruction(21).replace("algorithm.osem", &format!("algorithm.{algorithm}"));
        let prior = if algorithm == "svrg" { "" } else { "[prior.total-variation]\nbeta = 1\n" };
        peak(folder, &format!("[measurement]\nfile = \"scan.h5\"\n{prior}{config}"), 2, algorithm);
    }
    for (subsets, threads) in [(4, 1), (21, 1), (21, 5)] {
        let config = format!("[measurement]\nfile = \"scan.h5\"\n{}", reconstruction(subsets));
        let peak = peak(folder, &config, threads, &format!("{subsets} subsets"));
        // The program itself, some MB of it touched, is in the peak too.
        assert!(peak < 1.01 * most, "{subsets} subsets, {threads} threads: {peak} MB, at most {most}");
    }
}

#[test]
fn with_time_of_flight_counts_take_a_byte_and_the_background_little() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("simulate.toml"), format!("[acquisition]{WITH_TOF}[output]\nmeasurement = \"scan.h5\"\n"))
        .unwrap();
    let shape = run(folder, "simulate simulate.toml")["files"][0]["shape"].clone();
    let bins: u64 = shape.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product();
    let config = format!("[measurement]\nfile = \"scan.h5\"\n{}", reconstruction(14));
    let peak_mb = peak(folder, &config, 2, "TOF, from a file");
    println!("{:.2} bytes for each of {bins} bins", 1e6 * peak_mb / bins as f64);
    // A field of view that reaches beyond the TOF bins, with widths by radius.
    let wide = config.replace("3.1, 3.1", "4.0, 4.0").replace(
        "[algorithm",
        "by_radius = [{ radius_mm = 100, fwhm_mm = [5, 4.5, 5] }, { radius_mm = 250, fwhm_mm = [9, 6, 7] }]\n[algorithm",
    );
    peak(folder, &wide, 2, "TOF, widths by radius");
    let verified = run(folder, "verify recon.toml");
    println!("{verified:#}");
    assert_eq!(verified["passed"], true);
    assert!(verified["tof_sum"].as_f64().unwrap() < 1e-6 && verified["assembled_adjoint"].as_f64().unwrap() < 1e-6);
    assert!(
        verified["memory"]["found_mb"].as_f64().unwrap() < 1.1 * verified["memory"]["predicted_mb"].as_f64().unwrap()
    );
    let simulated = format!("[measurement.simulated]{WITH_TOF}{}", reconstruction(14));
    peak(folder, &simulated, 2, "TOF, simulated");
}
