//! What is made of an image holds with time of flight: network, sentinel, confidence and report, through the program.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

fn config(tof_mashing: usize) -> String {
    format!(
        r#"
[measurement.simulated]
phantom = "torso"
scanner.preset = "siemens-mct"
sinogram = {{ view_mashing = 12, tof_mashing = {tof_mashing}, axial.span = {{ span = 11, max_ring_difference = 5 }} }}
simulation = {{ counts.total-prompts = 2e6, randoms_fraction = 0.2, scatter_fraction = 0.2, resolution_fwhm_mm = 5.0 }}

[image]
shape = [56, 56, 55]
voxel_mm = [8.0, 8.0, 4.054]

[resolution]
fwhm_mm = [5.0, 5.0, 5.0]

[reference]
phantom = "torso"

[algorithm.osem]
subsets = 2
iterations = 2

[prior.unrolled]
model = "unrolled-3d"

[sentinel]

[confidence]
replicates = 2

[output]
image = "image-{tof_mashing}.h5"
report = "report-{tof_mashing}.html"
"#
    )
}

fn recon(folder: &Path, tof_mashing: usize) -> Value {
    fs::write(folder.join("recon.toml"), config(tof_mashing)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    let output = command.args(["recon", "recon.toml", "--json", "--quiet"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_image_is_judged_with_time_of_flight_as_without() {
    let folder = tempfile::tempdir().unwrap();
    let [with, without] = [1, 0].map(|tof_mashing| recon(folder.path(), tof_mashing));
    let nrmse = |result: &Value| result["metrics"]["nrmse"].as_f64().unwrap();
    println!("NRMSE {:.4} with time of flight, {:.4} without", nrmse(&with), nrmse(&without));
    assert!(nrmse(&with) < nrmse(&without), "timing tells more of the same number of counts");
    for (result, tof_mashing) in [(&with, 1), (&without, 0)] {
        let sentinel = &result["sentinel"];
        let z = [sentinel["smallest"].as_f64().unwrap(), sentinel["largest"].as_f64().unwrap()];
        println!("sentinel: z from {:.2} to {:.2}", z[0], z[1]);
        // Standard scores of some thousand places, with what a network leaves on such coarse voxels.
        assert!((-15.0..-1.0).contains(&z[0]) && (1.0..15.0).contains(&z[1]), "{z:?}");
        assert!(result["confidence"]["intervals"].as_array().is_some_and(|tissues| tissues.len() == 3), "{result}");
        let page = fs::read_to_string(folder.path().join(format!("report-{tof_mashing}.html"))).unwrap();
        assert!(page.contains("sentinel") && page.len() > 100_000, "{}", page.len());
    }
}
