//! What a measurement holds is not applied again, matched by geometry, and carried by every file.

use coincide::data::{Correction, Ledger};
use coincide::image::{Image, ImageGrid};
use coincide::io::Provenance;
use coincide::io::hdf5::{read_image, read_measurement, write_image, write_measurement};
use coincide::phantom::Phantom;
use std::fs;
use std::path::Path;
use std::process::Command;

const SCANNER: &str = "scanner.custom = { name = \"small\", rings = 5, crystals_per_ring = 64, inner_radius_mm = 160.0, \
    ring_spacing_mm = 8.0, radial_bins = 31, bin_size_mm = 6.0 }\n";
const REST: &str =
    "[image]\nshape = [30, 30, 9]\nvoxel_mm = [5.0, 5.0, 4.0]\n[algorithm.osem]\nsubsets = 8\niterations = 3\n";

fn program(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_coincide")).args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    match output.status.success() {
        true => Ok(format!("{}{said}", String::from_utf8_lossy(&output.stdout))),
        false => Err(format!("{said} exit {:?}", output.status.code())),
    }
}

fn simulate(folder: &Path, name: &str, more: &str) {
    let text = format!(
        "[acquisition]\nphantom = \"uniform-cylinder\"\n{SCANNER}[acquisition.simulation]\nrandoms_fraction = 0.2\n{more}\n\
         counts.scan = {{ duration_s = 600, sensitivity_cps_per_kbq = 10.0, isotope = \"F-18\" }}\n\
         [output]\nmeasurement = \"{name}.h5\"\ndelayeds = \"{name}-delayeds.h5\"\n"
    );
    fs::write(folder.join("simulate.toml"), text).unwrap();
    program(folder, &["simulate", "simulate.toml", "--force"]).unwrap();
}

fn recon(folder: &Path, tables: &str) -> Result<String, String> {
    fs::write(folder.join("recon.toml"), format!("{tables}\n{REST}")).unwrap();
    let (check, run) = (program(folder, &["check", "recon.toml"]), program(folder, &["recon", "recon.toml"]));
    assert_eq!(check.is_ok(), run.is_ok(), "{tables}\n{check:?}\n{run:?}");
    run
}

/// [attenuation], [normalisation], [decay], [randoms], each on a scan that holds it.
#[test]
fn nothing_is_applied_twice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "whole", "");
    let given = [
        ("attenuation", "attenuation.phantom = \"uniform-cylinder\""),
        ("decay", "decay = { isotope = \"F-18\" }"),
        ("randoms", "randoms.delayeds = \"whole-delayeds.h5\""),
    ];
    for (name, table) in given {
        let told = recon(folder, &format!("measurement.file = \"whole.h5\"\n{table}")).unwrap_err();
        let expected = format!("the measurement has its {name} already");
        assert!(
            told.contains(&expected) && told.contains("exit Some(2)") && told.contains(&format!("remove [{name}]")),
            "{told}"
        );
        simulate(folder, "without", &format!("uncorrected = [\"{name}\"]"));
        let table = table.replace("whole", "without");
        recon(folder, &format!("measurement.file = \"without.h5\"\n{table}")).unwrap();
    }
    // A file that says something else than the config.
    let other = recon(folder, "measurement.file = { path = \"whole.h5\", contains = [] }").unwrap_err();
    assert!(
        other.contains("the file itself says that it holds attenuation normalisation dead-time decay randoms scatter"),
        "{other}"
    );
}

/// A file of others, which does not say what it holds.
#[test]
fn what_a_file_does_not_say_is_assumed_and_told_or_stated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "scan", "uncorrected = [\"attenuation\"]");
    let path = folder.join("scan.h5");
    let (mut scan, provenance) = read_measurement(&path).unwrap();
    scan.ledger = Ledger { contains: None, moment_s: None, ..scan.ledger };
    write_measurement(&path, true, &scan, &provenance).unwrap();
    let told = recon(folder, "measurement.file = \"scan.h5\"").unwrap();
    assert!(
        told.contains("its factors and background are taken for attenuation normalisation randoms scatter"),
        "{told}"
    );
    let table = "attenuation.phantom = \"uniform-cylinder\"";
    let refused = recon(folder, &format!("measurement.file = \"scan.h5\"\n{table}")).unwrap_err();
    assert!(refused.contains("are taken to hold attenuation already") && refused.contains("contains ="), "{refused}");
    let stated = "measurement.file = { path = \"scan.h5\", contains = [\"normalisation\", \"randoms\", \"scatter\"] }";
    recon(folder, &format!("{stated}\n{table}")).unwrap();
    let unknown = recon(folder, "measurement.file = { path = \"scan.h5\", contains = [\"attenuaton\"] }").unwrap_err();
    assert!(unknown.contains("did you mean `attenuation`?") && unknown.contains("recon.toml:1:52"), "{unknown}");
}

/// Decay that is in the factors of others refers to a moment, which the config states where the file does not.
#[test]
fn decay_of_others_refers_to_a_stated_moment() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "scan", "");
    let path = folder.join("scan.h5");
    let (mut scan, provenance) = read_measurement(&path).unwrap();
    scan.ledger = Ledger { contains: None, moment_s: None, ..scan.ledger };
    write_measurement(&path, true, &scan, &provenance).unwrap();
    let of = |more: &str| {
        let contains = "contains = [\"attenuation\", \"normalisation\", \"decay\", \"randoms\", \"scatter\"]";
        recon(folder, &format!("measurement.file = {{ path = \"scan.h5\", {contains}{more} }}"))
    };
    let unknown = of("").unwrap_err();
    assert!(unknown.contains("not known to which moment") && unknown.contains("decay_moment_s = 0"), "{unknown}");
    let told = of(", decay_moment_s = 90").unwrap();
    assert!(told.contains("activity 90 s before the start"), "{told}");
    let none =
        recon(folder, "measurement.file = { path = \"scan.h5\", contains = [], decay_moment_s = 0 }").unwrap_err();
    assert!(none.contains("does not hold its decay") && none.contains("remove this key"), "{none}");
    simulate(folder, "own", "");
    let other = recon(folder, "measurement.file = { path = \"own.h5\", decay_moment_s = 5 }").unwrap_err();
    assert!(other.contains("corrected to 0 s before the start"), "{other}");
}

/// What the header of prompts says of them is not applied again, and they are told to be no counts any more.
#[test]
fn corrected_prompts_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "scan", "");
    program(folder, &["convert", "scan.h5", "scan.hs"]).unwrap();
    let header = std::fs::read_to_string(folder.join("scan.hs")).unwrap();
    let corrected = header.replace("applied corrections := {None}", "applied corrections := {Attenuation}");
    assert_ne!(header, corrected);
    std::fs::write(folder.join("scan.hs"), corrected).unwrap();
    let map = "attenuation.phantom = \"uniform-cylinder\"";
    for measurement in ["measurement.file = \"scan.hs\"", "measurement.interfile = { prompts = \"scan.hs\" }"] {
        let told = recon(folder, measurement).unwrap();
        assert!(told.contains("counts themselves were corrected (attenuation)"), "{told}");
        let twice = recon(folder, &format!("{measurement}\n{map}")).unwrap_err();
        assert!(twice.contains("the measurement has its attenuation already"), "{twice}");
    }
    let unclear = "measurement.interfile = { prompts = \"scan.hs\", factors = \"scan.hs\" }";
    let unclear = recon(folder, unclear).unwrap_err();
    assert!(unclear.contains("say what factors and background hold"), "{unclear}");
}

#[test]
fn every_file_carries_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "scan", "uncorrected = [\"scatter\"]\ndose_levels = [0.5]");
    let (scan, _) = read_measurement(&folder.join("scan.h5")).unwrap();
    assert!(scan.ledger.holds(Correction::Decay) && !scan.ledger.holds(Correction::Scatter));
    assert_eq!((scan.ledger.moment_s, scan.clock.kept, scan.clock.duration_s), (Some(0.0), 0.5, Some(600.0)));
    let info = program(folder, &["info", "scan.h5"]).unwrap();
    for said in ["attenuation, normalisation, dead-time, decay, randoms", "F-18", "activity at the start of the scan"] {
        assert!(info.contains(said), "{said}: {info}");
    }
    program(folder, &["convert", "scan.h5", "COPY.H5"]).unwrap();
    assert_eq!(read_measurement(&folder.join("COPY.H5")).unwrap().0, scan);
    let lost = program(folder, &["convert", "scan.h5", "scan.hs"]).unwrap();
    for what in ["factors", "background", "what factors and background hold", "isotope and moments"] {
        assert!(lost.contains(what), "{what}: {lost}");
    }
    // Names end as they may, in large letters too; what a format cannot hold is said.
    let told =
        recon(folder, "measurement.file = \"COPY.H5\"\noutput = { image = \"IMAGE.H5\", nifti = \"image.NII\" }")
            .unwrap();
    assert!(told.contains("image.NII: this format does not hold provenance"), "{told}");
    assert!(folder.join("image.NII").is_file());
}

/// A map that lies elsewhere: wholly, partly, and put back by the config.
#[test]
fn maps_are_used_where_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "scan", "uncorrected = [\"attenuation\"]");
    let phantom = Phantom::load("uniform-cylinder").unwrap();
    let grid = ImageGrid::centred([60, 60, 20], [4.0, 4.0, 4.0]);
    let map = phantom.attenuation_image(&grid);
    for (name, shift) in [("mu", [0.0; 3]), ("beside", [60.0, 0.0, 0.0]), ("bed", [0.0, 0.0, -900.0])] {
        let origin_mm = std::array::from_fn(|axis| grid.origin_mm[axis] + shift[axis]);
        let moved = Image { grid: ImageGrid { origin_mm, ..grid }, ..map.clone() };
        write_image(&folder.join(format!("{name}.h5")), true, &moved, &Provenance::default()).unwrap();
    }
    let with = |file: &str| recon(folder, &format!("measurement.file = \"scan.h5\"\nattenuation.file = {file}"));
    let right = with("\"mu.h5\"").unwrap();
    assert!(!right.contains("warning"), "{right}");
    let beside = with("\"beside.h5\"").unwrap();
    assert!(beside.contains("the tissue of the attenuation map reaches over x -"), "{beside}");
    assert!(beside.contains("shift_mm"), "{beside}");
    let bed = with("\"bed.h5\"").unwrap_err();
    assert!(bed.contains("z -940 to -860 mm, outside of the field of view"), "{bed}");
    assert!(bed.contains("keep the z of the bed"), "{bed}");
    // Put back, or given as two halves, it makes the same image.
    let half = Image { values: map.values.iter().map(|mu| 0.5 * mu).collect(), ..map };
    write_image(&folder.join("half.h5"), true, &half, &Provenance::default()).unwrap();
    let image = |attenuation: &str| {
        let text =
            format!("output.image = \"out.h5\"\nmeasurement.file = \"scan.h5\"\nattenuation.{attenuation}\n{REST}");
        fs::write(folder.join("recon.toml"), text).unwrap();
        program(folder, &["recon", "recon.toml", "--force"]).unwrap();
        read_image(&folder.join("out.h5")).unwrap().0.values
    };
    let expected = image("file = \"mu.h5\"");
    // Root mean square over that of the image: voxels that are hardly seen tell roundings apart.
    let apart = |found: &[f32]| {
        let squares = found.iter().zip(&expected).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        (squares / expected.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>()).sqrt()
    };
    for back in [
        "file = { path = \"bed.h5\", centred = true }",
        "file = { path = \"bed.h5\", shift_mm = [0, 0, 900] }",
        "file = { path = \"beside.h5\", shift_mm = [-60, 0, 0] }",
        "files = [\"half.h5\", \"half.h5\"]",
    ] {
        assert!(apart(&image(back)) < 1e-4, "{back}: {}", apart(&image(back)));
    }
    assert!(apart(&image("file = \"beside.h5\"")) > 0.05 && apart(&image("file = \"half.h5\"")) > 0.05);
}
