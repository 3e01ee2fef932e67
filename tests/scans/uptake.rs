//! SUV is 1 where the injected activity has spread evenly, whichever way its decay is told.

use coincide::data::{Clock, Moment};
use coincide::io::hdf5::{read_measurement, write_measurement};
use std::fs;
use std::path::Path;
use std::process::Command;

const PHANTOM: &str = "name = \"even\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\n\
    solid.cylinder = { radii_mm = [60.0, 60.0], length_mm = 200.0 }\nactivity_bq_per_ml = 5000.0\n\
    attenuation_per_cm = 0.096\nregion = \"all\"\n[[regions]]\nname = \"middle\"\n\
    solid.cylinder = { radii_mm = [25.0, 25.0], length_mm = 20.0 }\n";

const SCANNER: &str = "scanner.custom = { name = \"small\", rings = 5, crystals_per_ring = 64, inner_radius_mm = 160.0, \
    ring_spacing_mm = 8.0, radial_bins = 31, bin_size_mm = 6.0 }\n";

fn program(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    let output = command.args(arguments).args(["--quiet", "--force"]).current_dir(folder).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// A scan that begins some minutes after the injection, whose model does not know of the decay.
fn simulate(folder: &Path, isotope: &str, uptake_min: f64) {
    let start_s = 60.0 * uptake_min;
    let text = format!(
        "[acquisition]\nphantom = \"even.toml\"\n{SCANNER}[acquisition.simulation]\nnoise = false\nuncorrected = [\"decay\"]\n\
         counts.scan = {{ duration_s = 900, sensitivity_cps_per_kbq = 10.0, isotope = \"{isotope}\", start_s = {start_s} }}\n\
         [output]\nmeasurement = \"scan.h5\"\n"
    );
    fs::write(folder.join("simulate.toml"), text).unwrap();
    program(folder, &["simulate", "simulate.toml"]).unwrap();
    let (scan, provenance) = read_measurement(&folder.join("scan.h5")).unwrap();
    let start: Moment = "2026-03-31T10:00:00".parse().unwrap();
    let mut dated = scan.clone();
    dated.clock.start = Some(start);
    write_measurement(&folder.join("dated.h5"), true, &dated, &provenance).unwrap();
    let mut unnamed = dated;
    unnamed.clock.isotope = None;
    write_measurement(&folder.join("unnamed.h5"), true, &unnamed, &provenance).unwrap();
    let mut knows = scan;
    knows.clock = Clock { uptake_s: Some(start_s), ..knows.clock };
    write_measurement(&folder.join("knows.h5"), true, &knows, &provenance).unwrap();
}

/// SUV of the middle, and its recovery of the truth, which is the activity at the injection.
fn suv(folder: &Path, file: &str, decay: &str, suv: &str) -> Result<[f64; 2], String> {
    let text = format!(
        "measurement.file = \"{file}.h5\"\n{decay}\nsuv = {{ weight_kg = 70, injected_mbq = 350{suv} }}\n\
         reference.phantom = \"even.toml\"\n[image]\nshape = [30, 30, 9]\nvoxel_mm = [5.0, 5.0, 4.0]\n\
         [algorithm.osem]\nsubsets = 8\niterations = 4\n"
    );
    fs::write(folder.join("recon.toml"), text).unwrap();
    let told = program(folder, &["recon", "recon.toml", "--json"])?;
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    Ok(["middle.suv_mean", "middle.recovery"].map(|figure| json["metrics"][figure].as_f64().unwrap()))
}

#[test]
fn suv_is_one_whichever_way_decay_and_injection_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("even.toml"), PHANTOM).unwrap();
    for (isotope, uptake_min, injected_at) in [("F-18", 60.0, "09:00:00"), ("C-11", 20.0, "09:40:00")] {
        simulate(folder, isotope, uptake_min);
        let decays = [
            String::new(),
            format!("decay = {{ isotope = \"{isotope}\" }}"),
            format!("decay = {{ isotope = \"{isotope}\", start_s = {} }}", 60.0 * uptake_min),
        ];
        let uptake = format!(", uptake_min = {uptake_min}");
        let injected = format!(", injected_at = \"2026-03-31T{injected_at}\"");
        let named = format!(", isotope = \"{isotope}\"");
        let ways = [
            ("scan", uptake.clone()),
            ("dated", injected.clone()),
            ("dated", format!("{injected}{uptake}")),
            ("unnamed", format!("{uptake}{named}")),
            ("unnamed", format!("{injected}{named}")),
            ("knows", String::new()),
        ];
        // What the reconstruction itself misses of the middle, which no clock can mend.
        let [_, recovery] = suv(folder, "scan", &decays[2], &uptake).unwrap();
        for decay in &decays {
            for (file, way) in &ways {
                let [found, _] = suv(folder, file, decay, way).unwrap_or_else(|error| panic!("{decay} {way}: {error}"));
                let found = found / recovery;
                println!("{isotope} | {file} | {decay} | suv{way} | {found:.4}");
                assert!((found - 1.0).abs() < 1e-4, "{isotope} {file} `{decay}` `{way}`: {found}");
            }
        }
        let unknown = suv(folder, "unnamed", "", &uptake).unwrap_err();
        assert!(unknown.contains("it is not known what decays"), "{unknown}");
        let other = suv(folder, "scan", "", &format!("{uptake}, isotope = \"Rb-82\"")).unwrap_err();
        assert!(other.contains(&format!("its isotope is {isotope}, not Rb-82")), "{other}");
        let early = suv(folder, "dated", "", ", injected_at = \"2026-03-31T11:00:00\"").unwrap_err();
        assert!(early.contains("before the injection"), "{early}");
        let two = suv(folder, "dated", "", &format!("{injected}, uptake_min = 5")).unwrap_err();
        assert!(two.contains("correct the one or the other"), "{two}");
    }
}
